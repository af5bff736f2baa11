"""What a visitor can do about a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webinars.rules.availability import Availability, availability
from webinars.terms import SessionStatus

START = datetime(2026, 3, 9, 15, tzinfo=UTC)
END = START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("taken", "waiting", "waitlist_open", "expected"),
    [
        (0, 0, True, Availability.open),
        (7, 0, True, Availability.open),
        (8, 0, True, Availability.few_seats),
        (10, 0, True, Availability.waitlist),
        (9, 1, True, Availability.waitlist),  # who waits was there first
        (10, 0, False, Availability.full),
    ],
)
def test_before_the_start_seats_decide(taken: int, waiting: int, waitlist_open: bool, expected: Availability) -> None:
    assert _of(START - timedelta(days=1), taken, waiting, waitlist_open) is expected


def test_time_and_cancellation_come_before_seats() -> None:
    assert _of(START) is Availability.started
    assert _of(END) is Availability.ended
    assert _of(START, status=SessionStatus.cancelled) is Availability.cancelled


def test_outside_its_window_nobody_registers() -> None:
    opens_at, closes_at, second = START - timedelta(days=2), START - timedelta(days=1), timedelta(seconds=1)
    moments = [opens_at - second, opens_at, closes_at - second, closes_at]
    found = [_of(moment, opens_at=opens_at, closes_at=closes_at) for moment in moments]
    assert found == [Availability.not_yet, Availability.open, Availability.open, Availability.closed]


def test_in_the_last_hours_a_free_seat_is_open_to_all() -> None:
    assert _of(START - timedelta(hours=1), 8, 5) is Availability.few_seats
    assert _of(START - timedelta(hours=1), 10, 5) is Availability.waitlist


def test_only_three_states_take_registrations() -> None:
    taking = {state for state in Availability if state.takes_registrations}
    assert taking == {Availability.open, Availability.few_seats, Availability.waitlist}


def _of(
    now: datetime,
    taken: int = 0,
    waiting: int = 0,
    waitlist_open: bool = True,
    status: SessionStatus = SessionStatus.scheduled,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> Availability:
    return availability(
        status,
        START,
        END,
        capacity=10,
        seats_taken=taken,
        waitlisted=waiting,
        waitlist_open=waitlist_open,
        opens_at=opens_at,
        closes_at=closes_at,
        now=now,
    )
