"""What was answered to an Idempotency-Key, for 24 hours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, column, moment, sealed
from webinars.vault import Sealed


class IdempotencyKey(Table, table=True):
    """Of a registration. Written in the transaction of the work, so that a crash leaves no key without its effect."""

    __tablename__ = "idempotency_keys"

    key_hash: bytes = blind_index(Retention.log, unique=True)
    """SHA-256 of scope and key."""
    request_hash: bytes = blind_index(Retention.log)
    outcome: str = column(sa.String(40), keep=Retention.log)
    """What was answered, as a word of the service."""
    subject_id: UUID = column(sa.Uuid(), keep=Retention.log)
    """What was made."""
    created_at: datetime = moment(keep=Retention.log, index=True)


class KeptAnswer(Table, table=True):
    """Of all else that a token sends: the answer word for word."""

    __tablename__ = "kept_answers"

    key_hash: bytes = blind_index(Retention.log, unique=True)
    """SHA-256 of scope and key."""
    request_hash: bytes = blind_index(Retention.log)
    answer: Sealed | None = sealed(Retention.log, default=None)
    """Empty inside the transaction that does the work, and once somebody of whom it spoke has been erased."""
    created_at: datetime = moment(keep=Retention.log, index=True)
