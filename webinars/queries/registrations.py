"""Reads and set-based writes of registrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession, RowInsert, array_of, rows_of_arrays
from webinars.errors import NotFound
from webinars.tables import Answer, Consent, IdempotencyKey, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import ACTIVE, HOLDING, RegistrationStatus, SessionStatus

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
_asked = rows_of_arrays({"session_id": sa.Uuid(), "email_index": sa.LargeBinary()})
_found = (
    sa.select(_registrations.c.email_index, *_PLACE_COLUMNS)
    # Said like this, each is looked up by address, whatever PostgreSQL thinks of the table: without statistics, or with
    # those of the average session, it read all registrations of the session that everybody registers for.
    .where(
        _registrations.c.email_index == _asked.c.email_index,
        _registrations.c.session_id.is_not_distinct_from(_asked.c.session_id),
    )
    .offset(0)
    .lateral()
)
_FIND_PLACES = {
    "postgresql": sa.select(_found).select_from(_asked.join(_found, sa.true())),
    # Two plain lists, for a list of pairs makes SQLite read the whole table; it may find a pair nobody asked for.
    "sqlite": sa.select(_registrations.c.email_index, *_PLACE_COLUMNS).where(
        _registrations.c.session_id.in_(sa.bindparam("session_id", expanding=True)),
        _registrations.c.email_index.in_(sa.bindparam("email_index", expanding=True)),
    ),
}
_INSERT = RowInsert(dict.fromkeys(("sqlite", "postgresql"), sa.insert(_registrations)))


def find_places(db: DbSession, people: Sequence[Person]) -> dict[Person, Place]:
    """The registrations these people have already."""
    connection = db.connection()
    session_ids, indexes = [session_id for session_id, _ in people], [index for _, index in people]
    asked: dict[str, Any] = (
        {"session_id": array_of(session_ids), "email_index": array_of(indexes)}
        if connection.dialect.name == "postgresql"
        else {"session_id": list(set(session_ids)), "email_index": indexes}
    )
    rows = connection.execute(_FIND_PLACES[connection.dialect.name], asked)
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


def lock_person(db: DbSession, registration_id: UUID) -> Registration:
    """A registration that nobody erases meanwhile; rows that refer to it can be written all the same.

    Raises:
        NotFound: if there is none.
    """
    held = {"key_share": True}
    registration = db.get(Registration, registration_id, with_for_update=held, populate_existing=True)
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


def list_of_person(db: DbSession, email_index: bytes) -> Sequence[Registration]:
    """All registrations with an address, in the order they were made."""
    query = sa.select(Registration).where(col(Registration.email_index) == email_index)
    return db.scalars(query.order_by(col(Registration.id))).all()


def insert_registrations(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    _INSERT.execute(db.connection(), rows)


def list_elsewhere(
    db: DbSession, registration: Registration, now: datetime
) -> Sequence[tuple[Registration, WebinarSession]]:
    """The same person's registrations that hold a seat or hope for one in other sessions to come of the webinar."""
    webinar_id = sa.select(col(WebinarSession.webinar_id)).where(col(WebinarSession.id) == registration.session_id)
    query = (
        sa.select(Registration, WebinarSession)
        .join(WebinarSession, col(WebinarSession.id) == col(Registration.session_id))
        .where(
            col(Registration.email_index) == registration.email_index,
            col(Registration.id) != registration.id,
            col(Registration.status).in_(ACTIVE),
            col(WebinarSession.webinar_id) == webinar_id.scalar_subquery(),
            col(WebinarSession.status) == SessionStatus.scheduled,
            col(WebinarSession.starts_at) > now,
        )
        .order_by(col(WebinarSession.starts_at), col(WebinarSession.id))
    )
    return [(found, session) for found, session in db.execute(query)]


def update_registration(db: DbSession, registration_id: UUID, values: Mapping[str, Any]) -> None:
    db.connection().execute(sa.update(_registrations).where(_registrations.c.id == registration_id).values(values))


