"""Who did what. Rows are added, never changed; they name fields, never values."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, column, document, moment


class AuditEntry(Table, table=True):
    """One deed of a host, a token or a command."""

    __tablename__ = "audit"

    at: datetime = moment(keep=Retention.evidence, index=True)
    actor: str = column(sa.String(60), keep=Retention.evidence)
    """`host:<id>`, `token:<id>` or `command`."""
    action: str = column(sa.String(60), keep=Retention.evidence)
    subject_id: UUID | None = column(sa.Uuid(), keep=Retention.evidence, default=None)
    fields: list[str] = document(Retention.evidence, default_factory=list)
