"""What a registrant or a host does with a registration, once there is one; registering.py makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from webinars.errors import RegistrationNotActive, SessionFull, SessionStarted, UndoTooLate
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.messages import Addressee
from webinars.queries.pages import Page, page_of, read_cursor
from webinars.queries.sessions import Scheduled
from webinars.rules.seating import Seating
from webinars.services import messages, rates, seats, waitlist
from webinars.services.rates import RESEND, by_registration
from webinars.services.seats import ANSWER_TO
from webinars.tables import Registration
from webinars.terms import ACTIVE, HOLDING, RegistrationStatus
from webinars.vault import Vault
from webinars.work import ReadWork, Work

UNDO_TIME = timedelta(minutes=10)
"""How long giving up a registration can be taken back."""


def withdraw(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """Give a registration up, or decline an offer. Its seat goes to whoever is next in line. Twice is once.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if it was declined or has lapsed.
        SessionStarted: if the session has begun.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status is RegistrationStatus.withdrawn:
        return registration
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    if now >= item.session.starts_at:
        raise SessionStarted
    seats.leave(work, registration, item, RegistrationStatus.withdrawn, now)
    waitlist.serve(work, item.session.id, now)
    return registration


def undo(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """Take a withdrawal back within ten minutes. The seat was offered to the next at once, so it may be gone: then the
    registrant is put where they were in the order of arrival, which is ahead of all who came later. Twice is once.

    Raises:
        NotFound: if there is no such registration.
        UndoTooLate: if ten minutes have passed, or it was not given up by the registrant.
        SessionCancelled, SessionStarted: if there is nothing to come back to.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status in ACTIVE:
        return registration
    former = registration.withdrawn_from
    if not can_undo(registration, now) or former is None:
        raise UndoTooLate
    seats.check_to_come(item, now)
    seating = seats.seating_of(item, now)
    status = _back_to(registration, former, seating, now)
    registration.status = status
    registration.revision += 1
    registration.withdrawn_at = registration.withdrawn_from = None
    registration.updated_at = now
    if status is RegistrationStatus.waitlisted:
        registration.waitlisted_at = registration.waitlisted_at or registration.confirmed_at or now
        registration.offered_at = registration.offer_expires_at = None
        seating.waitlisted += 1
    elif status in HOLDING:
        seating.seats_taken += registration.seats
    work.db.flush()
    seats.count_seats(work, item, seating)
    keeps_farewell = registration.has_invite and status is not RegistrationStatus.confirmed
    messages.drop_answers(work, registration_id, keeps_farewell=keeps_farewell)
    row = messages.registration_row(ANSWER_TO[status], registration, item.session, now)
    if status is RegistrationStatus.offered and registration.offer_expires_at is not None:
        row["deadline_at"] = registration.offer_expires_at
    messages.plan(work, [row])
    return registration


def can_undo(registration: Registration, now: datetime) -> bool:
    """Whether giving it up can still be taken back."""
    left_at = registration.withdrawn_at
    return (
        registration.status is RegistrationStatus.withdrawn
        and registration.withdrawn_from is not None
        and registration.erased_at is None
        and left_at is not None
        and now < left_at + UNDO_TIME
    )


def _back_to(
    registration: Registration, former: RegistrationStatus, seating: Seating, now: datetime
) -> RegistrationStatus:
    """The state before, as far as it can be had: a seat that is gone is not taken from anybody."""
    if former not in HOLDING:
        return former
    is_over = former is RegistrationStatus.offered and (
        registration.offer_expires_at is None or now >= registration.offer_expires_at
    )
    if is_over or registration.seats > seating.seats_left:
        return RegistrationStatus.waitlisted
    return former


def change_seats(work: Work, registration_id: UUID, wanted: int, now: datetime) -> Registration:
    """Come as one or as two. A second seat is had like any other: not while others wait for one. A seat that is given
    back goes to whoever is next in line; who waits goes on waiting in the same place. Twice is once.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if it was given up, or is an offer: that is for the seats it says.
        SessionFull: if there is no second seat.
        SessionCancelled, SessionStarted: if it is too late.
    """
    registration, item = seats.lock_registration(work, registration_id)
    more = wanted - registration.seats
    if more == 0:
        return registration
    if registration.status not in ACTIVE or registration.status is RegistrationStatus.offered:
        raise RegistrationNotActive
    seats.check_to_come(item, now)
    if registration.status is RegistrationStatus.confirmed:
        is_there = more < 0 or seats.seating_of(item, now).has_seats(more)
        if not is_there or not sessions_queries.take_seats(work.db, item.session.id, seats=more, waiting=0):
            raise SessionFull
        work.db.refresh(item.session)
    registration.seats = wanted
    registration.updated_at = now
    work.db.flush()
    if more < 0:
        waitlist.serve(work, item.session.id, now)
    return registration


def decline(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """A host says no to a registration that waits for approval, or takes a seat back.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if there is nothing to take back.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    seats.leave(work, registration, item, RegistrationStatus.declined, now)
    waitlist.serve(work, item.session.id, now)
    return registration


def approve(work: Work, registration_id: UUID, now: datetime) -> Registration:
    """A host says yes: a seat if there is one, else a place in the line.

    Raises:
        RegistrationNotActive: if it does not wait for approval.
        SessionFull: if there is neither a seat nor a waitlist.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status is not RegistrationStatus.pending:
        raise RegistrationNotActive
    seats.check_to_come(item, now)
    seating = seats.seating_of(item, now)
    status = seating.decide(registration.seats, is_approved=True)
    if status is None:
        raise SessionFull
    if status is RegistrationStatus.confirmed:
        for session_id in seats.confirm(work, registration, item, now):
            waitlist.serve(work, session_id, now)
        return registration
    seating.admit(status, registration.seats)
    registration.status = status
    registration.waitlisted_at = registration.updated_at = now
    work.db.flush()
    seats.count_seats(work, item, seating)
    messages.plan(work, [messages.registration_row(ANSWER_TO[status], registration, item.session, now)])
    return registration


def resend(work: Work, registration_id: UUID, now: datetime) -> bool:
    """Send a registrant their own mail again, at most once an hour. False when one went out within the hour."""
    (wait,) = rates.take(work, RESEND, [[by_registration(registration_id)]], now)
    registration, item = seats.lock_registration(work, registration_id)
    if registration.status not in ACTIVE or registration.erased_at is not None:
        raise RegistrationNotActive
    if wait:
        return False
    return messages.plan(work, [messages.resent_row(registration, item.session, now)]) == 1


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


def email_of(vault: Vault, registration: Registration | Addressee) -> str:
    """The address mail goes to."""
    return vault.open("registrations.email", registration.id, registration.email)


def name_of(vault: Vault, registration: Registration | Addressee) -> str:
    return vault.open("registrations.name", registration.id, registration.name)


def phone_of(vault: Vault, registration: Registration | Addressee) -> str | None:
    sealed = registration.phone
    return vault.open("registrations.phone", registration.id, sealed) if sealed else None


def question_of(vault: Vault, registration: Registration) -> str | None:
    """What the registrant wants to ask the presenter."""
    sealed = registration.question
    return vault.open("registrations.question", registration.id, sealed) if sealed else None
