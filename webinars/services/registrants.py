"""Registrants as hosts see them: names in the open, addresses masked until a host asks for them, which is noted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from webinars.errors import RegistrationNotActive
from webinars.queries import attendance as attendance_queries
from webinars.queries import audit as audit_queries
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import reminder_rules as rules_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page
from webinars.queries.sessions import Scheduled
from webinars.rules.registrations import mask_email
from webinars.services import audit, moves, questions, registrations, suppressions, waitlist
from webinars.services.moves import Moved
from webinars.services.questions import GivenAnswer
from webinars.services.registering import Registered, RegistrationRequest, register, request_again
from webinars.services.registrations import email_of, name_of, question_of
from webinars.tables import Attendance, AttendanceInterval, Consent, Message, Registration, Suppression
from webinars.terms import ACTIVE, RegistrationStatus
from webinars.vault import Vault
from webinars.work import ReadWork, Work

ERASED = "Erased"
"""What stands in place of a name that was taken out."""
SHOWN_FOR = timedelta(minutes=15)
"""How long addresses stay open after a host has asked for them."""
_REVEAL, _REVEAL_HEALTH = "registrations.reveal", "registrations.reveal_health"
_MOST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Registrant:
    """A registration with what a host may read of the person."""

    registration: Registration
    name: str
    email: str
    """Masked, unless this host has asked for it."""
    mark: Suppression | None
    """Why nothing, or hardly anything, is sent there."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is known of one registration."""

    registrant: Registrant
    scheduled: Scheduled
    question: str
    """To the presenter; told about health, so it is read only while health answers are."""
    answers: Sequence[GivenAnswer]
    """Those about health only while this host sees them."""
    has_health_answers: bool
    shown_until: datetime | None
    health_shown_until: datetime | None
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
    return _shown_until(work, _REVEAL, session_id, actor=actor, now=now)


def reveal_health(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> None:
    """Open what one registrant answered to health questions to one host for a while. The note is what opens it.

    Raises:
        NotFound: if there is no such registration.
    """
    registrations_queries.get_registration(work.db, registration_id)
    audit.note(work, actor, _REVEAL_HEALTH, now, subject_id=registration_id, fields=["health_value", "question"])


def _shown_until(work: ReadWork, action: str, subject_id: UUID, *, actor: str, now: datetime) -> datetime | None:
    since = now - SHOWN_FOR
    asked_at = audit_queries.last_noted_at(work.db, actor=actor, action=action, subject_id=subject_id, since=since)
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
    marks = suppressions.marks_of(work, page.items)
    people = [_registrant(work.vault, row, marks.get(row.id), is_open=is_open) for row in page.items]
    return Page(people, page.next, page.limit)


def count_by_status(work: ReadWork, session_id: UUID) -> dict[RegistrationStatus, int]:
    """How many registrations a session has in each state; states without any are left out."""
    return registrations_queries.count_by_status(work.db, session_id)


def names_of(work: ReadWork, registration_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names behind registrations."""
    found = registrations_queries.find_by_ids(work.db, list(set(registration_ids)))
    return {registration.id: name_of(work.vault, registration) or ERASED for registration in found}


def timeline(work: ReadWork, registration_id: UUID, *, actor: str, now: datetime) -> Timeline:
    """All that is known of one registration.

    Raises:
        NotFound: if there is none.
    """
    registration, scheduled = registrations.get_registration(work, registration_id)
    open_until = shown_until(work, scheduled.session.id, actor=actor, now=now)
    health_until = _shown_until(work, _REVEAL_HEALTH, registration_id, actor=actor, now=now)
    answers = questions.answers_of(work, [registration_id], with_health=health_until is not None)
    messages = messages_queries.list_messages(work.db, registration_ids=[registration_id], limit=_MOST_MESSAGES)
    return Timeline(
        registrant=_registrant(
            work.vault,
            registration,
            suppressions.marks_of(work, [registration]).get(registration_id),
            is_open=open_until is not None,
        ),
        scheduled=scheduled,
        question=(question_of(work.vault, registration) or "") if health_until else "",
        answers=answers[registration_id],
        has_health_answers=bool(registration.question) or questions.has_health_answers(work, registration_id),
        shown_until=open_until,
        health_shown_until=health_until,
        messages=messages,
        rules=rules_queries.rule_names(work.db, [message.rule_id for message in messages if message.rule_id]),
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


def add(work: Work, request: RegistrationRequest, *, actor: str, now: datetime) -> Registered:
    """Register somebody in a host's name, who has thereby approved it: a seat if there is one, else the waitlist.

    Raises:
        NotFound, SessionStarted, SessionCancelled, SessionFull, InvalidField.
    """
    outcome = register(work, [replace(request, is_approved=True, by_host=True)], now)[0]
    if isinstance(outcome, Exception):
        raise outcome
    audit.note(work, actor, "registration.add", now, subject_id=outcome.registration.id)
    return outcome


def accept(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Take the seat that is offered, in the registrant's name. Twice is once.

    Raises:
        Those of `waitlist.accept`.
    """
    registration = waitlist.accept(work, registration_id, now)
    audit.note(work, actor, "registration.accept", now, subject_id=registration_id)
    return registration


def undo(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Take back that a registration was given up, in the registrant's name. Twice is once.

    Raises:
        Those of `registrations.undo`.
    """
    registration = registrations.undo(work, registration_id, now)
    audit.note(work, actor, "registration.undo", now, subject_id=registration_id)
    return registration


def readmit(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registered:
    """Let somebody back in who withdrew, was declined or did not answer an offer: a seat if there is one, else the end
    of the line.

    Raises:
        NotFound, SessionStarted, SessionCancelled, SessionFull.
        RegistrationNotActive: if they never left, or were erased.
    """
    registration, item = registrations.get_registration(work, registration_id)
    if registration.status in ACTIVE or registration.erased_at is not None:
        raise RegistrationNotActive("Only a registration that was given up, declined or has lapsed can come back.")
    outcome = register(work, [request_again(work.vault, registration, item.session.id)], now)[0]
    if isinstance(outcome, Exception):
        raise outcome
    audit.note(work, actor, "registration.readmit", now, subject_id=registration_id)
    return outcome


def move(work: Work, registration_id: UUID, to_session_id: UUID, *, actor: str, now: datetime) -> Moved:
    """Move somebody to another session in a host's name.

    Raises:
        Those of services/moves.py.
    """
    moved = moves.move(work, registration_id, to_session_id, by_host=True, now=now)
    audit.note(work, actor, "registration.move", now, subject_id=registration_id)
    return moved


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


def _registrant(vault: Vault, registration: Registration, mark: Suppression | None, *, is_open: bool) -> Registrant:
    email = email_of(vault, registration)
    shown = email if is_open or not email else mask_email(email)  # erased: there is nothing to mask
    return Registrant(registration, name_of(vault, registration) or ERASED, shown, mark)
