"""Reads of what was noted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import AuditEntry


def last_noted_at(
    db: DbSession, *, actor: str, action: str, subject_id: UUID | None, since: datetime
) -> datetime | None:
    """When somebody last did this to that, or (None) to nothing in particular, if it is not longer ago than `since`."""
    return db.scalar(
        sa.select(sa.func.max(col(AuditEntry.at))).where(
            col(AuditEntry.at) > since,
            col(AuditEntry.actor) == actor,
            col(AuditEntry.action) == action,
            col(AuditEntry.subject_id) == subject_id,
        )
    )
