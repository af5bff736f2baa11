"""Visits, counted. A row says how many came from where on a day, and nothing about who."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Table, column, document, reference


class VisitCount(Table, table=True):
    """How often a webinar's page was looked at, and its form opened, on one day from one source."""

    __tablename__ = "visit_counts"
    __table_args__ = (sa.UniqueConstraint("day", "webinar_id", "source_hash"),)

    day: date = column(sa.Date())
    """In UTC."""
    webinar_id: UUID = reference("webinars.id", ondelete="CASCADE", index=True)
    source_hash: bytes = column(sa.LargeBinary(16))
    source: dict[str, Any] = document(default_factory=dict)
    visits: int = 0
    forms: int = 0
