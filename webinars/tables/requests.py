"""What registrants ask for after a session: it lands on the hosts' list of people to call."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, enum, moment, reference, sealed, told_last
from webinars.terms import RequestKind, TaskState
from webinars.vault import Sealed


class Request(Table, table=True):
    """One per registration and kind: asking again says more about the same wish."""

    __tablename__ = "requests"
    __table_args__ = (
        sa.UniqueConstraint("registration_id", "kind"),
        sa.Index("ix_requests_state_id", "state", "id"),
    )

    registration_id: UUID = reference("registrations.id", ondelete="CASCADE")
    session_id: UUID = reference("sessions.id", index=True, ondelete="CASCADE")
    kind: RequestKind = enum(RequestKind)
    details: Sealed | None = sealed(Retention.health, default=None)
    """JSON: what was told with it, such as whether there is a recent MRI and when a call suits."""
    state: TaskState = enum(TaskState, default=TaskState.open)
    note: Sealed | None = sealed(Retention.health, default=None)
    """The host's own."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = told_last()
