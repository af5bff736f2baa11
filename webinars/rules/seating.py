"""Who gets a seat. Decided in arrival order on a session that the caller has locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.terms import RegistrationStatus

OFFER_TIME = timedelta(hours=24)
"""How long a seat is kept at most for whoever it is offered to."""
OFFER_SHARE = 0.25
"""What share of the time left until the start an offer takes at most: a line of four can still be asked in turn."""
RACE = timedelta(hours=4)
"""In the last hours nobody is waited for: who waits is told of a free seat, and it is for the first to take it."""
BROADCAST_EVERY = timedelta(minutes=30)
"""How often at most all who wait are told."""


@dataclass(slots=True)
class Seating:
    """The seats of one session while a batch of registrations is being decided."""

    capacity: int
    seats_taken: int
    waitlisted: int
    waitlist_open: bool
    needs_approval: bool
    is_race: bool = False
    """Whether a free seat is for the first to take it, be it somebody who waits or a newcomer."""

    @property
    def seats_left(self) -> int:
        return max(0, self.capacity - self.seats_taken)

    def decide(self, seats: int, *, is_approved: bool = False) -> RegistrationStatus | None:
        """What a newcomer who wants `seats` becomes, or None when the session is full and nobody may wait.

        Whoever waits was there first: while anybody waits, a newcomer joins the line, even if a single seat is free.
        A couple gets two seats or none.
        """
        if self.needs_approval and not is_approved:
            return RegistrationStatus.pending
        if self.has_seats(seats):
            return RegistrationStatus.confirmed
        return RegistrationStatus.waitlisted if self.waitlist_open else None

    def has_seats(self, seats: int) -> bool:
        """Whether so many are free for somebody who does not wait for them."""
        return (self.waitlisted == 0 or self.is_race) and seats <= self.seats_left

    def admit(self, status: RegistrationStatus, seats: int) -> None:
        """Count what was decided."""
        if status is RegistrationStatus.confirmed:
            self.seats_taken += seats
        elif status is RegistrationStatus.waitlisted:
            self.waitlisted += 1


def next_in_line(seats_left: int, line: Iterable[int]) -> int:
    """How many from the head of the line can be seated: strictly in order of arrival, nobody overtakes.

    Args:
        seats_left: free seats.
        line: the seats that each in line wants, first come first.
    """
    count = 0
    for seats in line:
        if seats > seats_left:
            break
        seats_left -= seats
        count += 1
    return count


def is_race(starts_at: datetime, now: datetime) -> bool:
    """Whether it is too late to ask one after the other."""
    return now >= starts_at - RACE


def answer_by(starts_at: datetime, now: datetime) -> datetime:
    """Until when a seat that is offered at `now` is kept."""
    return now + min(OFFER_TIME, (starts_at - now) * OFFER_SHARE)
