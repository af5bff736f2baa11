"""Clocks: the machine's, one that starts elsewhere and runs on, one that stands still."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

from tests.conftest import NOW
from webinars.clock import SetClock, ShiftedClock, SystemClock


def test_a_shifted_clock_starts_where_it_is_told_and_runs_on() -> None:
    clock = ShiftedClock(NOW.astimezone(timezone(timedelta(hours=-7))))
    first, second = clock.now(), clock.now()
    assert NOW <= first <= second < NOW + timedelta(minutes=1)
    assert first.tzinfo is UTC


def test_a_set_clock_moves_only_when_it_is_told() -> None:
    clock = SetClock(NOW)
    assert [clock.now(), clock.now()] == [NOW, NOW]
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOW + timedelta(hours=1)


def test_the_machines_clock_speaks_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
