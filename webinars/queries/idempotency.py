"""Answers kept for a while, by the key of the request they were given to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import KeptAnswer
from webinars.tables.base import core


def claim_key(db: DbSession, row: Mapping[str, Any]) -> bool:
    """Take a key for this transaction. False when it has been answered to.

    Whoever comes with the same key while the first is at work waits here until that one has committed or given up.
    """
    connection = db.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(core(KeptAnswer)).values(**row).on_conflict_do_nothing(index_elements=["key_hash"])
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def get_kept(db: DbSession, key_hash: bytes) -> KeptAnswer:
    """The row of a key that has been taken."""
    return db.scalars(sa.select(KeptAnswer).where(col(KeptAnswer.key_hash) == key_hash)).one()


def delete_kept(db: DbSession, before: datetime) -> int:
    """Forget the answers given before a moment."""
    result = db.connection().execute(sa.delete(core(KeptAnswer)).where(core(KeptAnswer).c.created_at < before))
    return result.rowcount
