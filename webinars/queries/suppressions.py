"""Addresses that take no mail: their marks, what is known of messages that came back, and reports taken in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import (
    Consent,
    FollowUp,
    InboundEvent,
    Message,
    Registration,
    Subscription,
    Suppression,
    WebinarSession,
)
from webinars.tables.base import core
from webinars.terms import ACTIVE, Channel, MessageKind, MessageState, SessionStatus, SuppressionReason

_marks, _messages, _events = core(Suppression), core(Message), core(InboundEvent)
_registrations, _subscriptions = core(Registration), core(Subscription)
_RECIPIENT = sa.func.coalesce(_registrations.c.email_index, _subscriptions.c.email_index)
_WITH_RECIPIENT = _messages.outerjoin(_registrations, _registrations.c.id == _messages.c.registration_id).outerjoin(
    _subscriptions, _subscriptions.c.id == _messages.c.subscription_id
)
# What every batch of messages runs is built once: building a statement costs more than running it.
_MESSAGE_IDS: sa.BindParameter[UUID] = sa.bindparam("message_ids", expanding=True)
_MARKED = (
    sa.select(_messages.c.id, _messages.c.kind, _marks.c.reason)
    .select_from(_WITH_RECIPIENT.join(_marks, _marks.c.email_index == _RECIPIENT))
    .where(_messages.c.id.in_(_MESSAGE_IDS), _messages.c.channel == Channel.email)
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A message with the address it is for."""

    message_id: UUID
    kind: MessageKind
    registration_id: UUID | None
    email_index: bytes
    link_version: int
    """Of the registration or subscription: it grows when the address is corrected."""


def upsert_mark(db: DbSession, row: Mapping[str, Any]) -> None:
    """Mark an address. A complaint does not replace that it takes no mail, which closes it to more."""
    connection = db.connection()
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_marks).values(**row)
    new = insert.excluded
    names = ("reason", "detail", "message_id", "created_at")
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["email_index"],
            set_={name: new[name] for name in names},
            where=sa.and_(
                _marks.c.reason == SuppressionReason.complained, new.reason == SuppressionReason.bounced.value
            ),
        )
    )


def delete_mark(db: DbSession, email_index: bytes) -> bool:
    """Lift a mark. False if there was none."""
    result = db.connection().execute(sa.delete(_marks).where(_marks.c.email_index == email_index))
    return bool(result.rowcount)


def find_marks(db: DbSession, indexes: Collection[bytes]) -> dict[bytes, Suppression]:
    """The marks of these addresses."""
    found = db.scalars(sa.select(Suppression).where(col(Suppression.email_index).in_(indexes)))
    return {bytes(mark.email_index): mark for mark in found}


def is_known(db: DbSession, email_index: bytes) -> bool:
    """Whether anybody here has this address."""
    return any(
        db.scalar(sa.select(table.c.id).where(table.c.email_index == email_index).limit(1)) is not None
        for table in (_registrations, _subscriptions)
    )


def find_marked(db: DbSession, message_ids: Sequence[UUID]) -> list[tuple[UUID, MessageKind, SuppressionReason]]:
    """Those of these mails whose address is marked, with what they are and why it is."""
    rows = db.connection().execute(_MARKED, {"message_ids": message_ids})
    return [(message_id, kind, reason) for message_id, kind, reason in rows]


def list_consents_about(
    db: DbSession, message_ids: Sequence[UUID], kinds: Collection[MessageKind]
) -> list[tuple[UUID, MessageKind, str, bool]]:
    """`(message, kind, purpose, granted)`: what whoever gets these messages answered for their channel, in any of the
    registrations with their address, oldest first."""
    rows = db.connection().execute(_consents_about(frozenset(kinds)), {"message_ids": message_ids})
    return [(message_id, kind, purpose, is_granted) for message_id, kind, purpose, is_granted in rows]


@cache
def _consents_about(kinds: frozenset[MessageKind]) -> sa.Select[UUID, MessageKind, str, bool]:
    same, answers = _registrations.alias("same"), core(Consent)
    return (
        sa.select(_messages.c.id, _messages.c.kind, answers.c.purpose, answers.c.is_granted)
        .join(_registrations, _registrations.c.id == _messages.c.registration_id)
        .join(same, same.c.email_index == _registrations.c.email_index)
        .join(
            answers,
            sa.and_(
                answers.c.registration_id == same.c.id,
                answers.c.channel == sa.cast(_messages.c.channel, sa.String()),
            ),
        )
        .where(_messages.c.id.in_(_MESSAGE_IDS), _messages.c.kind.in_(kinds))
        .order_by(answers.c.id)
    )


