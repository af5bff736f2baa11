"""When messages about a session are due: the rules, and a planner's row for each rule and schedule version."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, document, enum, moment, reference
from webinars.terms import Anchor, Audience, Channel, ReminderState


class ReminderRule(Table, table=True):
    """How long before or after the start or end of a session, be it any of a webinar or a single one, it reminds."""

    __tablename__ = "reminder_rules"

    webinar_id: UUID = reference("webinars.id", index=True, ondelete="CASCADE")
    session_id: UUID | None = reference("sessions.id", index=True, default=None, ondelete="CASCADE")
    """The session that has rules of its own; None: every session that has not."""
    origin_id: UUID | None = reference("reminder_rules.id", default=None, ondelete="SET NULL")
    """The webinar's rule that a session's own one was copied from: what one has sent, the other does not send again."""
    name: str = column(sa.String(40))
    """What the ledger calls it, such as `24 h before`."""
    anchor: Anchor = enum(Anchor, default=Anchor.start)
    offset_days: int = 0
    """Negative is before the anchor, positive after it. Days are nominal: the wall time stays (RFC 5545, 3.3.6)."""
    offset_minutes: int = 0
    """Added to the days. Minutes are exact: they do not follow the wall clock."""
    audience: Audience = enum(Audience, default=Audience.everyone)
    texts: dict[str, Any] = document(default_factory=dict)
    """By language: the host's own words. Who reads one that is not there gets the usual words in it."""
    channel: Channel = enum(Channel, checked=False, default=Channel.email)
    is_enabled: bool = True
    retired_at: datetime | None = moment(default=None)
    """When it was deleted: the ledger still names it, and its copies still know what it has sent."""
    version: int = 1
    created_at: datetime = moment()


class Reminder(Table, table=True):
    """One rule for one session in one version of its schedule. Registrants are looked up only when it falls due."""

    __tablename__ = "reminders"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "rule_id", "schedule_version"),
        sa.Index(
            "ix_reminders_plan_at",
            "plan_at",
            sqlite_where=sa.text("state IN ('planned', 'running')"),
            postgresql_where=sa.text("state IN ('planned', 'running')"),
        ),
    )

    session_id: UUID = reference("sessions.id", ondelete="CASCADE")
    rule_id: UUID = reference("reminder_rules.id", ondelete="CASCADE")
    schedule_version: int
    due_at: datetime = moment()
    plan_at: datetime = moment()
    """When registrants are looked up: before `due_at` where quiet hours may move some messages earlier, then at it."""
    expires_at: datetime = moment()
    """From then on the reminder is useless."""
    state: ReminderState = enum(ReminderState, default=ReminderState.planned)
    cursor: UUID | None = column(sa.Uuid(), default=None)
    """The last registration that was planned, so that a crash costs one chunk."""
    planned: int = 0
    """Messages made."""
    created_at: datetime = moment()
