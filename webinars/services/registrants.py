"""Registrants as hosts see them: names in the open, addresses masked until a host asks for them, which is noted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from webinars.queries import attendance as attendance_queries
from webinars.queries import audit as audit_queries
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import reminders as reminders_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page
from webinars.queries.sessions import Scheduled
from webinars.rules.registrations import mask_email
from webinars.services import audit, registrations
from webinars.services.registrations import email_of, name_of
from webinars.tables import Attendance, AttendanceInterval, Consent, Message, Registration
from webinars.terms import RegistrationStatus
from webinars.vault import Vault
from webinars.work import ReadWork, Work

SHOWN_FOR = timedelta(minutes=15)
"""How long addresses stay open after a host has asked for them."""
_REVEAL = "registrations.reveal"
_MOST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Registrant:
    """A registration with what a host may read of the person."""

    registration: Registration
    name: str
    email: str
    """Masked, unless this host has asked for it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is known of one registration."""

    registrant: Registrant
    scheduled: Scheduled
    question: str
    shown_until: datetime | None
    messages: Sequence[Message]
    rules: dict[UUID, str]
    stays: Sequence[AttendanceInterval]
    attendance: Attendance | None
    consents: Sequence[Consent]


def reveal(work: Work, session_id: UUID, *, actor: str, now: datetime) -> None:
    """Open the addresses of a session's registrants to one host for a while. The note is what opens them.

    Raises:
        NotFound: if there is no such session.
    """
    sessions_queries.get_session(work.db, session_id)
    audit.note(work, actor, _REVEAL, now, subject_id=session_id, fields=["email"])


def shown_until(work: ReadWork, session_id: UUID, *, actor: str, now: datetime) -> datetime | None:
    """Until when a host sees the addresses of a session; None while they are masked."""
    since = now - SHOWN_FOR
    asked_at = audit_queries.last_noted_at(work.db, actor=actor, action=_REVEAL, subject_id=session_id, since=since)
    return asked_at + SHOWN_FOR if asked_at else None


def list_registrants(
    work: ReadWork,
    session_id: UUID,
    *,
    status: RegistrationStatus | None,
    cursor: str | None,
    limit: int,
    actor: str,
    now: datetime,
) -> Page[Registrant]:
    """A page of a session's registrants in the order they came.

    Raises:
        NotFound: if there is no such session.
        InvalidField: if the cursor was not made here.
    """
    page = registrations.list_registrations(
        work, session_id, statuses=[status] if status else None, modified_since=None, cursor=cursor, limit=limit
    )
    is_open = shown_until(work, session_id, actor=actor, now=now) is not None
    return Page([_registrant(work.vault, row, is_open=is_open) for row in page.items], page.next, page.limit)


def count_by_status(work: ReadWork, session_id: UUID) -> dict[RegistrationStatus, int]:
    """How many registrations a session has in each state; states without any are left out."""
    return registrations_queries.count_by_status(work.db, session_id)


def names_of(work: ReadWork, registration_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names behind registrations."""
    found = registrations_queries.find_by_ids(work.db, list(set(registration_ids)))
    return {registration.id: name_of(work.vault, registration) for registration in found}


def timeline(work: ReadWork, registration_id: UUID, *, actor: str, now: datetime) -> Timeline:
    """All that is known of one registration.

    Raises:
        NotFound: if there is none.
    """
    registration, scheduled = registrations.get_registration(work, registration_id)
    open_until = shown_until(work, scheduled.session.id, actor=actor, now=now)
    messages = messages_queries.list_messages(work.db, registration_ids=[registration_id], limit=_MOST_MESSAGES)
    sealed = registration.question
    return Timeline(
        registrant=_registrant(work.vault, registration, is_open=open_until is not None),
        scheduled=scheduled,
        question=work.vault.open("registrations.question", registration_id, sealed) if sealed else "",
        shown_until=open_until,
        messages=messages,
        rules=reminders_queries.rule_names(work.db, [message.rule_id for message in messages if message.rule_id]),
        stays=attendance_queries.list_stays(work.db, registration_id),
        attendance=attendance_queries.attendance_of(work.db, [registration_id]).get(registration_id),
        consents=registrations_queries.list_consents(work.db, registration_id),
    )


def approve(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Say yes in a host's name.

    Raises:
        NotFound, RegistrationNotActive, SessionStarted, SessionCancelled, SessionNotOpen, SessionFull.
    """
    registration = registrations.approve(work, registration_id, now)
    audit.note(work, actor, "registration.approve", now, subject_id=registration_id)
    return registration


def decline(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Say no, or take a seat back, in a host's name.

    Raises:
        NotFound, RegistrationNotActive.
    """
    registration = registrations.decline(work, registration_id, now)
    audit.note(work, actor, "registration.decline", now, subject_id=registration_id)
    return registration


def resend(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> bool:
    """Send a registrant their own mail again, at most once an hour, in a host's name. False when one just went out.

    Raises:
        NotFound, RegistrationNotActive.
    """
    is_new = registrations.resend(work, registration_id, now)
    audit.note(work, actor, "registration.resend", now, subject_id=registration_id)
    return is_new


def _registrant(vault: Vault, registration: Registration, *, is_open: bool) -> Registrant:
    email = email_of(vault, registration)
    return Registrant(registration, name_of(vault, registration), email if is_open else mask_email(email))
