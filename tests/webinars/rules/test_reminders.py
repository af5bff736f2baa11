"""When reminders fall due, how long they help, who gets them, and what the ledger says of those never made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.errors import InvalidField
from webinars.rules.reminders import (
    DEFAULT_REMINDERS,
    USEFUL_AFTER_END,
    Circumstances,
    Occasion,
    RuleFacts,
    Verdict,
    check_offset,
    decide,
    due_at,
    first_look_at,
    next_look_at,
    place_rules,
    ripe_zones,
    rule_words,
    share_a_day,
    unplanned_state,
)
from webinars.rules.sessions import start_of
from webinars.terms import (
    Anchor,
    Audience,
    Channel,
    MessageState,
    QuietHours,
    ReminderState,
    SkipReason,
    WallTime,
)

START = datetime(2026, 3, 8, 18, tzinfo=UTC)
END = START + timedelta(hours=1)
DENVER = "America/Denver"
NIGHT = QuietHours(time(21), time(8))
DAY, HOUR, MINUTES, ABSENT = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
TWENTY_ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Chicago",
    "America/Denver",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Phoenix",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Easter",
)
UNCHANGING = {"America/Phoenix", "Asia/Kathmandu"}
"""Of them, those whose clocks stay as they are."""


def rule(
    rule_id: UUID, minutes: int, *, days: int = 0, anchor: Anchor = Anchor.start, audience: Audience = Audience.everyone
) -> RuleFacts:
    return RuleFacts(rule_id, anchor, days, minutes, audience)


USUAL = [
    rule(DAY, -1440),
    rule(HOUR, -60),
    rule(MINUTES, -10),
    rule(ABSENT, 5, audience=Audience.absent),
]


def placed(rules: list[RuleFacts]) -> list[tuple[UUID, timedelta, timedelta]]:
    return [
        (placed.rule_id, placed.due_at - START, placed.expires_at - START)
        for placed in place_rules(rules, START, END, DENVER)
    ]


def test_each_helps_until_the_next_takes_its_place_or_the_start_comes() -> None:
    assert placed(USUAL) == [
        (DAY, timedelta(hours=-24), timedelta(hours=-1)),
        (HOUR, timedelta(hours=-1), timedelta(minutes=-10)),
        (MINUTES, timedelta(minutes=-10), timedelta()),
        (ABSENT, timedelta(minutes=5), timedelta(minutes=30)),
    ]


def test_the_usual_ones_are_what_new_webinars_get() -> None:
    assert [(minutes, audience) for _, minutes, audience in DEFAULT_REMINDERS] == [
        (usual.offset_minutes, usual.audience) for usual in USUAL
    ]
    for name, minutes, audience in DEFAULT_REMINDERS:
        assert rule_words(Anchor.start, 0, minutes, audience) == name


def test_a_text_does_not_take_the_place_of_a_mail() -> None:
    text = replace(rule(HOUR, -30), channel=Channel.sms)
    assert placed([rule(DAY, -60), text])[0][2] == timedelta()


def test_24_hours_are_exact_and_a_day_is_not_when_the_clocks_change() -> None:
    """RFC 5545 section 3.3.6: the night before this start in Denver has 23 hours."""
    assert due_at(rule(DAY, -1440), START, END, DENVER) == datetime(2026, 3, 7, 18, tzinfo=UTC)
    assert due_at(rule(DAY, 0, days=-1), START, END, DENVER) == datetime(2026, 3, 7, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        # 02:30 is no time on the 8th: the clock before the change says 02:30 MST, which is 03:30 MDT.
        ("2026-03-09T02:30", -1, "2026-03-08T03:30-06:00"),
        # 01:30 is twice on the first of November: the first one.
        ("2026-11-02T01:30", -1, "2026-11-01T01:30-06:00"),
        ("2026-11-02T01:30", -2, "2026-10-31T01:30-06:00"),
    ],
)
def test_a_wall_time_that_is_not_there_or_twice(start: str, days: int, expected: str) -> None:
    starts_at = start_of(WallTime(datetime.fromisoformat(start), DENVER))
    due = due_at(rule(DAY, 0, days=days), starts_at, starts_at + timedelta(hours=1), DENVER)
    assert due == datetime.fromisoformat(expected)


@pytest.mark.parametrize("zone", TWENTY_ZONES)
def test_around_every_change_of_the_clocks_minutes_are_exact_and_days_keep_the_wall_time(zone: str) -> None:
    """Counted against the zone's own calendar, for starts at noon on each day of a year."""
    there = ZoneInfo(zone)
    changes = turned = 0
    for day in range(365):
        noon = datetime(2026, 1, 8, 12) + timedelta(days=day)  # noqa: DTZ001 - wall time
        starts_at = start_of(WallTime(noon, zone))
        ends_at = starts_at + timedelta(hours=1)
        exact = due_at(rule(DAY, -1440), starts_at, ends_at, zone)
        nominal = due_at(rule(DAY, 0, days=-1), starts_at, ends_at, zone)
        both = due_at(rule(DAY, -90, days=-7), starts_at, ends_at, zone)
        assert starts_at - exact == timedelta(hours=24)
        assert nominal.astimezone(there).replace(tzinfo=None) == noon - timedelta(days=1)
        assert (both + timedelta(minutes=90)).astimezone(there).replace(tzinfo=None) == noon - timedelta(days=7)
        changes += exact != nominal
        turned += noon.replace(tzinfo=there).utcoffset() != (noon - timedelta(days=1)).replace(tzinfo=there).utcoffset()
    assert changes == turned
    assert (changes == 0) is (zone in UNCHANGING)


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
    due = due_at(rule(DAY, offset, anchor=anchor), START, END, DENVER)
    assert due - START == timedelta(minutes=from_start)


