"""What a token puts right about a registration: a mistyped address, a name, a registration given up by telephone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from webinars.errors import AddressTaken, RegistrationNotActive
from webinars.queries import registrations as registrations_queries
from webinars.rules.registrations import clean_email, clean_name, same_person
from webinars.rules.sessions import zone
from webinars.services import audit, registrations, seats, suppressions
from webinars.services.catalogue import check_version
from webinars.tables import Registration, WebinarSession
from webinars.work import Work

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def version_of(registration: Registration) -> int:
    """Grows with every change: the moment of the last one, in microseconds."""
    return (registration.updated_at - _EPOCH) // _MICROSECOND


def update_registration(
    work: Work, registration_id: UUID, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> Registration:
    """Put a registrant's facts right. A new address gets the invite and what else did not arrive at the old one, and
    links sent to that one end.

    Args:
        changes: any of `email`, `name`, `phone` (None clears it), `timezone` and `locale`.

    Raises:
        NotFound, VersionMismatch, InvalidField, UnknownTimezone.
        AddressTaken: if another registration of the session has the address.
    """
    registration, item = seats.lock_registration(work, registration_id)
    check_version(version_of(registration), version)
    if registration.erased_at is not None:
        raise RegistrationNotActive("This registration was erased.")
    vault = work.vault
    if "timezone" in changes:
        zone(changes["timezone"])
    for name in ("timezone", "locale"):
        if name in changes:
            setattr(registration, name, changes[name])
    if "name" in changes:
        registration.name = vault.seal("registrations.name", registration.id, clean_name(changes["name"]))
    if "phone" in changes:
        phone = changes["phone"]
        registration.phone = vault.seal("registrations.phone", registration.id, phone) if phone else None
    if "email" in changes:
        _readdress(work, registration, item.session, clean_email(changes["email"]), now)
    registration.updated_at = max(now, registration.updated_at + _MICROSECOND)
    work.db.flush()
    audit.note(work, actor, "registration.update", now, subject_id=registration.id, fields=list(changes))
    return registration


def cancel(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Give a registration up in the registrant's name. Twice is once.

    Raises:
        NotFound, RegistrationNotActive, SessionStarted.
    """
    registration = registrations.withdraw(work, registration_id, now)
    audit.note(work, actor, "registration.cancel", now, subject_id=registration_id)
    return registration


def _readdress(work: Work, registration: Registration, session: WebinarSession, email: str, now: datetime) -> None:
    """The session is locked, so nobody registers with this address between the look and the change."""
    index = work.vault.index("email", same_person(email))
    if index != registration.email_index:
        if registrations_queries.find_by_index(work.db, session.id, index) is not None:
            raise AddressTaken(field="email")
        registration.email_index = index
        registration.link_version += 1  # whoever read the mails at the old address is somebody else
        suppressions.answer_again(work, registration, session, now)
        suppressions.send_lost(work, registration, session, now)
    registration.email = work.vault.seal("registrations.email", registration.id, email)