def repoint_replacements(db: DbSession, old_id: UUID, new_id: UUID) -> None:
    """Let what was to replace one registration replace another."""
    waiting = _registrations.c
    db.execute(
        sa.update(_registrations)
        .where(waiting.replaces_id == old_id, waiting.id != new_id)
        .values(replaces_id=new_id)
        .execution_options(synchronize_session=False)
    )


def forget_replacements(db: DbSession, registration_id: UUID) -> None:
    """Let nothing replace a registration any more."""
    db.execute(
        sa.update(_registrations)
        .where(_registrations.c.replaces_id == registration_id)
        .values(replaces_id=None)
        .execution_options(synchronize_session=False)
    )


def insert_consents(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    db.connection().execute(sa.insert(core(Consent)), rows)


def delete_answers(db: DbSession, registration_ids: Sequence[UUID]) -> None:
    """Take away what these registrants answered."""
    db.execute(sa.delete(core(Answer)).where(core(Answer).c.registration_id.in_(registration_ids)))


def list_consents(db: DbSession, registration_id: UUID) -> Sequence[Consent]:
    """A registrant's answers, oldest first."""
    return db.scalars(
        sa.select(Consent).where(col(Consent.registration_id) == registration_id).order_by(col(Consent.id))
    ).all()


def list_consenting(db: DbSession, registration_ids: Sequence[UUID], purpose: str) -> set[tuple[UUID, str]]:
    """Who agreed to something, each with the channel they agreed to: what they answered last holds."""
    rows = db.execute(
        sa.select(col(Consent.registration_id), col(Consent.channel), col(Consent.is_granted))
        .where(col(Consent.registration_id).in_(registration_ids), col(Consent.purpose) == purpose)
        .order_by(col(Consent.id))
    )
    newest = {(registration_id, channel): is_granted for registration_id, channel, is_granted in rows}
    return {who for who, is_granted in newest.items() if is_granted}


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
    """Seats confirmed and offered, and people waiting, counted from the registrations themselves."""
    status = col(Registration.status)
    row = db.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((status.in_(HOLDING), col(Registration.seats)), else_=0)), 0),
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
    db: DbSession,
    session_id: UUID,
    statuses: Sequence[RegistrationStatus],
    after: UUID | None,
    limit: int,
    *,
    most_seats: int,
) -> Sequence[sa.Row[UUID, int]]:
    """`(id, revision)` of a session's registrations in these states for so many seats or fewer, by id."""
    query = sa.select(col(Registration.id), col(Registration.revision)).where(
        col(Registration.session_id) == session_id,
        col(Registration.status).in_(statuses),
        col(Registration.seats) <= most_seats,
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


def find_offer_past(db: DbSession, now: datetime) -> UUID | None:
    """A session with an offer that nobody answered in time, the longest past first."""
    return db.scalar(
        sa.select(col(Registration.session_id))
        .where(sa.text("registrations.status = 'offered'"), col(Registration.offer_expires_at) <= now)
        .order_by(col(Registration.offer_expires_at))
        .limit(1)
    )


def list_offers_past(db: DbSession, session_id: UUID, now: datetime) -> Sequence[Registration]:
    """A session's offers that nobody answered in time, in the order they ended."""
    return db.scalars(
        sa.select(Registration)
        .where(
            sa.text("registrations.status = 'offered'"),
            col(Registration.session_id) == session_id,
            col(Registration.offer_expires_at) <= now,
        )
        .order_by(col(Registration.offer_expires_at), col(Registration.id))
    ).all()


def cut_offers(db: DbSession, session_id: UUID, latest: datetime) -> None:
    """Let no offer of a session last longer than this."""
    table = core(Registration)
    db.execute(
        sa.update(table)
        .where(
            table.c.session_id == session_id,
            table.c.status == RegistrationStatus.offered,
            table.c.offer_expires_at > latest,
        )
        .values(offer_expires_at=latest)
    )
