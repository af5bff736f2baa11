"""Taking out of a registration all that tells of a person. What is left counts in statistics and leads to nobody."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

from webinars.queries import attendance as attendance_queries
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.rules.visits import counted_source
from webinars.services import audit, seats, waitlist
from webinars.tables import Registration
from webinars.terms import ACTIVE, MessageKind, RegistrationStatus, SkipReason
from webinars.work import Work

_INDEX_BYTES = 32


def erase(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Erase a person from a registration, and give up the place if there is one. Nothing is sent: there is nobody left
    to send it to. Twice is once. Consents stay, as evidence without a name.

    Raises:
        NotFound: if there is no such registration.
    """
    registration, item = seats.lock_registration(work, registration_id)
    if registration.erased_at is not None:
        return registration
    held = registration.status
    if held in ACTIVE and now < item.session.starts_at:
        registration.status = RegistrationStatus.withdrawn
        registration.withdrawn_at = now
        registration.revision += 1
        seats.free_place(work, item, held, registration.seats)
        waitlist.serve(work, item.session.id, now)
    _forget(work, registration)
    registration.erased_at = registration.updated_at = now
    work.db.flush()
    messages_queries.drop_planned(
        work.db, reason=SkipReason.erased, kinds=tuple(MessageKind), registration_id=registration_id
    )
    messages_queries.forget_errors(work.db, registration_id)
    registrations_queries.delete_answers(work.db, [registration_id])
    attendance_queries.forget_notes(work.db, registration_id)
    audit.note(work, actor, "registration.erase", now, subject_id=registration_id)
    return registration


def _forget(work: Work, registration: Registration) -> None:
    vault = work.vault
    registration.email = vault.seal("registrations.email", registration.id, "")
    registration.name = vault.seal("registrations.name", registration.id, "")
    registration.email_index = os.urandom(_INDEX_BYTES)  # found by no address any more
    registration.phone = registration.question = None
    registration.source = {touch: counted_source(came) for touch, came in registration.source.items()}
    registration.locale = registration.timezone = ""
    registration.withdrawn_from = None
    registration.link_version += 1  # personal links end
