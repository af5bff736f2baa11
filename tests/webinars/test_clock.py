"""Clocks: the machine's, one that starts elsewhere and runs on, one that stands still."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from tests.conftest import NOW
from webinars.clock import JumpWatch, Present, SetClock, ShiftedClock, SystemClock


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


class Steps:
    """A clock and a steady count of seconds, each set by hand."""

    def __init__(self) -> None:
        self.clock, self.seconds = SetClock(NOW), 0.0
        self.watch = JumpWatch(lambda: self.seconds)

    def pass_by(self, steady: float, shown: float) -> timedelta:
        self.seconds += steady
        self.clock.advance(timedelta(seconds=shown))
        return self.watch.jumped(self.clock.now())


def test_a_jump_is_what_the_clock_went_more_than_time_did() -> None:
    steps = Steps()
    assert steps.pass_by(0, 0) == timedelta()
    assert steps.pass_by(600, 600) == timedelta()
    assert steps.pass_by(1, 86_401) == timedelta(days=1)
    assert steps.pass_by(1, 1) == timedelta()  # the new time is the time
    assert steps.pass_by(1, 1 - 86_400) == -timedelta(days=1)


def test_a_jump_is_seen_in_passing_and_still_there_to_be_seen() -> None:
    steps = Steps()
    steps.pass_by(0, 0)
    steps.clock.advance(timedelta(hours=1))
    assert [steps.watch.ahead(steps.clock.now()) for _ in range(2)] == [timedelta(hours=1)] * 2
    assert steps.watch.jumped(steps.clock.now()) == timedelta(hours=1)
    assert steps.watch.ahead(steps.clock.now()) == timedelta()


def test_the_present_goes_on_from_a_given_moment() -> None:
    clock = SetClock(NOW - timedelta(days=9))
    present = Present(clock, NOW)
    assert present.now() == NOW
    clock.advance(timedelta(seconds=90))
    assert present.now() == NOW + timedelta(seconds=90)


def test_the_present_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    present = Present(clock, NOW)
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW + timedelta(days=1))
    assert NOW <= present.now() < NOW + timedelta(minutes=1)
