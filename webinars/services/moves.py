"""Moving a registration to another session of the same webinar. The old seat is kept until the new one is certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from webinars.errors import AlreadyRegistered, InvalidField, NotFound, RegistrationNotActive, SessionStarted
from webinars.queries import registrations as registrations_queries
from webinars.queries.registrations import Place
from webinars.queries.sessions import Scheduled
from webinars.services import seats, waitlist
from webinars.services.registering import register, request_again
from webinars.tables import Registration, WebinarSession
from webinars.terms import ACTIVE, HOLDING, RegistrationStatus
from webinars.work import ReadWork, Work


@dataclass(frozen=True, slots=True)
class Moved:
    """Where somebody is after a move."""

    registration_id: UUID
    """Of the registration in the new session."""
    status: RegistrationStatus
    """Of the new one."""
    is_old_kept: bool
    """Whether they wait for a seat there, and keep what they have until then."""


def move(work: Work, registration_id: UUID, to_session_id: UUID, *, by_host: bool, now: datetime) -> Moved:
    """Move somebody to another session in one step.

    With a free seat there, the old place ends in the same transaction. Without one, they wait there and keep what they
    have here; it ends when a seat there is theirs. Who waits for a host's approval waits for it there instead. Twice is
    once.

    Raises:
        NotFound: if there is no such registration or session.
        RegistrationNotActive, SessionStarted: if there is nothing to move any more.
        InvalidField: if it is the same session, or one of another webinar.
        AlreadyRegistered: if the same person is registered there.
        SessionFull, SessionNotOpen, RegistrationClosed, SessionCancelled: if they cannot register there.
    """
    registration, items = seats.lock_registration_and(work, registration_id, to_session_id)
    here, there = items[registration.session_id], items.get(to_session_id)
    _check_way(here, there)
    former = registrations_queries.find_by_index(work.db, to_session_id, registration.email_index)
    if former is not None and former.status in ACTIVE:
        if former.replaces_id == registration.id or has_moved(registration):
            return Moved(former.id, former.status, is_old_kept=former.replaces_id == registration.id)
        raise AlreadyRegistered
    if registration.status not in ACTIVE:
        raise RegistrationNotActive
    if now >= here.session.starts_at:
        raise SessionStarted
    # What a host has approved here is approved there, but not for somebody a host has declined there.
    is_declined = former is not None and former.status is RegistrationStatus.declined and not by_host
    is_approved = registration.status is not RegistrationStatus.pending and not is_declined
    request = replace(request_again(work.vault, registration, to_session_id), is_approved=is_approved, by_host=by_host)
    outcome = register(work, [request], now)[0]
    if isinstance(outcome, Exception):
        raise outcome
    is_kept = _let_go(work, registration, outcome.registration, outcome.scheduled, now)
    return Moved(outcome.registration.id, outcome.registration.status, is_old_kept=is_kept)


def has_moved(registration: Registration) -> bool:
    """Whether it ended by a move: then nobody gave it up, and there is nothing to undo."""
    is_withdrawn = registration.status is RegistrationStatus.withdrawn and registration.erased_at is None
    return is_withdrawn and registration.withdrawn_from is None


def list_elsewhere(
    work: ReadWork, registration: Registration, now: datetime
) -> Sequence[tuple[Registration, WebinarSession]]:
    """What the same person has in other sessions of the same webinar that are to come, the next one first."""
    return registrations_queries.list_elsewhere(work.db, registration, now)


def _check_way(here: Scheduled, there: Scheduled | None) -> None:
    if there is None or not there.is_public:
        raise NotFound
    if there.session.id == here.session.id:
        raise InvalidField("This is the session it is registered for already.", field="session_id")
    if there.webinar.id != here.webinar.id:
        raise InvalidField("Choose a session of the same webinar.", field="session_id")


def _let_go(work: Work, old: Registration, new: Place, there: Scheduled, now: datetime) -> bool:
    """End the old place, unless it is a seat and the new one is none: then the new one is to replace it.

    Who gives up one wait for another keeps the seat that the first was to replace.

    Returns:
        Whether the old place is kept.
    """
    work.db.refresh(old)  # coming back may have ended what the old place was to replace
    is_certain = new.status is RegistrationStatus.confirmed
    if not is_certain and old.status in HOLDING:
        registrations_queries.update_registration(work.db, new.id, {"replaces_id": old.id})
        return True
    if not is_certain:
        registrations_queries.update_registration(work.db, new.id, {"replaces_id": old.replaces_id})
    freed = seats.end_replaced(work, old, there, now) if is_certain else []
    freed += [session_id for session_id in [seats.end_for(work, old.id, new.id, there, now)] if session_id]
    for session_id in freed:
        waitlist.serve(work, session_id, now)
    return False
