"""Answers kept for a while, by the key of the request they were given to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import IdempotencyKey, KeptAnswer
from webinars.tables.base import core
from webinars.vault import Sealed


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


def read_answers(db: DbSession) -> Iterator[tuple[UUID, Sealed]]:
    """All answers with the rows they are in, a few at a time: one of a batch is long."""
    table = core(KeptAnswer)
    query = sa.select(table.c.id, table.c.answer).where(table.c.answer.is_not(None))
    return ((row_id, answer) for row_id, answer in db.connection().execute(query, execution_options={"yield_per": 100}))


def void_answers(db: DbSession, ids: Sequence[UUID], request_hash: bytes) -> None:
    """Take answers away, and what was asked. The keys stay."""
    table = core(KeptAnswer)
    db.connection().execute(sa.update(table).where(table.c.id.in_(ids)).values(answer=None, request_hash=request_hash))


def void_keys(db: DbSession, registration_id: UUID, request_hash: bytes) -> None:
    """The same of the requests that made a registration."""
    table = core(IdempotencyKey)
    db.connection().execute(
        sa.update(table).where(table.c.subject_id == registration_id).values(request_hash=request_hash)
    )


def delete_kept(db: DbSession, before: datetime) -> int:
    """Forget the answers given before a moment."""
    result = db.connection().execute(sa.delete(core(KeptAnswer)).where(core(KeptAnswer).c.created_at < before))
    return result.rowcount
