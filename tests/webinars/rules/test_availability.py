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


def test_only_three_states_take_registrations() -> None:
    taking = {state for state in Availability if state.takes_registrations}
    assert taking == {Availability.open, Availability.few_seats, Availability.waitlist}


def _of(
    now: datetime,
    taken: int = 0,
    waiting: int = 0,
    waitlist_open: bool = True,
    status: SessionStatus = SessionStatus.scheduled,
) -> Availability:
    return availability(
        status,
        START,
        END,
        capacity=10,
        seats_taken=taken,
        waitlisted=waiting,
        waitlist_open=waitlist_open,
        now=now,
    )
