"""When reminders fall due, how long they help, and what the ledger says of those that were never made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.reminders import DEFAULT_REMINDERS, USEFUL_AFTER_END, due_at, place_rules, unplanned_state
from webinars.terms import Anchor, MessageState, ReminderState, SkipReason

START = datetime(2026, 3, 8, 18, tzinfo=UTC)
END = START + timedelta(hours=1)
DAY, HOUR, MINUTES = UUID(int=1), UUID(int=2), UUID(int=3)
USUAL = [(DAY, Anchor.start, -1440), (HOUR, Anchor.start, -60), (MINUTES, Anchor.start, -10)]


def test_each_helps_until_the_next_takes_its_place_or_the_start_comes() -> None:
    times = [(time.rule_id, time.due_at - START, time.expires_at - START) for time in place_rules(USUAL, START, END)]
    assert times == [
        (DAY, timedelta(hours=-24), timedelta(hours=-1)),
        (HOUR, timedelta(hours=-1), timedelta(minutes=-10)),
        (MINUTES, timedelta(minutes=-10), timedelta()),
    ]


def test_the_usual_three_are_what_new_webinars_get() -> None:
    assert [minutes for _, minutes in DEFAULT_REMINDERS] == [offset for _, _, offset in USUAL]


def test_a_day_before_is_24_hours_even_when_the_clocks_change() -> None:
    """RFC 5545 section 3.3.6: hours and minutes are exact. That night in Denver has 23 hours."""
    assert due_at(Anchor.start, -1440, START, END) == datetime(2026, 3, 7, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "offset", "from_start"),
    [
        (Anchor.start, 0, 0),
        (Anchor.start, 15, 15),
        (Anchor.end, 0, 60),
        (Anchor.end, -10, 50),
        (Anchor.end, 1440, 1500),
    ],
)
def test_offsets_count_from_their_anchor(anchor: Anchor, offset: int, from_start: int) -> None:
    assert due_at(anchor, offset, START, END) - START == timedelta(minutes=from_start)


def test_what_falls_after_the_start_helps_for_two_days() -> None:
    (time,) = place_rules([(DAY, Anchor.end, 60)], START, END)
    assert time.expires_at - time.due_at == USEFUL_AFTER_END


def test_two_rules_of_the_same_minute_both_help() -> None:
    times = place_rules([(DAY, Anchor.start, -60), (HOUR, Anchor.start, -60)], START, END)
    assert all(time.expires_at > time.due_at for time in times)


@given(
    st.lists(
        st.tuples(st.uuids(), st.sampled_from(Anchor), st.integers(-20_000, 20_000)),
        max_size=8,
        unique_by=lambda rule: rule[0],
    )
)
def test_every_rule_has_one_place_in_order_and_some_time_to_help(rules: list[tuple[UUID, Anchor, int]]) -> None:
    times = place_rules(rules, START, END)
    assert sorted(time.rule_id for time in times) == sorted(rule[0] for rule in rules)
    assert [time.due_at for time in times] == sorted(time.due_at for time in times)
    for time in times:
        assert time.due_at < time.expires_at
        if time.due_at < START:
            assert time.expires_at <= START


@pytest.mark.parametrize(
    ("reminder", "confirmed_after", "said"),
    [
        (ReminderState.planned, -1, (MessageState.planned, None)),
        (ReminderState.running, -1, (MessageState.planned, None)),
        (ReminderState.done, -1, (MessageState.missed, SkipReason.expired)),
        (ReminderState.missed, -1, (MessageState.missed, SkipReason.expired)),
        (ReminderState.superseded, -1, (MessageState.skipped, SkipReason.superseded)),
        *[(state, 1, (MessageState.skipped, SkipReason.late)) for state in ReminderState],
        (ReminderState.planned, 0, (MessageState.planned, None)),
    ],
)
def test_what_the_ledger_says_where_no_message_was_made(
    reminder: ReminderState, confirmed_after: int, said: tuple[MessageState, SkipReason | None]
) -> None:
    assert unplanned_state(reminder, START, START + timedelta(minutes=confirmed_after)) == said
