"""Reads, claims and locks of the planner's rows: one for each rule, session and version of its schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.queries.recipients import Stretch
from webinars.tables import AttendanceInterval, Message, Registration, Reminder, ReminderRule, WebinarSession
from webinars.tables.base import core
from webinars.terms import (
    REMINDER_KINDS,
    Audience,
    MessageState,
    RegistrationStatus,
    ReminderState,
    SessionStatus,
    SkipReason,
)

_OPEN = (ReminderState.planned, ReminderState.running)
_PLANNING = 8_217_406_520
"""Any number that no other program takes on the same PostgreSQL database, and no other part of this one."""
Planned = tuple[Reminder, ReminderRule]


def list_reminders(db: DbSession, session_id: UUID, schedule_version: int, *, locked: bool = False) -> list[Planned]:
    """The planner's rows of one version of a session's schedule, with their rules, by the time they are due."""
    query = (
        sa.select(Reminder, ReminderRule)
        .join(ReminderRule, col(ReminderRule.id) == col(Reminder.rule_id))
        .where(col(Reminder.session_id) == session_id, col(Reminder.schedule_version) == schedule_version)
        .order_by(col(Reminder.due_at), col(Reminder.id))
    )
    if locked:
        query = query.with_for_update(of=Reminder).execution_options(populate_existing=True)
    return [(reminder, rule) for reminder, rule in db.execute(query)]


def lock_reminder(db: DbSession, reminder_id: UUID) -> Reminder | None:
    """A planner's row that nobody else changes until the end of the transaction; None if somebody is just doing so."""
    query = sa.select(Reminder).where(col(Reminder.id) == reminder_id)
    return db.scalar(query.with_for_update(skip_locked=True).execution_options(populate_existing=True))


def insert_reminders(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write planner's rows; one that is there already, perhaps by another worker, is left as it is."""
    if rows:
        connection = db.connection()
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        key = ["session_id", "rule_id", "schedule_version"]
        connection.execute(dialect.insert(core(Reminder)).on_conflict_do_nothing(index_elements=key), rows)


def supersede_reminders(db: DbSession, session_id: UUID, before_version: int) -> None:
    """What was planned for older versions of the schedule is void."""
    db.execute(
        sa.update(Reminder)
        .where(
            col(Reminder.session_id) == session_id,
            col(Reminder.schedule_version) < before_version,
            col(Reminder.state).in_(_OPEN),
        )
        .values(state=ReminderState.superseded)
        .execution_options(synchronize_session=False)
    )


def begin_planning(db: DbSession) -> bool:
    """Decide alone who is told what, until the end of the transaction: of two who plan at once neither would see what
    the other says to the same person, who would get two mails for one. False if another worker is at it. On SQLite
    whoever writes is alone anyway.

    The database itself ends this with the transaction, also of a worker that was killed.
    """
    connection = db.connection()
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_PLANNING))))


def claim_due_reminder(db: DbSession, now: datetime) -> tuple[Reminder, ReminderRule, WebinarSession] | None:
    """The first reminder whose registrants are to be looked up, locked, with its rule and session; or None.

    All of an earlier session's come before a later one's: they speak for it. If the first is locked, because its
    session is just being changed, there is none: the second must not get ahead of it.
    """
    is_due = sa.and_(sa.text("reminders.state IN ('planned', 'running')"), col(Reminder.plan_at) <= now)
    first = (
        sa.select(col(Reminder.id))
        .join(WebinarSession, col(WebinarSession.id) == col(Reminder.session_id))
        .where(is_due)
        .order_by(col(WebinarSession.starts_at), col(WebinarSession.id), col(Reminder.plan_at), col(Reminder.id))
        .limit(1)
        .correlate(None)
    )
    row = db.execute(
        sa.select(Reminder, ReminderRule, WebinarSession)
        .join(ReminderRule, col(ReminderRule.id) == col(Reminder.rule_id))
        .join(WebinarSession, col(WebinarSession.id) == col(Reminder.session_id))
        .where(col(Reminder.id) == first.scalar_subquery(), is_due)
        .with_for_update(skip_locked=True, of=Reminder)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1], row[2]) if row else None


def oldest_plan_at(db: DbSession, now: datetime) -> datetime | None:
    """Since when the reminder that has waited longest could have become messages."""
    return db.scalar(
        sa.select(sa.func.min(col(Reminder.plan_at))).where(
            sa.text("reminders.state IN ('planned', 'running')"), col(Reminder.plan_at) <= now
        )
    )


def drop_messages(db: DbSession, session: WebinarSession, keys: Collection[UUID]) -> None:
    """Skip what has not been sent of a session's reminders whose rules are none of those with these keys."""
    message = core(Message).c
    db.execute(
        sa.update(core(Message))
        .where(
            message.session_id == session.id,
            message.state == MessageState.planned,
            message.kind.in_(REMINDER_KINDS),
            message.rule_id.not_in(_ids_of(session.webinar_id, keys)),
        )
        .values(state=MessageState.skipped, reason=SkipReason.superseded.value)
    )