def test_what_falls_within_the_session_helps_until_its_end_and_what_comes_after_for_two_days() -> None:
    during, after = placed([rule(DAY, 15), rule(HOUR, 60, anchor=Anchor.end)])
    assert during[2] == timedelta(hours=1)
    assert after[2] - after[1] == USEFUL_AFTER_END


def test_two_rules_of_the_same_minute_both_help() -> None:
    assert all(expires > due for _, due, expires in placed([rule(DAY, -60), rule(HOUR, -60)]))


@given(st.lists(st.integers(-20000, 20000), min_size=1, max_size=8))
def test_none_is_useless_before_it_is_due_and_none_helps_after_the_start(offsets: list[int]) -> None:
    rules = [rule(UUID(int=number), offset) for number, offset in enumerate(offsets)]
    for placed_rule in place_rules(rules, START, END, DENVER):
        assert placed_rule.expires_at > placed_rule.due_at
        assert placed_rule.due_at >= START or placed_rule.expires_at <= START


@pytest.mark.parametrize(
    ("anchor", "days", "minutes", "audience", "is_possible"),
    [
        (Anchor.start, -60, 0, Audience.everyone, True),
        (Anchor.start, -60, -1, Audience.everyone, False),
        (Anchor.end, 30, 0, Audience.everyone, True),
        (Anchor.end, 30, 1, Audience.everyone, False),
        (Anchor.start, -100, 100 * 1440, Audience.everyone, False),
        (Anchor.start, 10**9, 0, Audience.everyone, False),
        (Anchor.start, 0, 5, Audience.absent, True),
        (Anchor.start, 0, 0, Audience.absent, False),
        (Anchor.start, 0, -5, Audience.absent, False),
        (Anchor.start, 0, 121, Audience.absent, False),
        (Anchor.end, 0, 5, Audience.absent, False),
    ],
)
def test_where_a_reminder_may_lie(
    anchor: Anchor, days: int, minutes: int, audience: Audience, is_possible: bool
) -> None:
    if is_possible:
        check_offset(anchor, days, minutes, audience)
    else:
        with pytest.raises(InvalidField):
            check_offset(anchor, days, minutes, audience)


