"""What happens after a session: one row per registration, with its message and the host's task."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, enum, moment, reference, sealed
from webinars.terms import AttendanceState, TaskState
from webinars.vault import Sealed

_TASK = sa.text("task <> 'none'")


class FollowUp(Table, table=True):
    """The follow-up of one registration; the segment is its attendance when the session settled."""

    __tablename__ = "follow_ups"
    # Few have a task, and those that are open are counted on every page of the console.
    __table_args__ = (sa.Index("ix_follow_ups_task_id", "task", "id", sqlite_where=_TASK, postgresql_where=_TASK),)

    registration_id: UUID = reference("registrations.id", unique=True, ondelete="CASCADE")
    session_id: UUID = reference("sessions.id", index=True, ondelete="CASCADE")
    segment: AttendanceState = enum(AttendanceState)
    message_id: UUID | None = reference("messages.id", default=None, ondelete="SET NULL")
    """The mail; none where attendance is unknown, for no mail is better than the wrong one."""
    task: TaskState = enum(TaskState, default=TaskState.none)
    note: Sealed | None = sealed(Retention.health, default=None)
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()
