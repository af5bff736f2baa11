"""The ledger's statements: planning without doubles, reading, completing one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession, RowInsert, RowUpdate
from webinars.errors import NotFound
from webinars.tables import (
    Attendance,
    AttendanceInterval,
    Message,
    Registration,
    ReminderRule,
    Webinar,
    WebinarSession,
)
from webinars.tables.base import core
from webinars.terms import (
    AttendanceState,
    Channel,
    MessageKind,
    MessageState,
    RegistrationStatus,
    SkipReason,
)
from webinars.vault import Sealed


class Letter(NamedTuple):
    """Of a message what sending it takes."""

    id: UUID
    kind: MessageKind
    channel: Channel
    registration_id: UUID | None
    schedule_version: int
    sequence: int
    facts: dict[str, Any]
    dedupe_key: str
    due_at: datetime
    deadline_at: datetime
    attempts: int
    first_attempt_at: datetime | None


class Addressee(NamedTuple):
    """Of a registration what a message to it takes."""

    id: UUID
    session_id: UUID
    status: RegistrationStatus
    seats: int
    name: Sealed
    email: Sealed
    phone: Sealed | None
    timezone: str
    locale: str
    offer_expires_at: datetime | None
    link_version: int
    has_invite: bool
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A claimed message with all that its text and its guard need."""

    message: Letter
    registration: Addressee
    session: WebinarSession
    webinar: Webinar
    joined_at: datetime | None
    """When they were last seen coming into the room, or pressed the button."""
    attendance: AttendanceState | None
    rule_texts: Mapping[str, str]
    """By language: the host's own words of the rule that made it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed message."""

    message_id: UUID
    lease: UUID
    """Under which it was claimed."""
    state: MessageState
    reason: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Other columns that change, by name."""


# What every registration runs is built once: building a statement costs more than running it.
_INSERT_NEW = RowInsert(
    {
        "postgresql": postgresql.insert(core(Message)).on_conflict_do_nothing(index_elements=["dedupe_key"]),
        "sqlite": sqlite.insert(core(Message)).on_conflict_do_nothing(index_elements=["dedupe_key"]),
    }
)


def insert_messages(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Plan messages; one whose dedupe key is there already is left as it is. Returns how many are new."""
    return _INSERT_NEW.execute(db.connection(), rows) if rows else 0


def load_dispatches(db: DbSession, message_ids: Sequence[UUID]) -> list[Dispatch]:
    """Everything about these messages, the most urgent first."""
    rows = db.connection().execute(_dispatches(), {"message_ids": message_ids}).all()
    parts = [(Letter._make(row[:_LETTER]), Addressee._make(row[_LETTER:_ADDRESSEE]), *row[_ADDRESSEE:]) for row in rows]
    session_ids = {person.session_id for _, person, *_ in parts}  # mostly one: it is read once, not fifty times
    found = db.execute(_sessions(), {"session_ids": session_ids})
    sessions = {session.id: (session, webinar) for session, webinar in found}
    return [
        Dispatch(letter, person, *sessions[person.session_id], joined_at, attendance, texts or {})
        for letter, person, joined_at, attendance, texts in parts
    ]


_LETTER = len(Letter._fields)
_ADDRESSEE = _LETTER + len(Addressee._fields)


@cache
def _dispatches() -> sa.Select[*tuple[Any, ...]]:
    """Columns, not rows of tables: to make those would take three times as long."""
    message, registration = core(Message), core(Registration)
    attendance, rule = core(Attendance), core(ReminderRule)
    stay = core(AttendanceInterval).c
    joined_at = sa.select(sa.func.max(stay.joined_at)).where(stay.registration_id == registration.c.id)
    return (
        sa.select(
            *(message.c[name] for name in Letter._fields),
            *(registration.c[name] for name in Addressee._fields),
            joined_at.scalar_subquery(),
            attendance.c.state,
            rule.c.texts,
        )
        .join_from(message, registration, registration.c.id == message.c.registration_id)
        .outerjoin(attendance, attendance.c.registration_id == registration.c.id)
        .outerjoin(rule, rule.c.id == message.c.rule_id)
        .where(message.c.id.in_(sa.bindparam("message_ids", expanding=True)))
        .order_by(message.c.priority, message.c.due_at, message.c.id)
    )


@cache
def _sessions() -> sa.Select[WebinarSession, Webinar]:
    return (
        sa.select(WebinarSession, Webinar)
        .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
        .where(col(WebinarSession.id).in_(sa.bindparam("session_ids", expanding=True)))
        .execution_options(populate_existing=True)
    )


def complete_messages(connection: sa.Connection, outcomes: Sequence[Outcome]) -> int:
    """Write what became of claimed messages. Returns for how many the lease still held: the others were lost to
    another worker, and stay as that one has them."""
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for outcome in outcomes:
        row: dict[str, Any] = {f"new_{name}": value for name, value in outcome.values.items()}
        row["message_id"], row["held"], row["was"] = outcome.message_id, outcome.lease, MessageState.sending
        row["new_state"], row["new_reason"] = outcome.state, outcome.reason
        alike.setdefault(frozenset(outcome.values), []).append(row)
    return sum(_completion(names).execute(connection, rows) for names, rows in alike.items())