@pytest.mark.parametrize(
    ("anchor", "days", "minutes", "words"),
    [
        (Anchor.start, 0, -90, "1 h 30 min before"),
        (Anchor.start, -7, 0, "7 d before"),
        (Anchor.start, -1, -30, "1 d 30 min before"),
        (Anchor.start, -1, 120, "1 d minus 2 h before"),
        (Anchor.start, 0, 0, "at the start"),
        (Anchor.end, 0, 0, "at the end"),
        (Anchor.end, 1, 0, "1 d after the end"),
        (Anchor.end, 0, -10, "10 min before the end"),
    ],
)
def test_what_a_rule_without_a_name_is_called(anchor: Anchor, days: int, minutes: int, words: str) -> None:
    assert rule_words(anchor, days, minutes, Audience.everyone) == words


# --- Who gets it

EVENING = datetime(2026, 3, 7, 4, tzinfo=UTC)  # 21:00 in Denver on the 6th
DUE = datetime(2026, 3, 7, 10, tzinfo=UTC)  # 03:00
MORNING = datetime(2026, 3, 7, 15, tzinfo=UTC)  # 08:00
OCCASION = Occasion(
    due_at=DUE,
    expires_at=DUE + timedelta(hours=23),
    channel=Channel.email,
    is_deferrable=True,
    is_last=False,
    quiet=NIGHT,
    most_in_a_week=10,
)
WHO = Circumstances(timezone=DENVER, confirmed_at=EVENING - timedelta(days=1))


def test_in_the_night_it_moves_to_the_evening_before() -> None:
    assert decide(OCCASION, WHO, EVENING) == Verdict(EVENING)


def test_without_quiet_hours_or_close_to_the_start_it_stays() -> None:
    """The control: this is when it would come otherwise."""
    assert decide(replace(OCCASION, quiet=None), WHO, EVENING) == Verdict(DUE)
    assert decide(replace(OCCASION, is_deferrable=False), WHO, EVENING) == Verdict(DUE)


def test_the_first_minute_of_the_night_is_not_too_late() -> None:
    assert decide(replace(OCCASION, due_at=EVENING), WHO, EVENING) == Verdict(EVENING)


def test_where_it_is_day_it_stays() -> None:
    assert decide(OCCASION, replace(WHO, timezone="Europe/Berlin"), EVENING) == Verdict(DUE)


def test_who_came_in_the_night_gets_it_in_the_morning() -> None:
    late = replace(WHO, confirmed_at=EVENING + timedelta(minutes=1))
    assert decide(OCCASION, late, DUE) == Verdict(MORNING)


def test_nobody_is_woken_because_the_scheduler_was_away_in_the_evening() -> None:
    assert decide(OCCASION, WHO, EVENING + timedelta(hours=1)) == Verdict(MORNING)
    early = replace(OCCASION, due_at=EVENING - timedelta(hours=1))  # due by day, looked at by night
    assert decide(early, WHO, EVENING + timedelta(hours=1)) == Verdict(MORNING)


def test_what_is_merely_late_by_day_goes_at_once() -> None:
    assert decide(OCCASION, WHO, MORNING + timedelta(hours=1)) == Verdict(DUE)


def test_a_morning_that_comes_too_late_is_said() -> None:
    late = replace(WHO, confirmed_at=DUE)
    short = replace(OCCASION, expires_at=MORNING)
    assert decide(short, late, DUE).reason is SkipReason.quiet
    assert decide(replace(short, expires_at=MORNING + timedelta(seconds=1)), late, DUE) == Verdict(MORNING)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"has_refused": True}, SkipReason.consent),
        ({"is_suppressed": True}, SkipReason.suppressed),
        ({"has_joined": True}, SkipReason.joined),
        ({"was_told": True}, SkipReason.late),
        ({"is_spoken_for": True}, SkipReason.merged),
        ({"mails_in_a_week": 10}, SkipReason.capped),
        ({"mails_in_a_week": 9}, None),
    ],
)
def test_why_somebody_gets_none(changes: dict[str, bool], reason: SkipReason | None) -> None:
    assert decide(OCCASION, replace(WHO, **changes), EVENING).reason is reason  # type: ignore[arg-type]


