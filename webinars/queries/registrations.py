"""Reads and set-based writes of registrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Consent, IdempotencyKey, Registration
from webinars.tables.base import core
from webinars.terms import RegistrationStatus

Person = tuple[UUID, bytes]
"""Session and blind index of the address: what one registration is unique for."""


@dataclass(frozen=True, slots=True)
class Place:
    """What registering needs to know of a registration. A mapped object costs some sixty times as much to make."""

    id: UUID
    session_id: UUID
    status: RegistrationStatus
    seats: int
    revision: int
    link_version: int
    has_invite: bool
    updated_at: datetime


# What every registration runs is built once: building a statement costs more than running it.
_registrations = core(Registration)
_PLACE_COLUMNS = [_registrations.c[field.name] for field in fields(Place)]
_FIND_PLACES = sa.select(_registrations.c.email_index, *_PLACE_COLUMNS).where(
    _registrations.c.session_id.in_(sa.bindparam("sessions", expanding=True)),
    _registrations.c.email_index.in_(sa.bindparam("indexes", expanding=True)),
)
_INSERT = sa.insert(_registrations)


def find_places(db: DbSession, people: Sequence[Person]) -> dict[Person, Place]:
    """The registrations these people have already.

    Two plain lists, for a list of pairs makes SQLite read the whole table; it may find a pair nobody asked for.
    """
    asked = {"sessions": list({session_id for session_id, _ in people}), "indexes": [index for _, index in people]}
    rows = db.connection().execute(_FIND_PLACES, asked)
    return {(place.session_id, bytes(index)): place for index, place in ((row[0], Place(*row[1:])) for row in rows)}


def get_place(db: DbSession, registration_id: UUID) -> Place:
    """What registering needs to know of a registration that is there."""
    row = db.connection().execute(sa.select(*_PLACE_COLUMNS).where(_registrations.c.id == registration_id)).one()
    return Place(*row)


def get_registration(db: DbSession, registration_id: UUID) -> Registration:
    """Raises:
    NotFound: if there is none.
    """
    registration = db.get(Registration, registration_id, populate_existing=True)
    if registration is None:
        raise NotFound
    return registration


def find_by_ids(db: DbSession, ids: Sequence[UUID]) -> Sequence[Registration]:
    return db.scalars(sa.select(Registration).where(col(Registration.id).in_(ids))).all()


def find_by_index(db: DbSession, session_id: UUID, email_index: bytes) -> Registration | None:
    return db.scalar(
        sa.select(Registration).where(
            col(Registration.session_id) == session_id, col(Registration.email_index) == email_index
        )
    )


def insert_registrations(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    db.connection().execute(_INSERT, rows)


def update_registration(db: DbSession, registration_id: UUID, values: Mapping[str, Any]) -> None:
    db.connection().execute(sa.update(_registrations).where(_registrations.c.id == registration_id).values(values))


def insert_consents(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    db.connection().execute(sa.insert(core(Consent)), rows)


def list_consents(db: DbSession, registration_id: UUID) -> Sequence[Consent]:
    """A registrant's answers, oldest first."""
    return db.scalars(
        sa.select(Consent).where(col(Consent.registration_id) == registration_id).order_by(col(Consent.id))
    ).all()


def find_idempotency_keys(db: DbSession, key_hashes: Sequence[bytes]) -> dict[bytes, IdempotencyKey]:
    """What has been answered to these keys."""
    keys = db.scalars(sa.select(IdempotencyKey).where(col(IdempotencyKey.key_hash).in_(key_hashes)))
    return {key.key_hash: key for key in keys}


def insert_idempotency_keys(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    db.connection().execute(sa.insert(core(IdempotencyKey)), rows)


def delete_idempotency_keys(db: DbSession, before: datetime) -> int:
    """Forget the answers given before a moment."""
    result = db.connection().execute(sa.delete(core(IdempotencyKey)).where(core(IdempotencyKey).c.created_at < before))
    return result.rowcount


def list_registrations(
    db: DbSession,
    session_id: UUID,
    *,
    statuses: Sequence[RegistrationStatus] | None = None,
    modified_since: datetime | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Registration]:
    """A session's registrations by id, which is the order they were made in."""
    query = sa.select(Registration).where(col(Registration.session_id) == session_id)
    if statuses is not None:
        query = query.where(col(Registration.status).in_(statuses))
    if modified_since is not None:
        query = query.where(col(Registration.updated_at) >= modified_since)
    if after is not None:
        query = query.where(col(Registration.id) > after)
    return db.scalars(query.order_by(col(Registration.id)).limit(limit)).all()


def has_any(db: DbSession, session_id: UUID) -> bool:
    """Whether anybody ever registered for a session."""
    query = sa.select(col(Registration.id)).where(col(Registration.session_id) == session_id).limit(1)
    return db.scalar(query) is not None


def count_by_status(db: DbSession, session_id: UUID) -> dict[RegistrationStatus, int]:
    """How many registrations a session has in each state. For the console; decisions use the counters."""
    rows = db.execute(
        sa.select(col(Registration.status), sa.func.count())
        .where(col(Registration.session_id) == session_id)
        .group_by(col(Registration.status))
    )
    return {row[0]: row[1] for row in rows}


def recount_seats(db: DbSession, session_id: UUID) -> tuple[int, int]:
    """Seats taken and people waiting, counted from the registrations themselves."""
    status = col(Registration.status)
    row = db.execute(
        sa.select(
            sa.func.coalesce(
                sa.func.sum(sa.case((status == RegistrationStatus.confirmed, col(Registration.seats)), else_=0)), 0
            ),
            sa.func.coalesce(sa.func.sum(sa.case((status == RegistrationStatus.waitlisted, 1), else_=0)), 0),
        ).where(col(Registration.session_id) == session_id)
    ).one()
    return int(row[0]), int(row[1])


def list_waitlist(db: DbSession, session_id: UUID, limit: int) -> Sequence[Registration]:
    """The head of the line, in order of arrival."""
    return db.scalars(
        sa.select(Registration)
        .where(col(Registration.session_id) == session_id, col(Registration.status) == RegistrationStatus.waitlisted)
        .order_by(col(Registration.waitlisted_at), col(Registration.id))
        .limit(limit)
    ).all()


def list_ids_to_tell(
    db: DbSession, session_id: UUID, statuses: Sequence[RegistrationStatus], after: UUID | None, limit: int
) -> Sequence[sa.Row[UUID, int]]:
    """`(id, revision)` of a session's registrations in these states, by id."""
    query = sa.select(col(Registration.id), col(Registration.revision)).where(
        col(Registration.session_id) == session_id, col(Registration.status).in_(statuses)
    )
    if after is not None:
        query = query.where(col(Registration.id) > after)
    return db.execute(query.order_by(col(Registration.id)).limit(limit)).all()


def list_confirmed(db: DbSession, session_id: UUID) -> Sequence[tuple[UUID, int]]:
    """`(id, revision)` of everybody with a seat."""
    rows = db.execute(
        sa.select(col(Registration.id), col(Registration.revision))
        .where(col(Registration.session_id) == session_id, col(Registration.status) == RegistrationStatus.confirmed)
        .order_by(col(Registration.id))
    )
    return [(registration_id, revision) for registration_id, revision in rows]
