"""The heartbeat of the scheduler processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Worker


def beat(db: DbSession, worker_id: UUID, now: datetime, figures: Mapping[str, Any]) -> bool:
    """Note that a worker is alive, and what it has counted. False when it is not known yet."""
    values = {"beat_at": now, "figures": figures}
    result = db.connection().execute(sa.update(Worker).where(col(Worker.id) == worker_id).values(**values))
    return bool(result.rowcount == 1)


def last_beat_at(db: DbSession) -> datetime | None:
    """When any worker was last alive."""
    return db.scalar(sa.select(sa.func.max(col(Worker.beat_at))))


def list_workers(db: DbSession) -> Sequence[Worker]:
    """All that were alive in the last day, longest running first."""
    return db.scalars(sa.select(Worker).order_by(col(Worker.started_at), col(Worker.id))).all()


def delete_silent(db: DbSession, before: datetime) -> None:
    """Forget workers that have not been heard of since a moment."""
    db.execute(sa.delete(Worker).where(col(Worker.beat_at) < before))
