"""Who gets a seat. Decided in arrival order on a session that the caller has locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webinars.terms import RegistrationStatus


@dataclass(slots=True)
class Seating:
    """The seats of one session while a batch of registrations is being decided."""

    capacity: int
    seats_taken: int
    waitlisted: int
    waitlist_open: bool
    needs_approval: bool

    @property
    def seats_left(self) -> int:
        return max(0, self.capacity - self.seats_taken)

    def decide(self, seats: int) -> RegistrationStatus | None:
        """What a newcomer who wants `seats` becomes, or None when the session is full and nobody may wait.

        Whoever waits was there first: while anybody waits, a newcomer joins the line, even if a single seat is free.
        A couple gets two seats or none.
        """
        if self.needs_approval:
            return RegistrationStatus.pending
        if self.waitlisted == 0 and seats <= self.seats_left:
            return RegistrationStatus.confirmed
        return RegistrationStatus.waitlisted if self.waitlist_open else None

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
