"""The heartbeat of the scheduler processes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Worker


def beat(db: DbSession, worker_id: UUID, now: datetime) -> bool:
    """Note that a worker is alive. False when it is not known yet."""
    result = db.connection().execute(sa.update(Worker).where(col(Worker.id) == worker_id).values(beat_at=now))
    return bool(result.rowcount == 1)


def last_beat_at(db: DbSession) -> datetime | None:
    """When any worker was last alive."""
    return db.scalar(sa.select(sa.func.max(col(Worker.beat_at))))


def delete_silent(db: DbSession, before: datetime) -> None:
    """Forget workers that have not been heard of since a moment."""
    db.execute(sa.delete(Worker).where(col(Worker.beat_at) < before))
