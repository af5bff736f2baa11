"""What is known of the ways of sending, told to all processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Transport
from webinars.tables.base import core

_TRANSPORT = core(Transport)


class Known(NamedTuple):
    """What is known of a way, in the order in which the rules take it."""

    tokens: float
    refilled_at: datetime
    paused_until: datetime | None
    failures: int
    failed_at: datetime | None


# Every batch reads this: built once.
_CONDITIONS = sa.select(
    _TRANSPORT.c.name,
    _TRANSPORT.c.tokens,
    _TRANSPORT.c.refilled_at,
    _TRANSPORT.c.paused_until,
    _TRANSPORT.c.failures,
    _TRANSPORT.c.failed_at,
)


def conditions(db: DbSession) -> dict[str, Known]:
    """What is known of each way, by name; nothing of one that never failed and has no rate."""
    return {row[0]: Known(*row[1:]) for row in db.connection().execute(_CONDITIONS)}


def lock_condition(db: DbSession, name: str, now: datetime, *, tokens: float) -> Known:
    """What is known of a way, for whoever is about to change it: others wait until the commit.

    Args:
        tokens: what a bucket that is not there yet begins with.
    """
    connection = db.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = {"name": name, "tokens": tokens, "refilled_at": now, "failures": 0}
    connection.execute(dialect.insert(_TRANSPORT).values(**fresh).on_conflict_do_nothing(index_elements=["name"]))
    row = connection.execute(_CONDITIONS.where(_TRANSPORT.c.name == name).with_for_update()).one()
    return Known(*row[1:])


def update_transport(db: DbSession, name: str, **values: object) -> None:
    """Change what is known of a way."""
    db.connection().execute(sa.update(_TRANSPORT).where(_TRANSPORT.c.name == name).values(**values))


def list_transports(db: DbSession) -> Sequence[Transport]:
    """All ways that anything is known of, by name."""
    return db.scalars(
        sa.select(Transport).order_by(col(Transport.name)).execution_options(populate_existing=True)
    ).all()
