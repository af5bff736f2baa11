"""When messages about a session are due: the rules, and a planner's row for each rule and schedule version."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, enum, moment, reference
from webinars.terms import Anchor, Channel, ReminderState


class ReminderRule(Table, table=True):
    """A reminder of a webinar: how long before or after the start or the end of each of its sessions."""

    __tablename__ = "reminder_rules"

    webinar_id: UUID = reference("webinars.id", index=True, ondelete="CASCADE")
    name: str = column(sa.String(40))
    """What the ledger calls it, such as `24 h before`."""
    anchor: Anchor = enum(Anchor, default=Anchor.start)
    offset_minutes: int
    """Negative is before the anchor, positive after it. Minutes are exact: they do not follow the wall clock."""
    channel: Channel = enum(Channel, checked=False, default=Channel.email)
    is_enabled: bool = True
    created_at: datetime = moment()


class Reminder(Table, table=True):
    """One rule for one session in one version of its schedule. Registrants are looked up only when it falls due."""

    __tablename__ = "reminders"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "rule_id", "schedule_version"),
        sa.Index(
            "ix_reminders_due_at",
            "due_at",
            sqlite_where=sa.text("state IN ('planned', 'running')"),
            postgresql_where=sa.text("state IN ('planned', 'running')"),
        ),
    )

    session_id: UUID = reference("sessions.id", ondelete="CASCADE")
    rule_id: UUID = reference("reminder_rules.id", ondelete="CASCADE")
    schedule_version: int
    due_at: datetime = moment()
    expires_at: datetime = moment()
    """From then on the reminder is useless."""
    state: ReminderState = enum(ReminderState, default=ReminderState.planned)
    cursor: UUID | None = column(sa.Uuid(), default=None)
    """The last registration that was planned, so that a crash costs one chunk."""
    planned: int = 0
    """Messages made."""
    created_at: datetime = moment()
