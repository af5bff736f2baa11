"""Addresses that nothing is sent to any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, column, enum, moment, reference
from webinars.terms import SuppressionReason


class Suppression(Table, table=True):
    """What became of mail to an address. A host who corrects the address, or lifts the mark, opens the way again."""

    __tablename__ = "suppressions"

    email_index: bytes = blind_index(Retention.personal, unique=True)
    reason: SuppressionReason = enum(SuppressionReason)
    detail: str = column(sa.String(200), keep=Retention.log, default="")
    """In the server's words, without addresses."""
    message_id: UUID | None = reference("messages.id", default=None, ondelete="SET NULL")
    """The message that came back."""
    created_at: datetime = moment()


class InboundEvent(Table, table=True):
    """A report that was taken in from outside, so that a replay of it changes nothing."""

    __tablename__ = "inbound_events"

    digest: bytes = column(sa.LargeBinary(32), keep=Retention.log, unique=True)
    """SHA-256 of who sent it and what they call it."""
    created_at: datetime = moment(keep=Retention.log, index=True)
