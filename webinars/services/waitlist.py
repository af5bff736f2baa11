"""Seats that come free go to whoever has waited longest."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.rules.seating import next_in_line
from webinars.rules.sessions import takes_registrations
from webinars.services import messages
from webinars.terms import MessageKind, RegistrationStatus
from webinars.work import Work


def promote(work: Work, session_id: UUID, now: datetime) -> int:
    """Seat as many from the head of the line as there are seats for, and tell them. Never after the start.

    Returns:
        How many were seated.
    """
    session = sessions_queries.lock_session(work.db, session_id).session
    seats_left = session.capacity - session.seats_taken
    if session.waitlisted == 0 or seats_left <= 0 or not takes_registrations(session.status, session.starts_at, now):
        return 0
    line = registrations_queries.list_waitlist(work.db, session_id, seats_left)
    seated = line[: next_in_line(seats_left, [registration.seats for registration in line])]
    for registration in seated:
        registration.status = RegistrationStatus.confirmed
        registration.has_invite = True
        registration.confirmed_at = now
        registration.updated_at = now
    work.db.flush()
    if seated:
        seats = sum(registration.seats for registration in seated)
        sessions_queries.take_seats(work.db, session_id, seats=seats, waiting=-len(seated))
        work.db.refresh(session)
        rows = [messages.registration_row(MessageKind.promoted, registration, session, now) for registration in seated]
        messages.plan(work, rows)
    return len(seated)