def list_answers_of(db: DbSession, email_index: bytes, channel: str) -> list[tuple[str, bool]]:
    """`(purpose, granted)`: what somebody answered for a channel, in any of their registrations, oldest first."""
    answers = core(Consent)
    rows = db.connection().execute(
        sa.select(answers.c.purpose, answers.c.is_granted)
        .join(_registrations, _registrations.c.id == answers.c.registration_id)
        .where(_registrations.c.email_index == email_index, answers.c.channel == channel)
        .order_by(answers.c.id)
    )
    return [(purpose, is_granted) for purpose, is_granted in rows]


def find_posted(db: DbSession, message_id: UUID) -> Posted | None:
    """A message with the address it is for now."""
    return _posted(db, _messages.c.id == message_id)


def find_by_provider_id(db: DbSession, provider_id: str) -> Posted | None:
    """The message that a provider has taken under this name."""
    return _posted(db, _messages.c.provider_id == provider_id)


def _posted(db: DbSession, which: sa.ColumnElement[bool]) -> Posted | None:
    link_version = sa.func.coalesce(_registrations.c.link_version, _subscriptions.c.link_version)
    row = db.execute(
        sa.select(_messages.c.id, _messages.c.kind, _messages.c.registration_id, _RECIPIENT, link_version)
        .select_from(_WITH_RECIPIENT)
        .where(which)
        .limit(1)
    ).one_or_none()
    return Posted(row[0], row[1], row[2], bytes(row[3]), row[4]) if row else None


def note_bounce(db: DbSession, message_id: UUID, reason: str, words: str) -> None:
    """Write that a mail came back, which may be before its sending was written down."""
    db.execute(
        sa.update(_messages)
        .where(
            _messages.c.id == message_id,
            _messages.c.state.in_([MessageState.planned, MessageState.sending, MessageState.sent]),
            _messages.c.first_attempt_at.is_not(None),
        )
        .values(state=MessageState.bounced, reason=reason, lease=None, last_error=words)
    )


def note_words(db: DbSession, message_id: UUID, words: str) -> None:
    """Keep what a server said about a mail that it still has."""
    db.execute(
        sa.update(_messages)
        .where(_messages.c.id == message_id, _messages.c.state == MessageState.sent)
        .values(last_error=words)
    )


def note_strike(db: DbSession, message_id: UUID, link_version: int) -> None:
    """Count a mail against the address that it went to, which is that of this version of the personal links."""
    message = db.get(Message, message_id, populate_existing=True)
    if message is not None:
        message.facts = {**message.facts, "strike": link_version}
        db.flush()


def count_strikes(db: DbSession, email_index: bytes, since: datetime) -> int:
    """How many mails first tried since then count against an address."""
    strikes = 0
    for table, reference in (
        (_registrations, _messages.c.registration_id),
        (_subscriptions, _messages.c.subscription_id),
    ):
        rows = db.connection().execute(
            sa.select(_messages.c.facts, table.c.link_version)
            .join(table, table.c.id == reference)
            .where(
                table.c.email_index == email_index,
                _messages.c.first_attempt_at >= since,
            )
        )
        strikes += sum(facts.get("strike") == version for facts, version in rows)
    return strikes


def repoint_follow_up(db: DbSession, old_id: UUID, new_id: UUID) -> None:
    """Let a follow-up's mail be another one."""
    table = core(FollowUp)
    db.execute(sa.update(table).where(table.c.message_id == old_id).values(message_id=new_id))


def count_marked(
    db: DbSession, *, session_id: UUID | None = None, ends_after: datetime | None = None
) -> dict[UUID, int]:
    """How many registrations that hold or hope for a seat have a marked address, by session that is not cancelled."""
    query = (
        sa.select(col(Registration.session_id), sa.func.count())
        .join(Suppression, col(Suppression.email_index) == col(Registration.email_index))
        .join(WebinarSession, col(WebinarSession.id) == col(Registration.session_id))
        .where(col(Registration.status).in_(ACTIVE), col(WebinarSession.status) != SessionStatus.cancelled)
        .group_by(col(Registration.session_id), col(WebinarSession.starts_at))
        .order_by(col(WebinarSession.starts_at), col(Registration.session_id))
    )
    if session_id is not None:
        query = query.where(col(Registration.session_id) == session_id)
    if ends_after is not None:
        query = query.where(col(WebinarSession.ends_at) > ends_after)
    return {row[0]: row[1] for row in db.execute(query)}


def note_event(db: DbSession, row: Mapping[str, Any]) -> bool:
    """Take a report in. False if it was taken in before."""
    connection = db.connection()
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_events).values(**row)
    new = insert.on_conflict_do_nothing(index_elements=["digest"]).returning(_events.c.digest)
    return connection.execute(new).first() is not None


def delete_events(db: DbSession, before: datetime) -> int:
    """Forget reports that were taken in before a moment."""
    return db.connection().execute(sa.delete(_events).where(_events.c.created_at < before)).rowcount
