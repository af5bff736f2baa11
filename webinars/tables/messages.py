"""The ledger: every message that was planned, what became of it and why. Rows are completed, never rewritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, column, document, enum, moment, reference
from webinars.terms import Channel, MessageKind, MessageState

_WAITING = sa.text("state IN ('planned', 'sending')")
_MERGED = sa.text("reason = 'merged'")


class Message(Table, table=True):
    """A message to a registrant or a subscriber. Its text is made when it is sent, and says what is true then."""

    __tablename__ = "messages"
    __table_args__ = (
        # Both new work and work whose lease ran out are found in this one range: nothing has to clean up after a crash.
        sa.Index("ix_messages_ready", "priority", "next_attempt_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        sa.Index("ix_messages_session_id_state", "session_id", "state"),
        sa.Index("ix_messages_registration_id_id", "registration_id", "id"),
        # Few rows are in any of these: every registration writes messages, and should not pay for them.
        sa.Index(
            "ix_messages_subscription_id",
            "subscription_id",
            sqlite_where=sa.text("subscription_id IS NOT NULL"),
            postgresql_where=sa.text("subscription_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_messages_provider_id",
            "provider_id",
            sqlite_where=sa.text("provider_id IS NOT NULL"),
            postgresql_where=sa.text("provider_id IS NOT NULL"),
        ),
        sa.Index("ix_messages_deadline_at", "deadline_at", sqlite_where=_MERGED, postgresql_where=_MERGED),
        sa.CheckConstraint("(registration_id IS NULL) <> (subscription_id IS NULL)", name="one_recipient"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    dedupe_key: str = column(sa.String(120), unique=True)
    """Says what the message is, so that planning it twice plans it once."""
    kind: MessageKind = enum(MessageKind, checked=False)
    channel: Channel = enum(Channel, checked=False, default=Channel.email)
    registration_id: UUID | None = reference("registrations.id", default=None, ondelete="CASCADE")
    subscription_id: UUID | None = reference("subscriptions.id", default=None, ondelete="CASCADE")
    session_id: UUID | None = reference("sessions.id", default=None, ondelete="CASCADE")
    rule_id: UUID | None = reference("reminder_rules.id", default=None, ondelete="SET NULL")
    schedule_version: int
    sequence: int
    """The calendar SEQUENCE this message carries."""
    facts: dict[str, Any] = document(default_factory=dict)
    """What cannot be read later, such as the time a session was moved from."""
    priority: int
    """0 before 1 before 2 before 3."""
    state: MessageState = enum(MessageState, default=MessageState.planned)
    reason: str | None = column(sa.String(40), default=None)
    due_at: datetime = moment()
    next_attempt_at: datetime = moment()
    """When it may be tried; while it is being sent, when its lease runs out."""
    deadline_at: datetime = moment()
    """From then on it is useless."""
    attempts: int = 0
    lease: UUID | None = column(sa.Uuid(), default=None)
    """Of the worker that is sending it."""
    first_attempt_at: datetime | None = moment(default=None)
    """Date and DTSTAMP of the mail, so that a repeat is recognised as one."""
    sent_at: datetime | None = moment(default=None)
    provider_id: str | None = column(sa.String(200), keep=Retention.log, default=None)
    """What the provider that took it calls it, for its reports of what became of it. With it the
    provider finds the address in its own records."""
    last_error: str | None = column(sa.String(500), keep=Retention.log, default=None)
    created_at: datetime = moment()
