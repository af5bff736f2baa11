"""Answers that were given to an Idempotency-Key, for 24 hours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, column, moment


class IdempotencyKey(Table, table=True):
    """Written in the transaction of the work it stands for, so that a crash leaves no key without its effect."""

    __tablename__ = "idempotency_keys"

    key_hash: bytes = blind_index(Retention.log, unique=True)
    """SHA-256 of scope and key."""
    request_hash: bytes = blind_index(Retention.log)
    outcome: str = column(sa.String(40), keep=Retention.log)
    """What was answered, as a word of the service."""
    subject_id: UUID = column(sa.Uuid(), keep=Retention.log)
    """What was made."""
    created_at: datetime = moment(keep=Retention.log, index=True)
