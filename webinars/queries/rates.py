"""Counting tries, for many buckets in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from webinars.db import DbSession
from webinars.tables import RateCount
from webinars.tables.base import core

_counts = core(RateCount)
_GIVE_BACK = (
    sa.update(_counts)
    .where(_counts.c.bucket == sa.bindparam("of"), _counts.c.short_count > 0, _counts.c.long_count > 0)
    .values(short_count=_counts.c.short_count - 1, long_count=_counts.c.long_count - 1)
)


def count_tries(
    db: DbSession,
    tries: Mapping[bytes, int],
    now: datetime,
    *,
    short: timedelta,
    short_most: int,
    long: timedelta,
) -> Sequence[sa.Row[bytes, datetime, int, datetime, int]]:
    """Add tries to buckets; the long window counts those that the short one lets through.

    In the order of the buckets: processes that count for the same ones wait for each other, never in a circle.

    Args:
        tries: how many, by bucket.
        short, long: how long a window lasts, from the first try in it.
        short_most: how many the short one lets through; 0: all.

    Returns:
        `(bucket, short_since, short_count, long_since, long_count)`, in no order.
    """
    rows = [
        {
            "bucket": bucket,
            "short_since": now,
            "short_count": number,
            "long_since": now,
            "long_count": min(number, short_most or number),
        }
        for bucket, number in sorted(tries.items())
    ]
    connection = db.connection()
    is_postgresql = connection.dialect.name == "postgresql"
    return connection.execute(_count_statement(short, short_most, long, is_postgresql), rows).all()


def give_back(db: DbSession, buckets: Sequence[bytes]) -> None:
    """Take one try out of each bucket again."""
    db.connection().execute(_GIVE_BACK, [{"of": bucket} for bucket in sorted(buckets)])


def delete_counts(db: DbSession, before: datetime) -> int:
    """Forget buckets whose long window began before a moment."""
    over = sa.select(_counts.c.bucket).where(_counts.c.long_since < before)
    mine = over.order_by(_counts.c.bucket).with_for_update(skip_locked=True)  # who counts at this moment goes first
    return db.connection().execute(sa.delete(_counts).where(_counts.c.bucket.in_(mine))).rowcount


@lru_cache(maxsize=32)
def _count_statement(short: timedelta, short_most: int, long: timedelta, is_postgresql: bool) -> sa.Executable:
    """Built once for each limit, whose figures are written into it: parameters in SET are copied for each row."""
    insert = (postgresql if is_postgresql else sqlite).insert(_counts)
    new, old = insert.excluded, _counts.c
    is_short = _is_running(old.short_since, new.short_since, short, is_postgresql)
    is_long = _is_running(old.long_since, new.long_since, long, is_postgresql)
    short_before = sa.case((is_short, old.short_count), else_=_figure(0))
    long_before = sa.case((is_long, old.long_count), else_=_figure(0))
    statement: sa.Executable = insert.on_conflict_do_update(
        index_elements=["bucket"],
        set_={
            "short_since": sa.case((is_short, old.short_since), else_=new.short_since),
            "short_count": short_before + new.short_count,
            "long_since": sa.case((is_long, old.long_since), else_=new.long_since),
            "long_count": long_before + _let_through(short_most, short_before, new.short_count),
        },
    ).returning(old.bucket, old.short_since, old.short_count, old.long_since, old.long_count)
    return statement


def _is_running(
    since: sa.ColumnElement[datetime], now: sa.ColumnElement[datetime], window: timedelta, is_postgresql: bool
) -> sa.ColumnElement[bool]:
    """Whether a window is not over yet. One that begins far in the future does not hold: a clock was put right."""
    microseconds = window // timedelta(microseconds=1)
    length: sa.ColumnElement[Any] = (
        sa.literal_column(f"INTERVAL '{microseconds} microseconds'") if is_postgresql else _figure(microseconds)
    )
    return sa.and_(since > now - length, since < now + length)


def _let_through(most: int, before: sa.ColumnElement[int], tries: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """`rules.rates.passed`, as the database computes it."""
    if most == 0:
        return tries
    room = _figure(most) - before
    return sa.case((room <= _figure(0), _figure(0)), (room < tries, room), else_=tries)


def _figure(number: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(number), sa.BigInteger())
