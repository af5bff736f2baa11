"""Of what somebody who waits for a topic is told, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from webinars.rules.quiet_hours import morning_after
from webinars.rules.subscriptions import ALERTS_REST, MOST_SESSIONS, Interest, News, news_for, topics_heard

KNEE, ACL, HIP = (UUID(int=number) for number in (1, 2, 3))
T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def news(number: int, *, opened: datetime = T0 + HOUR, starts: datetime = T0 + 10 * DAY) -> News:
    return News(UUID(int=100 + number), opened, starts)


def ids(found: list[News]) -> list[int]:
    return [item.session_id.int - 100 for item in found]


def test_an_area_and_its_conditions_are_about_each_other() -> None:
    heard = topics_heard([(KNEE, None), (ACL, KNEE), (HIP, None)])
    assert heard == {KNEE: {KNEE, ACL}, ACL: {ACL, KNEE}, HIP: {HIP}}


def test_what_opened_after_they_last_heard_is_news_the_next_session_first() -> None:
    by_topic = {KNEE: [news(1, starts=T0 + 12 * DAY), news(2), news(3, opened=T0)], HIP: [news(4)]}
    assert ids(news_for([Interest(KNEE, T0)], by_topic, set(), T0)) == [2, 1]
    assert ids(news_for([Interest(KNEE, T0 + HOUR)], by_topic, set(), T0)) == []
    assert ids(news_for([Interest(KNEE, T0 - DAY)], by_topic, set(), T0)) == [2, 3, 1]


def test_a_session_about_two_of_their_topics_is_told_once() -> None:
    both = news(1)
    assert ids(news_for([Interest(KNEE, T0), Interest(HIP, T0)], {KNEE: [both], HIP: [both]}, set(), T0)) == [1]


def test_what_they_registered_for_or_what_has_begun_by_then_is_no_news() -> None:
    by_topic = {KNEE: [news(1), news(2, starts=T0 + DAY), news(3)]}
    assert ids(news_for([Interest(KNEE, T0)], by_topic, {UUID(int=101)}, T0 + DAY)) == [3]


def test_a_mail_has_an_end() -> None:
    by_topic = {KNEE: [news(number) for number in range(50)]}
    assert len(news_for([Interest(KNEE, T0)], by_topic, set(), T0)) == MOST_SESSIONS


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-03-02T15:59:59Z", "2026-03-02T16:00:00Z"),  # 8:59 in Denver
        ("2026-03-02T16:00:00Z", "2026-03-02T16:00:00Z"),
        ("2026-03-03T01:59:59Z", "2026-03-03T01:59:59Z"),  # 18:59
        ("2026-03-03T02:00:00Z", "2026-03-03T16:00:00Z"),  # 19:00
        ("2026-03-08T02:30:00Z", "2026-03-08T15:00:00Z"),  # the night the clocks go forward: 9:00 is 15:00 UTC
        ("2026-11-01T02:30:00Z", "2026-11-01T16:00:00Z"),  # and back
    ],
)
def test_alerts_come_in_daytime_where_the_person_is(moment: str, due: str) -> None:
    found = morning_after(datetime.fromisoformat(moment), "America/Denver", ALERTS_REST)
    assert found == datetime.fromisoformat(due)
