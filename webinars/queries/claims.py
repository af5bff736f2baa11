"""Statements about messages that wait to be sent, or are being sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from webinars.db import DbSession, walk_indexes
from webinars.tables import Message, Registration
from webinars.tables.base import core
from webinars.terms import CALENDAR_KINDS, Channel, MessageKind, MessageState

_message = core(Message).c
_IS_WAITING = sa.text("messages.state IN ('planned', 'sending')")
"""The very words of the partial index, or it is not used."""
_IS_KNOWN = _message.kind.in_(list(MessageKind))
"""A newer program on the same database, or one that was taken back, may have kinds that this one cannot read."""


def claim_messages(
    db: DbSession,
    *,
    lease: UUID,
    now: datetime,
    until: datetime,
    limit: int,
    channels: frozenset[Channel] | None = None,
    least: int = 0,
) -> list[UUID]:
    """Take messages that are due, the most urgent first, under a lease that ends at `until`.

    New work and work whose lease ran out are found alike, so nothing has to clean up after a crash. A registrant's
    messages go out one after the other: calendars that get an update before its invite keep the older one.

    Args:
        least: the priority to begin with; more urgent ones are passed over.
    """
    values = {"lease": lease, "now": now, "until": until, "at_most": limit, "least": least}
    connection = db.connection()
    walk_indexes(connection)
    return list(connection.execute(_claim(channels), values).scalars())


@cache
def _claim(channels: frozenset[Channel] | None) -> ReturningUpdate[Any]:
    """Built once: building it costs more than running it."""
    message = core(Message)
    earlier = message.alias("earlier")
    now, until = (sa.bindparam(name, type_=message.c.due_at.type) for name in ("now", "until"))
    is_waiting = message.c.state.in_([MessageState.planned, MessageState.sending])  # along the key, not that index
    first = sa.select(earlier.c.id).where(
        earlier.c.registration_id == message.c.registration_id,
        earlier.c.id < message.c.id,
        earlier.c.kind.in_(CALENDAR_KINDS),
        earlier.c.state.in_([MessageState.planned, MessageState.sending]),
    )
    due = (
        sa.select(message.c.id)
        .where(
            _IS_WAITING,
            _IS_KNOWN,
            message.c.priority >= sa.bindparam("least", type_=sa.Integer()),
            message.c.next_attempt_at <= now,
            sa.true() if channels is None else message.c.channel.in_(channels),
            sa.or_(message.c.kind.not_in(CALENDAR_KINDS), ~first.exists()),
        )
        .order_by(message.c.priority, message.c.next_attempt_at)
        .limit(sa.bindparam("at_most"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        sa.update(message)
        .where(message.c.id.in_(sa.select(due.c.id)), is_waiting)
        .values(
            state=MessageState.sending,
            lease=sa.bindparam("lease"),
            attempts=message.c.attempts + 1,
            next_attempt_at=until,
            first_attempt_at=sa.func.coalesce(message.c.first_attempt_at, now),
        )
        .returning(message.c.id)
    )


def take_expired(db: DbSession, *, lease: UUID, now: datetime, until: datetime, limit: int) -> list[UUID]:
    """Take messages that are of no use any more and in nobody's hands, due or put off, under a lease that ends at
    `until`. It looks through what waits, and through nothing else."""
    walk_indexes(db.connection())
    expired = (
        sa.select(_message.id)
        .where(
            _IS_WAITING,
            _IS_KNOWN,
            _message.deadline_at <= now,
            sa.or_(_message.state == MessageState.planned, _message.next_attempt_at <= now),
        )
        .order_by(_message.priority, _message.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("expired")
    )
    update = (
        sa.update(core(Message))
        .where(_message.id.in_(sa.select(expired.c.id)), _IS_WAITING)
        .values(state=MessageState.sending, lease=lease, next_attempt_at=until)
        .returning(_message.id)
    )
    return list(db.connection().execute(update).scalars())


def pull_in(
    db: DbSession,
    now: datetime,
    *,
    lease: timedelta,
    pause: timedelta,
    differ: timedelta,
    priorities: Collection[int],
    limit: int,
) -> int:
    """Bring nearer what waits for a moment that was worked out by a clock since set back. Returns how much.

    A lease then ends in `lease`: whoever holds it has let go by that time, for they count the seconds themselves. What
    was planned or tried later than now, or waits untried for longer than any `pause`, is due now; a reminder not before
    its time. A first try that is yet to come is forgotten: it would be the date of the mail.

    Args:
        differ: how far clocks that are right may lie apart.
        priorities: all there are. The index is walked for each, and only what is to come is looked at.
    """
    walk_indexes(db.connection())
    ahead = now + differ
    present = sa.literal(now, _message.due_at.type)
    is_leased = _message.state == MessageState.sending
    was_due_at_once = sa.and_(_message.created_at > ahead, _message.due_at == _message.created_at)
    due_at = sa.case((sa.or_(was_due_at_once, _message.due_at < now), present), else_=_message.due_at)
    is_untried = sa.and_(_message.attempts == 0, _message.kind != MessageKind.alert)  # an alert waits for the morning
    too_late = (
        sa.select(_message.id)
        .where(
            _IS_WAITING,
            _message.priority.in_(priorities),
            _message.next_attempt_at > ahead,
            sa.case(
                (is_leased, _message.next_attempt_at > ahead + lease),
                else_=sa.and_(
                    _message.next_attempt_at > due_at,
                    sa.or_(
                        _message.created_at > ahead,
                        _message.first_attempt_at > ahead,
                        sa.and_(is_untried, _message.next_attempt_at > ahead + pause),
                    ),
                ),
            ),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("too_late")
    )
    was_tried = sa.or_(is_leased, _message.first_attempt_at <= ahead)
    update = (
        sa.update(core(Message))
        .where(_message.id.in_(sa.select(too_late.c.id)), _IS_WAITING)
        .values(
            next_attempt_at=sa.case((is_leased, sa.literal(now + lease, _message.due_at.type)), else_=due_at),
            first_attempt_at=sa.case((was_tried, _message.first_attempt_at), else_=None),
        )
        .returning(_message.id)
    )
    return len(db.connection().execute(update).all())  # SQLite counts no rows of what begins with a WITH


def oldest_due_at(db: DbSession, now: datetime) -> datetime | None:
    """Since when the message that has waited longest could have been sent."""
    query = sa.select(sa.func.min(col(Message.next_attempt_at)))
    return db.scalar(query.where(_IS_WAITING, col(Message.next_attempt_at) <= now))


def count_put_off(db: DbSession, *, since: datetime | None, until: datetime) -> tuple[int, datetime | None]:
    """To how many people mails that fell due after `since` and by `until` were tried in vain and wait for another try;
    and when the first of them fell due. It looks through what waits, and through nothing else."""
    registration = core(Registration).c
    query = (
        sa.select(sa.func.count(registration.email_index.distinct()), sa.func.min(_message.due_at))
        .join_from(core(Message), core(Registration), registration.id == _message.registration_id)
        .where(
            _IS_WAITING,
            _message.state == MessageState.planned,
            _message.channel == Channel.email,
            _message.attempts > 0,
            _message.due_at <= until,
        )
    )
    if since is not None:
        query = query.where(_message.due_at > since)
    people, first_at = db.execute(query).one()
    return people, first_at


def spare_attempts(db: DbSession, message_ids: Sequence[UUID]) -> None:
    """Give messages that wait for another try the last one back: it was not their fault."""
    db.connection().execute(
        sa.update(core(Message))
        .where(_message.id.in_(message_ids), _message.state == MessageState.planned, _message.attempts > 0)
        .values(attempts=_message.attempts - 1)
    )
