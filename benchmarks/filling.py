"""Many registrations at once: copies of one that the services made, written by the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks.data import add_registrations
from webinars.tables import Message, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import MessageState
from webinars.work import Process, Work

_sessions, _registrations, _messages = core(WebinarSession), core(Registration), core(Message)


def fill(process: Process, hot: UUID, count: int) -> None:
    """Bring an empty database to so many registrations, each with its message, which was sent. Every second one is in
    the hot session, the rest in turn in the others; the counters are right, and the planner knows.
    """
    add_registrations(process, hot, 1)
    with process.work() as work:
        if process.engines.is_sqlite:
            work.db.connection().exec_driver_sql("PRAGMA cache_size=-1000000")
        work.db.execute(sa.update(_messages).values(state=MessageState.sent))
        if count > 1:
            _copy_registrations(work, hot, count - 1)
            _copy_messages(work)
        seats = sa.select(sa.func.count()).where(_registrations.c.session_id == _sessions.c.id)
        work.db.execute(sa.update(_sessions).values(seats_taken=seats.scalar_subquery()))
    process.engines.dispose()
    _tidy(process)


def _copy_registrations(work: Work, hot: UUID, count: int) -> None:
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < count))
    place = sa.func.row_number().over(order_by=(_sessions.c.id != hot, _sessions.c.id)) - 1
    line = sa.select(_sessions.c.id, place.label("place"), (sa.func.count().over() - 1).label("others")).cte("line")
    in_turn = sa.case((numbers.c.n % 2 == 0, 0), else_=1 + numbers.c.n // 2 % line.c.others)
    if work.process.engines.is_sqlite:
        new_id: sa.ColumnElement[Any] = sa.func.printf("%032x", numbers.c.n)
        index = sa.func.randomblob(32)
    else:
        new_id = sa.cast(sa.func.lpad(sa.func.to_hex(numbers.c.n), 32, "0"), sa.Uuid())
        index = sa.func.sha256(sa.func.int8send(numbers.c.n))
    changed = {"id": new_id, "email_index": index, "session_id": line.c.id}
    _insert_copies(work, _registrations, changed, numbers.join(line, line.c.place == in_turn))


def _copy_messages(work: Work) -> None:
    registration = _registrations.c
    known = sa.select(_messages.c.registration_id).scalar_subquery()
    changed = {
        "id": registration.id,
        "dedupe_key": sa.literal("copied:") + sa.cast(registration.id, sa.String()),
        "registration_id": registration.id,
        "session_id": registration.session_id,
    }
    _insert_copies(work, _messages, changed, _registrations, registration.id != known)


def _insert_copies(
    work: Work,
    table: sa.Table,
    changed: Mapping[str, sa.ColumnElement[Any]],
    source: sa.FromClause,
    *conditions: sa.ColumnElement[bool],
) -> None:
    """As many as the source has rows, of the one row that is there."""
    original = work.db.execute(sa.select(table)).mappings().one()
    columns = [changed.get(column.name, sa.literal(original[column.name], column.type)) for column in table.c]
    query = sa.select(*columns).select_from(source).where(*conditions)
    work.db.execute(sa.insert(table).from_select([column.name for column in table.c], query))


def _tidy(process: Process) -> None:
    """Nothing is left to be done in the background while something is measured."""
    last = ("ANALYZE",) if process.engines.is_sqlite else ("VACUUM ANALYZE", "CHECKPOINT")
    with process.engines.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in last:
            connection.exec_driver_sql(statement)
        connection.commit()
