"""Where a night begins and ends, wherever somebody lives and whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.quiet_hours import evening_before, is_quiet, longest_night, morning_after
from webinars.terms import QuietHours

NIGHT = QuietHours(time(21), time(8))
NOON = QuietHours(time(12), time(13, 30))
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
ZONES = ("America/Denver", "Asia/Kathmandu", "Australia/Lord_Howe", "Antarctica/Troll", "Europe/Berlin", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_a_night_passes_midnight_and_ends_with_its_last_hour(clock: str, expected: bool) -> None:
    assert is_quiet(at(f"2026-03-04T{clock}:00-07:00"), "America/Denver", NIGHT) is expected


@pytest.mark.parametrize(("clock", "expected"), [("11:59", False), ("12:00", True), ("13:29", True), ("13:30", False)])
def test_quiet_hours_may_lie_within_a_day(clock: str, expected: bool) -> None:
    assert is_quiet(at(f"2026-03-04T{clock}:00-07:00"), "America/Denver", NOON) is expected


@pytest.mark.parametrize(
    ("moment", "evening", "morning"),
    [
        ("2026-03-04T23:00:00-07:00", "2026-03-04T21:00:00-07:00", "2026-03-05T08:00:00-07:00"),
        ("2026-03-05T03:00:00-07:00", "2026-03-04T21:00:00-07:00", "2026-03-05T08:00:00-07:00"),
        ("2026-03-05T12:00:00-07:00", "2026-03-05T12:00:00-07:00", "2026-03-05T12:00:00-07:00"),
        # The night of 10 hours, and the one of 12.
        ("2026-03-08T04:00:00-06:00", "2026-03-07T21:00:00-07:00", "2026-03-08T08:00:00-06:00"),
        ("2026-11-01T04:00:00-07:00", "2026-10-31T21:00:00-06:00", "2026-11-01T08:00:00-07:00"),
    ],
)
def test_the_evening_and_the_morning_of_a_night(moment: str, evening: str, morning: str) -> None:
    assert evening_before(at(moment), "America/Denver", NIGHT) == at(evening)
    assert morning_after(at(moment), "America/Denver", NIGHT) == at(morning)


@given(
    moment=st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
    zone=st.sampled_from(ZONES),
    quiet=st.sampled_from((NIGHT, NOON, QuietHours(time(2, 30), time(9)))),
)
def test_no_night_is_longer_than_the_planner_thinks(moment: datetime, zone: str, quiet: QuietHours) -> None:
    evening, morning = evening_before(moment, zone, quiet), morning_after(moment, zone, quiet)
    assert moment - longest_night(quiet) <= evening <= moment <= morning
    assert not is_quiet(morning, zone, quiet)
    assert (evening == moment == morning) or is_quiet(moment, zone, quiet)
    assert morning - evening <= longest_night(quiet) + timedelta(hours=1)
