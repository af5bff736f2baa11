"""The scheduler processes that are alive. For people to look at: nothing depends on it for recovery."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webinars.tables.base import Table, column, document, moment


class Worker(Table, table=True):
    """One scheduler process."""

    __tablename__ = "workers"

    place: str = column(sa.String(120))
    """Machine and process number."""
    started_at: datetime = moment()
    beat_at: datetime = moment(index=True)
    figures: dict[str, Any] = document(default_factory=dict)
    """What it has counted since it was started (webinars/tally.py)."""