@cache
def _completion(names: frozenset[str]) -> RowUpdate:
    """Built once for each set of columns: building it costs more than running it."""
    message = core(Message)
    return RowUpdate(
        sa.update(message)
        .where(
            message.c.id == sa.bindparam("message_id"),
            message.c.lease == sa.bindparam("held"),
            message.c.state == sa.bindparam("was"),
        )
        .values(lease=sa.null(), **{name: sa.bindparam(f"new_{name}") for name in ("state", "reason", *sorted(names))})
    )


def replan_failed(db: DbSession, message_id: UUID, now: datetime) -> bool:
    """Make a failed message due again. False if it has not failed, or is useless by now."""
    message = core(Message)
    result = db.connection().execute(
        sa.update(message)
        .where(message.c.id == message_id, message.c.state == MessageState.failed, message.c.deadline_at > now)
        .values(state=MessageState.planned, reason=None, attempts=0, next_attempt_at=now)
    )
    return bool(result.rowcount == 1)


def replan_all_failed(
    db: DbSession, now: datetime, *, session_id: UUID | None = None, channel: Channel | None = None
) -> int:
    """Make all failed messages due again that are of use still, or those of a session or channel. Returns how many."""
    message = core(Message)
    update = (
        sa.update(message)
        .where(message.c.state == MessageState.failed, message.c.deadline_at > now)
        .values(state=MessageState.planned, reason=None, attempts=0, next_attempt_at=now)
    )
    if session_id is not None:
        update = update.where(message.c.session_id == session_id)
    if channel is not None:
        update = update.where(message.c.channel == channel)
    return db.connection().execute(update).rowcount


def replan_broadcast(db: DbSession, session_id: UUID, *, since: datetime, most_seats: int, now: datetime) -> int:
    """Make due again, for who waits for no more seats than that, the messages of a free seat made since a moment that
    were not sent because it was gone. Returns how many."""
    message, registration = core(Message), core(Registration)
    waiting = sa.select(registration.c.id).where(
        registration.c.session_id == session_id,
        registration.c.status == RegistrationStatus.waitlisted,
        registration.c.seats <= most_seats,
    )
    result = db.connection().execute(
        sa.update(message)
        .where(
            message.c.session_id == session_id,
            message.c.kind == MessageKind.seat_free,
            message.c.state == MessageState.skipped,
            message.c.reason == SkipReason.superseded.value,
            message.c.created_at >= since,
            message.c.registration_id.in_(waiting),
        )
        .values(state=MessageState.planned, reason=None, next_attempt_at=now)
    )
    return result.rowcount


def drop_planned(db: DbSession, *, reason: SkipReason, kinds: Sequence[MessageKind], **whose: UUID) -> int:
    """Skip what has not been sent yet of a session or a registration, given by column name. Of whoever was erased also
    what is being sent: it may arrive, but whoever sends it writes no more of what the server said of them."""
    message = core(Message)
    states = [MessageState.planned, MessageState.sending] if reason is SkipReason.erased else [MessageState.planned]
    result = db.connection().execute(
        sa.update(message)
        .where(
            *(message.c[name] == value for name, value in whose.items()),
            message.c.kind.in_(kinds),
            message.c.state.in_(states),
        )
        .values(state=MessageState.skipped, reason=reason.value, lease=None)
    )
    return result.rowcount


def get_message(db: DbSession, message_id: UUID) -> Message:
    """Raises:
    NotFound: if there is none.
    """
    message = db.get(Message, message_id, populate_existing=True)
    if message is None:
        raise NotFound
    return message


def list_messages(
    db: DbSession,
    *,
    states: Sequence[MessageState] | None = None,
    session_id: UUID | None = None,
    registration_ids: Sequence[UUID] | None = None,
    kinds: Sequence[MessageKind] | None = None,
    channel: Channel | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Message]:
    """Ledger rows by id, which is the order they were planned in."""
    query = sa.select(Message)
    if states is not None:
        query = query.where(col(Message.state).in_(states))
    if session_id is not None:
        query = query.where(col(Message.session_id) == session_id)
    if registration_ids is not None:
        query = query.where(col(Message.registration_id).in_(registration_ids))
    if kinds is not None:
        query = query.where(col(Message.kind).in_(kinds))
    if channel is not None:
        query = query.where(col(Message.channel) == channel)
    if after is not None:
        query = query.where(col(Message.id) > after)
    return db.scalars(query.order_by(col(Message.id)).limit(limit)).all()


def count_by_state(db: DbSession, session_id: UUID | None = None) -> dict[MessageState, int]:
    """How many ledger rows are in each state, of one session or of all."""
    query = sa.select(col(Message.state), sa.func.count()).group_by(col(Message.state))
    if session_id is not None:
        query = query.where(col(Message.session_id) == session_id)
    return {row[0]: row[1] for row in db.execute(query)}
