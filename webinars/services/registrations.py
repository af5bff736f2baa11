"""What a registrant or a host does with a registration, once there is one; registering.py makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import (
    RegistrationNotActive,
    SessionCancelled,
    SessionFull,
    SessionNotOpen,
    SessionStarted,
)
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.queries.sessions import Scheduled
from webinars.rules.seating import Seating
from webinars.rules.sessions import takes_registrations
from webinars.services import messages, waitlist
from webinars.tables import Registration
from webinars.terms import MessageKind, RegistrationStatus, SessionStatus
from webinars.vault import Vault
from webinars.work import ReadWork, Work

ANSWER_TO = {
    RegistrationStatus.confirmed: MessageKind.confirmation,
    RegistrationStatus.waitlisted: MessageKind.waitlisted,
    RegistrationStatus.pending: MessageKind.pending,
}
"""The mail that says how matters stand."""
ACTIVE = tuple(ANSWER_TO)
"""States in which somebody has a seat or waits for one."""


def check_open(item: Scheduled, now: datetime) -> None:
    """Raises:
    SessionCancelled, SessionStarted, SessionNotOpen: if nobody may take a seat any more.
    """
    session = item.session
    if session.status is SessionStatus.cancelled:
        raise SessionCancelled
    if now >= session.starts_at:
        raise SessionStarted
    if not takes_registrations(session.status, session.starts_at, now):
        raise SessionNotOpen


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


def seating_of(item: Scheduled) -> Seating:
    """The seats of a locked session, to decide on."""
    session, webinar = item.session, item.webinar
    return Seating(
        session.capacity, session.seats_taken, session.waitlisted, session.waitlist_open, webinar.needs_approval
    )


def as_of(status: RegistrationStatus, now: datetime) -> dict[str, Any]:
    """What follows from a state that begins at `now`."""
    return {
        "status": status,
        "has_invite": status is RegistrationStatus.confirmed,
        "confirmed_at": now if status is RegistrationStatus.confirmed else None,
        "waitlisted_at": now if status is RegistrationStatus.waitlisted else None,
        "withdrawn_at": None,
        "updated_at": now,
    }


def withdraw(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """Give a registration up. Its seat goes to whoever is next in line. Twice is once.

    Raises:
        NotFound: if there is no such registration.
        SessionStarted: if the session has begun.
    """
    registration, item = lock_registration(work, registration_id)
    if registration.status is RegistrationStatus.withdrawn:
        return registration
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    if now >= item.session.starts_at:
        raise SessionStarted
    leave(work, registration, item, RegistrationStatus.withdrawn, now)
    waitlist.promote(work, item.session.id, now)
    return registration


def decline(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """A host says no to a registration that waits for approval, or takes a seat back."""
    registration, item = lock_registration(work, registration_id)
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    leave(work, registration, item, RegistrationStatus.declined, now)
    waitlist.promote(work, item.session.id, now)
    return registration


def approve(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """A host says yes: a seat if there is one, else a place in the line.

    Raises:
        RegistrationNotActive: if it does not wait for approval.
        SessionFull: if there is neither a seat nor a waitlist.
    """
    registration, item = lock_registration(work, registration_id)
    if registration.status is not RegistrationStatus.pending:
        raise RegistrationNotActive
    check_open(item, now)
    seating = seating_of(item)
    seating.needs_approval = False
    status = seating.decide(registration.seats)
    if status is None:
        raise SessionFull
    seating.admit(status, registration.seats)
    for name, value in as_of(status, now).items():
        setattr(registration, name, value)
    work.db.flush()
    count_seats(work, item, seating)
    messages.plan(work, [messages.registration_row(ANSWER_TO[status], registration, item.session, now)])
    return registration


def leave(work: Work, registration: Registration, item: Scheduled, status: RegistrationStatus, now: datetime) -> None:
    """Take a registration out of its seat or the line, and tell the registrant."""
    seats = -registration.seats if registration.status is RegistrationStatus.confirmed else 0
    waiting = -1 if registration.status is RegistrationStatus.waitlisted else 0
    registration.status = status
    registration.revision += 1
    registration.withdrawn_at = now
    registration.updated_at = now
    work.db.flush()
    if seats or waiting:
        sessions_queries.take_seats(work.db, item.session.id, seats=seats, waiting=waiting)
        work.db.refresh(item.session)
    kind = MessageKind.declined if status is RegistrationStatus.declined else MessageKind.withdrawn
    messages.plan(work, [messages.registration_row(kind, registration, item.session, now)])


def resend(work: Work, registration_id: UUID, now: datetime) -> bool:
    """Send a registrant their own mail again, at most once an hour. False when one went out within the hour."""
    registration, item = lock_registration(work, registration_id)
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    return messages.plan(work, [messages.resent_row(registration, item.session, now)]) == 1


def lock_registration(work: Work, registration_id: UUID) -> tuple[Registration, Scheduled]:
    """A registration with its session, which is locked: whatever changes seats comes one after the other."""
    session_id = registrations_queries.get_registration(work.db, registration_id).session_id
    item = sessions_queries.lock_session(work.db, session_id)
    return registrations_queries.get_registration(work.db, registration_id), item


def list_registrations(
    work: ReadWork,
    session_id: UUID,
    *,
    statuses: Sequence[RegistrationStatus] | None,
    modified_since: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[Registration]:
    """A page of a session's registrations.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    rows = registrations_queries.list_registrations(
        work.db,
        session_id,
        statuses=statuses,
        modified_since=modified_since,
        after=read_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, [row.id for row in rows], limit)


def get_registration(work: ReadWork, registration_id: UUID) -> tuple[Registration, Scheduled]:
    """A registration and its session.

    Raises:
        NotFound: if there is none.
    """
    registration = registrations_queries.get_registration(work.db, registration_id)
    return registration, sessions_queries.get_session(work.db, registration.session_id)


def email_of(vault: Vault, registration: Registration) -> str:
    """The address mail goes to."""
    return vault.open("registrations.email", registration.id, registration.email)


def name_of(vault: Vault, registration: Registration) -> str:
    return vault.open("registrations.name", registration.id, registration.name)
