"""Taking and giving up seats: what registering, the waitlist, moves and hosts have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import RegistrationClosed, SessionCancelled, SessionFull, SessionNotOpen, SessionStarted
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.sessions import Scheduled
from webinars.rules.seating import Seating, is_race
from webinars.rules.sessions import is_to_come
from webinars.services import messages
from webinars.tables import Registration
from webinars.terms import ACTIVE, HOLDING, MessageKind, RegistrationStatus, SessionStatus
from webinars.work import Work

ANSWER_TO = {
    RegistrationStatus.confirmed: MessageKind.confirmation,
    RegistrationStatus.offered: MessageKind.offered,
    RegistrationStatus.waitlisted: MessageKind.waitlisted,
    RegistrationStatus.pending: MessageKind.pending,
}
"""The mail that says how matters stand."""


def check_to_come(item: Scheduled, now: datetime) -> None:
    """Raises:
    SessionCancelled, SessionStarted, SessionNotOpen: if nobody may take a seat any more, or yet.
    """
    session = item.session
    if session.status is SessionStatus.cancelled:
        raise SessionCancelled
    if now >= session.starts_at:
        raise SessionStarted
    if not is_to_come(session.status, session.starts_at, now):
        raise SessionNotOpen


def check_open(item: Scheduled, now: datetime) -> None:
    """Raises:
    SessionCancelled, SessionStarted, SessionNotOpen, RegistrationClosed: if the public may not register now.
    """
    check_to_come(item, now)
    session = item.session
    if session.registration_opens_at is not None and now < session.registration_opens_at:
        raise SessionNotOpen(opens_at=session.registration_opens_at.isoformat())
    if session.registration_closes_at is not None and now >= session.registration_closes_at:
        raise RegistrationClosed


def seating_of(item: Scheduled, now: datetime) -> Seating:
    """The seats of a locked session, to decide on."""
    session, webinar = item.session, item.webinar
    return Seating(
        session.capacity,
        session.seats_taken,
        session.waitlisted,
        session.waitlist_open,
        webinar.needs_approval,
        is_race(session.starts_at, now),
    )


def count_seats(work: Work, item: Scheduled, seating: Seating) -> None:
    """Write what was decided to the counters of a locked session.

    Raises:
        SessionFull: if it would oversell; below the lock that cannot be, and then nothing is written.
    """
    session = item.session
    seats, waiting = seating.seats_taken - session.seats_taken, seating.waitlisted - session.waitlisted
    if seats == 0 and waiting == 0:
        return
    if not sessions_queries.take_seats(work.db, session.id, seats=seats, waiting=waiting):
        raise SessionFull
    sessions_queries.note_seats(session, seats_taken=seating.seats_taken, waitlisted=seating.waitlisted)


def as_of(status: RegistrationStatus, now: datetime) -> dict[str, Any]:
    """What follows from a state that begins at `now`."""
    return {
        "status": status,
        "has_invite": status is RegistrationStatus.confirmed,
        "confirmed_at": now if status is RegistrationStatus.confirmed else None,
        "waitlisted_at": now if status is RegistrationStatus.waitlisted else None,
        "updated_at": now,
    }


A_NEW_START = {
    "offered_at": None,
    "offer_expires_at": None,
    "withdrawn_at": None,
    "withdrawn_from": None,
    "replaces_id": None,
}
"""What whoever comes back leaves behind."""


def lock_registration(work: Work, registration_id: UUID) -> tuple[Registration, Scheduled]:
    """A registration with its session, which is locked: whatever changes seats comes one after the other.

    Raises:
        NotFound: if there is no such registration.
    """
    registration, items = lock_registration_and(work, registration_id)
    return registration, items[registration.session_id]


def lock_registration_and(
    work: Work, registration_id: UUID, *session_ids: UUID
) -> tuple[Registration, dict[UUID, Scheduled]]:
    """A registration, its session and other sessions that the same step may change, locked.

    The sessions of what it replaces are locked with them, all in one order, so that two moves cannot wait for each
    other.
    """
    registration = registrations_queries.get_registration(work.db, registration_id)
    concerned = [each.session_id for each in (registration, *_replaced_by(work, registration))]
    items = sessions_queries.lock_sessions(work.db, [*concerned, *session_ids])
    return registrations_queries.get_registration(work.db, registration_id), items


def _replaced_by(work: Work, registration: Registration) -> list[Registration]:
    """What ends as soon as this registration has a seat: the place it replaces, and what that one was to replace."""
    found: dict[UUID, Registration] = {}
    replaced_id = registration.replaces_id
    while replaced_id is not None and replaced_id not in {registration.id, *found}:
        found[replaced_id] = registrations_queries.get_registration(work.db, replaced_id)
        replaced_id = found[replaced_id].replaces_id
    return list(found.values())


def confirm(work: Work, registration: Registration, item: Scheduled, now: datetime) -> list[UUID]:
    """Give a registration of a locked session a seat. What it replaces ends now that the new seat is certain.

    Returns:
        The sessions in which seats came free by it.

    Raises:
        SessionFull: if there is no seat.
    """
    seats = 0 if registration.status in HOLDING else registration.seats
    waiting = -1 if registration.status is RegistrationStatus.waitlisted else 0
    registration.status = RegistrationStatus.confirmed
    registration.has_invite = True
    registration.confirmed_at = registration.updated_at = now
    registration.offered_at = registration.offer_expires_at = None
    work.db.flush()
    if (seats or waiting) and not sessions_queries.take_seats(work.db, item.session.id, seats=seats, waiting=waiting):
        raise SessionFull
    work.db.refresh(item.session)
    messages.plan(work, [messages.registration_row(MessageKind.confirmation, registration, item.session, now)])
    freed = end_replaced(work, registration, item, now)
    registration.replaces_id = None
    work.db.flush()
    return freed


def end_replaced(work: Work, registration: Registration, item: Scheduled, now: datetime) -> list[UUID]:
    """Give up the places that moves kept until this registration was certain.

    Returns:
        The sessions in which seats came free by it.
    """
    return [
        session_id
        for replaced in _replaced_by(work, registration)
        if (session_id := end_for(work, replaced.id, registration.id, item, now))
    ]


def end_for(work: Work, old_id: UUID, new_id: UUID, there: Scheduled, now: datetime) -> UUID | None:
    """Give up a place for a new one. Whatever waits to replace the old one replaces the new one instead.

    Returns:
        The session in which a seat may have come free by it.
    """
    registrations_queries.repoint_replacements(work.db, old_id, new_id)
    old, item = lock_registration(work, old_id)
    if old.status not in ACTIVE or now >= item.session.starts_at:
        return None
    leave(work, old, item, RegistrationStatus.withdrawn, now, moved_to=there)
    old.withdrawn_from = None  # a move is taken back by moving back
    old.replaces_id = None
    work.db.flush()
    return item.session.id


def leave(
    work: Work,
    registration: Registration,
    item: Scheduled,
    status: RegistrationStatus,
    now: datetime,
    *,
    moved_to: Scheduled | None = None,
) -> None:
    """Take a registration out of its seat or the line, and tell the registrant."""
    former = registration.status
    registration.status = status
    registration.revision += 1
    registration.withdrawn_at = now
    registration.withdrawn_from = former
    registration.updated_at = now
    free_place(work, item, former, registration.seats)
    kind = {
        RegistrationStatus.declined: MessageKind.declined,
        RegistrationStatus.lapsed: MessageKind.lapsed,
    }.get(status, MessageKind.withdrawn)
    facts = {"moved_to": moved_to.session.starts_at.isoformat()} if moved_to else None
    messages.plan(work, [messages.registration_row(kind, registration, item.session, now, facts)])


def free_place(work: Work, item: Scheduled, held: RegistrationStatus, seats: int) -> None:
    """Count a seat or a place in the line as free that somebody of this state held."""
    freed = -seats if held in HOLDING else 0
    waiting = -1 if held is RegistrationStatus.waitlisted else 0
    work.db.flush()
    if freed or waiting:
        sessions_queries.take_seats(work.db, item.session.id, seats=freed, waiting=waiting)
        work.db.refresh(item.session)
