"""Keys of the JSON API."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, blind_index, column, document, moment


class Token(Table, table=True):
    """A key with scopes. It is shown once; the table keeps its hash."""

    __tablename__ = "tokens"

    name: str = column(sa.String(80))
    secret_hash: bytes = blind_index(Retention.record, unique=True)
    scopes: list[str] = document()
    created_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None)
