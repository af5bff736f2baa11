"""Reads, claims and locks of the planner's rows: one for each rule, session and version of its schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Reminder, ReminderRule, WebinarSession
from webinars.tables.base import core
from webinars.terms import ReminderState, SessionStatus

_OPEN = (ReminderState.planned, ReminderState.running)
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


def claim_due_reminder(db: DbSession, now: datetime) -> tuple[Reminder, ReminderRule, WebinarSession] | None:
    """A reminder whose registrants are to be looked up, locked, with its rule and session; or None.

    In order of session where several are due at once: an earlier session's reminder speaks for a later one's.
    """
    row = db.execute(
        sa.select(Reminder, ReminderRule, WebinarSession)
        .join(ReminderRule, col(ReminderRule.id) == col(Reminder.rule_id))
        .join(WebinarSession, col(WebinarSession.id) == col(Reminder.session_id))
        .where(sa.text("reminders.state IN ('planned', 'running')"), col(Reminder.plan_at) <= now)
        .order_by(col(Reminder.plan_at), col(WebinarSession.starts_at), col(WebinarSession.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=Reminder)
        .execution_options(populate_existing=True)
    ).first()
    return (row[0], row[1], row[2]) if row else None


def list_unplanned(db: DbSession, *, starts_from: datetime, starts_until: datetime) -> Sequence[WebinarSession]:
    """Scheduled sessions in a span that lack a planner's row for one of the rules that hold for them."""
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
    ).all()


def list_just_done(db: DbSession, *, due_from: datetime) -> Sequence[Reminder]:
    """Reminders that were planned lately and that a registration committed in the same instant may have missed."""
    return db.scalars(
        sa.select(Reminder).where(col(Reminder.state) == ReminderState.done, col(Reminder.due_at) >= due_from)
    ).all()
