"""Reads and claims of reminder rules and of the planner's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Registration, Reminder, ReminderRule, WebinarSession
from webinars.tables.base import core
from webinars.terms import RegistrationStatus, ReminderState, SessionStatus

_OPEN = (ReminderState.planned, ReminderState.running)


def list_rules(db: DbSession, webinar_id: UUID) -> Sequence[ReminderRule]:
    """A webinar's rules that are switched on."""
    return db.scalars(
        sa.select(ReminderRule)
        .where(col(ReminderRule.webinar_id) == webinar_id, col(ReminderRule.is_enabled))
        .order_by(col(ReminderRule.offset_minutes))
    ).all()


def list_reminders(db: DbSession, session_id: UUID, schedule_version: int) -> Sequence[sa.Row[Reminder, ReminderRule]]:
    """The planner's rows of one version of a session's schedule, with their rules, by the time they are due."""
    return db.execute(
        sa.select(Reminder, ReminderRule)
        .join(ReminderRule, col(ReminderRule.id) == col(Reminder.rule_id))
        .where(col(Reminder.session_id) == session_id, col(Reminder.schedule_version) == schedule_version)
        .order_by(col(Reminder.due_at))
    ).all()


def rule_names(db: DbSession, rule_ids: Sequence[UUID]) -> dict[UUID, str]:
    query = sa.select(col(ReminderRule.id), col(ReminderRule.name)).where(col(ReminderRule.id).in_(rule_ids))
    return {row[0]: row[1] for row in db.execute(query)}


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


def claim_due_reminder(db: DbSession, now: datetime) -> tuple[Reminder, WebinarSession] | None:
    """A reminder that has fallen due, locked, with its session; or None."""
    row = db.execute(
        sa.select(Reminder, WebinarSession)
        .join(WebinarSession, col(WebinarSession.id) == col(Reminder.session_id))
        .where(sa.text("reminders.state IN ('planned', 'running')"), col(Reminder.plan_at) <= now)
        .order_by(col(Reminder.plan_at))
        .limit(1)
        .with_for_update(skip_locked=True, of=Reminder)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1]) if row else None


def list_to_remind(
    db: DbSession, session_id: UUID, *, confirmed_until: datetime, after: UUID | None, limit: int
) -> Sequence[sa.Row[UUID, int]]:
    """`(id, revision)` of who was confirmed by a moment, by id."""
    query = sa.select(col(Registration.id), col(Registration.revision)).where(
        col(Registration.session_id) == session_id,
        col(Registration.status) == RegistrationStatus.confirmed,
        col(Registration.confirmed_at) <= confirmed_until,
    )
    if after is not None:
        query = query.where(col(Registration.id) > after)
    return db.execute(query.order_by(col(Registration.id)).limit(limit)).all()


def list_unplanned(db: DbSession, *, starts_from: datetime, starts_until: datetime) -> Sequence[WebinarSession]:
    """Scheduled sessions in a span that lack a planner's row for one of their webinar's rules."""
    planned = sa.exists().where(
        col(Reminder.session_id) == col(WebinarSession.id),
        col(Reminder.rule_id) == col(ReminderRule.id),
        col(Reminder.schedule_version) == col(WebinarSession.schedule_version),
    )
    return db.scalars(
        sa.select(WebinarSession)
        .where(
            col(WebinarSession.status) == SessionStatus.scheduled,
            col(WebinarSession.starts_at).between(starts_from, starts_until),
            sa.exists().where(
                col(ReminderRule.webinar_id) == col(WebinarSession.webinar_id),
                col(ReminderRule.is_enabled),
                ~planned,
            ),
        )
        .distinct()
    ).all()


def list_just_done(db: DbSession, *, due_from: datetime) -> Sequence[Reminder]:
    """Reminders that were planned lately and that a registration committed in the same instant may have missed."""
    return db.scalars(
        sa.select(Reminder).where(col(Reminder.state) == ReminderState.done, col(Reminder.due_at) >= due_from)
    ).all()