def test_the_last_one_before_a_start_is_never_one_too_many() -> None:
    many = replace(WHO, mails_in_a_week=100)
    assert decide(replace(OCCASION, is_last=True), many, EVENING).reason is None
    assert decide(replace(OCCASION, most_in_a_week=0), many, EVENING).reason is None


def test_texts_go_to_whoever_agreed_and_to_nobody_else() -> None:
    text = replace(OCCASION, channel=Channel.sms)
    assert decide(text, WHO, EVENING).reason is SkipReason.consent
    assert decide(text, replace(WHO, has_agreed=True, is_suppressed=True), EVENING).reason is None


@given(
    due=st.integers(0, 365 * 24 * 4).map(lambda quarters: EVENING + timedelta(minutes=15 * quarters)),
    came=st.integers(0, 48),
    looked=st.integers(0, 24),
    zone=st.sampled_from(TWENTY_ZONES),
)
def test_never_past_the_end_of_its_use_and_earlier_only_for_who_was_there(
    due: datetime, came: int, looked: int, zone: str
) -> None:
    occasion = replace(OCCASION, due_at=due, expires_at=due + timedelta(hours=12))
    who = replace(WHO, timezone=zone, confirmed_at=due - timedelta(hours=came))
    verdict = decide(occasion, who, due - timedelta(hours=12) + timedelta(hours=looked))
    if verdict.reason is None:
        assert verdict.send_at < occasion.expires_at
        assert verdict.send_at >= due or who.confirmed_at <= verdict.send_at


def test_the_planner_looks_when_each_night_begins_and_then_at_the_moment_itself() -> None:
    zones = ["America/New_York", DENVER, "Europe/Berlin"]  # 05:00, 03:00, 11:00
    starts_at = DUE + timedelta(days=1)
    looks = [first_look_at(DUE, starts_at, NIGHT, DUE - timedelta(days=5))]
    ripe = []
    while looks[-1] < DUE:
        ripe.append(ripe_zones(zones, DUE, NIGHT, looks[-1], looks[-1]))
        looks.append(next_look_at(zones, DUE, NIGHT, looks[-1]))
    assert looks == [DUE - timedelta(hours=13), EVENING - timedelta(hours=2), EVENING, DUE]
    assert ripe == [[], ["America/New_York"], [DENVER]]


def test_a_reminder_that_is_close_to_the_start_is_looked_at_once() -> None:
    assert first_look_at(DUE, DUE + timedelta(hours=11), NIGHT, EVENING) == DUE
    assert first_look_at(DUE, DUE + timedelta(days=1), None, EVENING) == DUE


def test_a_day_is_what_the_calendar_there_says() -> None:
    assert share_a_day(EVENING, EVENING + timedelta(hours=2), DENVER)
    assert not share_a_day(EVENING, EVENING + timedelta(hours=3), DENVER)


@pytest.mark.parametrize(
    ("state", "confirmed_after", "said"),
    [
        (ReminderState.planned, False, (MessageState.planned, None)),
        (ReminderState.running, False, (MessageState.planned, None)),
        (ReminderState.done, True, (MessageState.skipped, SkipReason.late)),
        (ReminderState.planned, True, (MessageState.skipped, SkipReason.late)),
        (ReminderState.superseded, False, (MessageState.skipped, SkipReason.superseded)),
        (ReminderState.done, False, (MessageState.missed, SkipReason.expired)),
        (ReminderState.missed, False, (MessageState.missed, SkipReason.expired)),
    ],
)
def test_what_the_ledger_says_without_a_row(
    state: ReminderState, confirmed_after: bool, said: tuple[MessageState, SkipReason | None]
) -> None:
    confirmed_at = START + timedelta(minutes=1) if confirmed_after else START
    assert unplanned_state(state, START, confirmed_at) == said