def revive_messages(db: DbSession, session: WebinarSession, keys: Collection[UUID], now: datetime) -> None:
    """Let come after all what was dropped of a session's reminders, by rules that have these keys, and is of use still.

    For its present schedule nothing else is called superseded.
    """
    message = core(Message).c
    db.execute(
        sa.update(core(Message))
        .where(
            message.session_id == session.id,
            message.state == MessageState.skipped,
            message.reason == SkipReason.superseded.value,
            message.kind.in_(REMINDER_KINDS),
            message.schedule_version == session.schedule_version,
            message.deadline_at > now,
            message.rule_id.in_(_ids_of(session.webinar_id, keys)),
        )
        .values(state=MessageState.planned, reason=None)
    )


def forget_dropped(db: DbSession, session: WebinarSession, keys: Collection[UUID]) -> set[UUID]:
    """Delete what was dropped of a session's reminders by rules that have these keys, so that it can be planned anew.
    Returns the keys of those rules of which there was any."""
    message = core(Message).c
    is_dropped = sa.and_(
        message.session_id == session.id,
        message.state == MessageState.skipped,
        message.reason == SkipReason.superseded.value,
        message.kind.in_(REMINDER_KINDS),
        message.schedule_version == session.schedule_version,
        message.rule_id.in_(_ids_of(session.webinar_id, keys)),
    )
    dropped = sa.select(message.rule_id).where(is_dropped)
    key = sa.func.coalesce(col(ReminderRule.origin_id), col(ReminderRule.id), type_=sa.Uuid())
    found = set(db.scalars(sa.select(key).where(col(ReminderRule.id).in_(dropped))))
    if found:
        db.execute(sa.delete(core(Message)).where(is_dropped))
    return found


def _ids_of(webinar_id: UUID, keys: Collection[UUID]) -> sa.Select[UUID]:
    """The rules with these keys: the webinar's and their copies, retired ones too."""
    key = sa.func.coalesce(col(ReminderRule.origin_id), col(ReminderRule.id))
    return sa.select(col(ReminderRule.id)).where(col(ReminderRule.webinar_id) == webinar_id, key.in_(keys))


def list_reminded(db: DbSession, reminder: Reminder, rule: ReminderRule, within: Stretch) -> set[UUID]:
    """Who has a message of this reminder already, under whichever rule with the same key."""
    query = sa.select(core(Message).c.registration_id).where(
        core(Message).c.registration_id.between(within.first, within.last), _is_of(reminder, rule)
    )
    return set(db.scalars(query))


def count_unreminded(db: DbSession, reminder: Reminder, rule: ReminderRule, *, joined_since: datetime) -> int:
    """How many had a seat when a reminder fell due and have no message of it; if it is for those who are not there, the
    ones who came from a moment on are not counted."""
    registration, stay = core(Registration).c, core(AttendanceInterval).c
    query = sa.select(sa.func.count()).where(
        registration.session_id == reminder.session_id,
        registration.status == RegistrationStatus.confirmed,
        registration.confirmed_at <= reminder.due_at,
        ~sa.exists().where(core(Message).c.registration_id == registration.id, _is_of(reminder, rule)),
    )
    if rule.audience is Audience.absent:
        query = query.where(~sa.exists().where(stay.registration_id == registration.id, stay.joined_at >= joined_since))
    return db.scalar(query) or 0


def _is_of(reminder: Reminder, rule: ReminderRule) -> sa.ColumnElement[bool]:
    message = core(Message).c
    # All messages of a registration are about its session; to ask for that, too, would make SQLite go through all of
    # the session's messages for each.
    return sa.and_(
        message.schedule_version == reminder.schedule_version,
        message.rule_id.in_(_ids_of(rule.webinar_id, [rule.origin_id or rule.id])),
    )


def list_unplanned(db: DbSession, *, starts_from: datetime, starts_until: datetime) -> Sequence[WebinarSession]:
    """Scheduled sessions in a span that lack a planner's row for one of the rules that hold for them; by id, as
    everything is that changes several sessions."""
    planned = sa.exists().where(
        col(Reminder.session_id) == col(WebinarSession.id),
        col(Reminder.rule_id) == col(ReminderRule.id),
        col(Reminder.schedule_version) == col(WebinarSession.schedule_version),
    )
    holds = sa.or_(
        sa.and_(~col(WebinarSession.has_own_reminders), col(ReminderRule.session_id).is_(None)),
        sa.and_(col(WebinarSession.has_own_reminders), col(ReminderRule.session_id) == col(WebinarSession.id)),
    )
    return db.scalars(
        sa.select(WebinarSession)
        .where(
            col(WebinarSession.status) == SessionStatus.scheduled,
            col(WebinarSession.starts_at).between(starts_from, starts_until),
            sa.exists().where(
                col(ReminderRule.webinar_id) == col(WebinarSession.webinar_id),
                col(ReminderRule.is_enabled),
                holds,
                ~planned,
            ),
        )
        .distinct()
        .order_by(col(WebinarSession.id))
    ).all()


def list_just_done(db: DbSession, *, due_from: datetime) -> Sequence[Reminder]:
    """Reminders that were planned lately and that a registration committed in the same instant may have missed."""
    return db.scalars(
        sa.select(Reminder).where(col(Reminder.state) == ReminderState.done, col(Reminder.due_at) >= due_from)
    ).all()
