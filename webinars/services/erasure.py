"""Taking out of registrations all that tells of a person. What is left counts in statistics and leads to nobody.

Nothing is sent, not even the cancellation that would take an entry out of a calendar: a mail needs the address until it
has left, which may take days when a server is down, and whoever asks to be forgotten is to be forgotten at once. The
page says so, and how to have both: cancel first, and delete when that mail has come.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.db import SealedText
from webinars.errors import RegistrationErased
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import retention as retention_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries import suppressions as suppressions_queries
from webinars.rules.visits import counted_source
from webinars.services import audit, idempotency, seats, subscriptions, waitlist
from webinars.tables import Registration, Retention
from webinars.terms import ACTIVE, MessageKind, RegistrationStatus, SkipReason
from webinars.vault import Vault
from webinars.work import Work

_INDEX_BYTES = 32
_NOBODY_LEFT = "What told of this person has been deleted, and nothing is written of them any more."


def erase(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Erase a person from a registration, and give up the place if there is one. Twice is once. Consents stay, as
    evidence without a name.

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
    forget(work, [registration], now)
    idempotency.forget_person(work, registration_id)
    messages_queries.drop_planned(
        work.db, reason=SkipReason.erased, kinds=tuple(MessageKind), registration_id=registration_id
    )
    audit.note(work, actor, "registration.erase", now, subject_id=registration_id)
    return registration


def erase_person(work: Work, registration_id: UUID, *, actor: str, now: datetime) -> Registration:
    """Erase whoever this registration is of from everything: all registrations with their address, the topics they
    wanted to hear of, marks on the address, and reports that they were in a room. Twice is once.

    Raises:
        NotFound: if there is no such registration.
    """
    registration = registrations_queries.get_registration(work.db, registration_id)
    if registration.erased_at is not None:
        return registration
    index = bytes(registration.email_index)
    theirs = registrations_queries.list_of_person(work.db, index)
    # All at once and in the order of ids, as everything is that changes several sessions.
    sessions_queries.lock_sessions(work.db, list({each.session_id for each in theirs}))
    registration = registrations_queries.get_registration(work.db, registration_id)
    if registration.erased_at is not None:  # by another press of the button
        return registration
    # Again, below the locks: an address that was corrected meanwhile is somebody else's by now.
    for each in registrations_queries.list_of_person(work.db, index):
        erase(work, each.id, actor=actor, now=now)
    subscriptions.forget_address(work, index, now)
    suppressions_queries.delete_mark(work.db, index)
    retention_queries.forget_unmatched(work.db, index)
    audit.note(work, actor, "person.erase", now, subject_id=registration_id)
    return registration


def keep_out(work: Work, registration_id: UUID) -> None:
    """Keep erasing out until the transaction ends, for whoever writes of a person in what hangs on their registration.
    It is locked before that, as erasing does.

    Raises:
        NotFound: if there is no such registration.
        RegistrationErased: if it was faster.
    """
    if registrations_queries.lock_person(work.db, registration_id).erased_at is not None:
        raise RegistrationErased(_NOBODY_LEFT)


def forget(work: Work, registrations: Sequence[Registration], now: datetime) -> None:
    """Take out of registrations, and of what hangs on them, what tells of the person. Their links end."""
    for registration in registrations:
        _forget(work.vault, registration)
        registration.erased_at = registration.updated_at = now
    work.db.flush()
    ids = [registration.id for registration in registrations]
    retention_queries.clear_of(work.db, ids)
    retention_queries.close_tasks(work.db, ids)
    # It may name the address, or be what the provider finds it by.
    retention_queries.clear_logs_of(work.db, "registration_id", ids)


def _forget(vault: Vault, registration: Registration) -> None:
    for holding in retention_queries.holdings(Retention.personal, Retention.health):
        if holding.table.name == "registrations":
            for column in holding.columns:
                setattr(registration, column.name, nothing(vault, column, registration.id))
    registration.source = {touch: counted_source(came) for touch, came in registration.source.items()}
    registration.locale = registration.timezone = ""
    registration.withdrawn_from = None
    registration.link_version += 1  # personal links end


def nothing(vault: Vault, column: sa.Column[Any], row: UUID) -> object:
    """What stands where a value was: an index is found by no address any more."""
    if column.nullable:
        return None
    return vault.seal(str(column), row, "") if isinstance(column.type, SealedText) else os.urandom(_INDEX_BYTES)
