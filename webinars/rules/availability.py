"""What a visitor can do about a session: register, wait, or neither."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from webinars.rules.seating import is_race
from webinars.terms import SessionStatus

FEW_SHARE = 0.2
"""With this share of the seats left or less, they are few."""


class Availability(StrEnum):
    """How a session stands for somebody who is not registered."""

    open = "open"
    not_yet = "not_yet"
    few_seats = "few_seats"
    waitlist = "waitlist"
    full = "full"
    closed = "closed"
    started = "started"
    ended = "ended"
    cancelled = "cancelled"

    @property
    def takes_registrations(self) -> bool:
        return self in {Availability.open, Availability.few_seats, Availability.waitlist}


def availability(
    status: SessionStatus,
    starts_at: datetime,
    ends_at: datetime,
    *,
    capacity: int,
    seats_taken: int,
    waitlisted: int,
    waitlist_open: bool,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    now: datetime,
) -> Availability:
    """How a session stands at `now`. While anybody waits, a newcomer waits too, even if a seat is free: until the last
    hours, when it is for the first to take it.
    """
    if status is not SessionStatus.scheduled:
        return Availability.cancelled
    if now >= starts_at:
        return Availability.ended if now >= ends_at else Availability.started
    if opens_at is not None and now < opens_at:
        return Availability.not_yet
    if closes_at is not None and now >= closes_at:
        return Availability.closed
    seats_left = capacity - seats_taken
    if seats_left <= 0 or (waitlisted and not is_race(starts_at, now)):
        return Availability.waitlist if waitlist_open else Availability.full
    return Availability.few_seats if seats_left <= capacity * FEW_SHARE else Availability.open
