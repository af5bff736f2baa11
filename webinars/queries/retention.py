"""What is kept of people, found by what its columns say of it, and cleared set by set.

A new column that says how long it is kept is in here by itself; a test fails for a table that cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from webinars.db import DbSession
from webinars.tables import (
    AttendanceInterval,
    AuditEntry,
    Consent,
    FollowUp,
    Registration,
    Request,
    Retention,
    SignIn,
    Subscription,
    Suppression,
    WebinarSession,
)
from webinars.tables.base import core, table_named
from webinars.terms import TaskState

WITHOUT_SESSION = {"subscriptions", "suppressions"}
"""Tables of people that hang on no session: alerts end by themselves, a mark goes with its address."""
_GO_WHOLE = {"answers"}
"""Tables whose rows say nothing without the value: an answer is deleted, not emptied."""
_LOGGED_AT = {"messages": "created_at", "suppressions": "created_at", "transports": "failed_at"}
"""Tables that are no logs themselves but have a column that is one, and since when its words are there."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The columns of a table whose values are kept for the same time."""

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]

    @property
    def names(self) -> list[str]:
        """`table.column` of each, as the audit names fields."""
        return [str(column) for column in self.columns]


@cache
def holdings(*keep: Retention) -> tuple[Holding, ...]:
    """All columns of these classes, by table."""
    found = [
        Holding(table, tuple(column for column in table.columns if column.info.get("retention") in keep))
        for table in SQLModel.metadata.sorted_tables
    ]
    return tuple(holding for holding in found if holding.columns)


def of_sessions(keep: Retention) -> list[Holding]:
    """Those that are kept for a time after a session."""
    return [holding for holding in holdings(keep) if holding.table.name not in WITHOUT_SESSION]


def list_due(
    db: DbSession, holding: Holding, *, ended_before: datetime, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Rows by id that still hold such a value, of sessions that ended before a moment; and were told before it, where
    the table says when they were.

    Raises:
        LookupError: if nothing leads from the table to a session.
    """
    query = _due(holding, ended_before).limit(limit)
    if after is not None:
        query = query.where(holding.table.c.id > after)
    return db.connection().execute(query).scalars().all()


def lock_due(db: DbSession, holding: Holding, ids: Sequence[UUID], *, ended_before: datetime) -> Sequence[UUID]:
    """Those of these rows that are due still and that nobody else changes just now: one may have been told anew since
    it was found."""
    table = holding.table
    query = _due(holding, ended_before).where(table.c.id.in_(ids)).with_for_update(of=table, skip_locked=True)
    return db.connection().execute(query).scalars().all()


def _due(holding: Holding, ended_before: datetime) -> sa.Select[UUID]:
    table, sessions = holding.table, core(WebinarSession)
    starts = [sessions.c.ends_at, *(column for column in table.columns if column.info.get("kept_from"))]
    query = sa.select(table.c.id).where(_is_kept(holding), *(start < ended_before for start in starts))
    return query.select_from(_with_session(table)).order_by(table.c.id)


def _with_session(table: sa.Table) -> sa.FromClause:
    registrations, sessions = core(Registration), core(WebinarSession)
    if "session_id" in table.c:
        return table.join(sessions, sessions.c.id == table.c.session_id)
    if "registration_id" not in table.c:
        raise LookupError(f"nothing says when what {table.name} keeps of people has to go")
    return table.join(registrations, registrations.c.id == table.c.registration_id).join(
        sessions, sessions.c.id == registrations.c.session_id
    )


def _is_kept(holding: Holding) -> sa.ColumnElement[bool]:
    """Whether anything is there. What must not be empty is filled with nothing, and its row says when that was."""
    signs = [column.is_not(None) for column in holding.columns if column.nullable]
    if "erased_at" in holding.table.c and any(not column.nullable for column in holding.columns):
        signs.append(holding.table.c.erased_at.is_(None))
    if not signs:
        raise LookupError(f"nothing says whether what {holding.table.name} keeps of people has gone")
    return sa.or_(*signs)


def clear(
    db: DbSession, holding: Holding, ids: Sequence[UUID], nothing: Callable[[sa.Column[Any], UUID], object]
) -> None:
    """Empty these columns in some rows.

    Args:
        db: the database handle.
        holding: the columns.
        ids: of the rows.
        nothing: what is to stand in a column that may not be empty.
    """
    table, filled = holding.table, [column for column in holding.columns if not column.nullable]
    if filled and ids:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row"))
        statement = statement.values({column.name: sa.bindparam(f"new_{column.name}") for column in filled})
        rows = [{"row": row} | {f"new_{column.name}": nothing(column, row) for column in filled} for row in ids]
        db.connection().execute(statement, rows)
    _empty(db, holding, table.c.id.in_(ids))


def clear_of(db: DbSession, registration_ids: Sequence[UUID]) -> None:
    """Empty what hangs on these registrations and tells of the person."""
    for holding in holdings(Retention.personal, Retention.health):
        if "registration_id" in holding.table.c:
            _empty(db, holding, holding.table.c.registration_id.in_(registration_ids))


def clear_logs_of(db: DbSession, column: str, ids: Sequence[UUID]) -> None:
    """Empty what servers said of the rows that belong to these registrations or subscriptions, however short ago.

    Args:
        db: the database handle.
        column: says whose a row is.
        ids: of theirs.
    """
    for holding in holdings(Retention.log):
        if column in holding.table.c:
            _empty(db, holding, holding.table.c[column].in_(ids))


def _empty(db: DbSession, holding: Holding, which: sa.ColumnElement[bool]) -> None:
    if holding.table.name in _GO_WHOLE:
        holds = sa.or_(*(column.is_not(None) for column in holding.columns))
        db.connection().execute(sa.delete(holding.table).where(which, holds))
        return
    nothing = {column.name: None for column in holding.columns if column.nullable}
    db.connection().execute(sa.update(holding.table).where(which).values(nothing))


def close_tasks(db: DbSession, registration_ids: Sequence[UUID]) -> None:
    """There is nobody left to call."""
    for table, state in ((core(FollowUp), "task"), (core(Request), "state")):
        db.connection().execute(
            sa.update(table)
            .where(table.c.registration_id.in_(registration_ids), table.c[state] == TaskState.open)
            .values({state: TaskState.none})
        )


def forget_unmatched(db: DbSession, email_index: bytes) -> int:
    """Delete reports of somebody in a room that no registration was found for. Returns how many."""
    table = core(AttendanceInterval)
    which = table.c.person_index == email_index, table.c.registration_id.is_(None)
    return db.connection().execute(sa.delete(table).where(*which)).rowcount


def clear_logs(db: DbSession, before: datetime) -> int:
    """Empty what servers said before a moment, and end sign-ins that ran out before it. Returns how many."""
    cleared = 0
    for name, moment in _LOGGED_AT.items():
        table = table_named(name)
        for column in table.columns:
            if column.info.get("retention") is Retention.log:
                nothing = None if column.nullable else ""
                is_there = column.is_not(None) if column.nullable else column != ""
                statement = sa.update(table).where(is_there, table.c[moment] < before).values({column.name: nothing})
                cleared += db.connection().execute(statement).rowcount
    sign_ins = core(SignIn)
    return cleared + db.connection().execute(sa.delete(sign_ins).where(sign_ins.c.expires_at < before)).rowcount


def delete_orphaned_marks(db: DbSession) -> int:
    """Delete marks on addresses that nobody here has any more. Returns how many."""
    marks = core(Suppression)
    known = [
        sa.exists().where(table.c.email_index == marks.c.email_index)
        for table in (core(Registration), core(Subscription))
    ]
    return db.connection().execute(sa.delete(marks).where(~sa.or_(*known))).rowcount


def delete_evidence(db: DbSession, before: datetime) -> int:
    """Delete consents and notes of deeds from before a moment. Returns how many."""
    consents, notes = core(Consent), core(AuditEntry)
    deleted = db.connection().execute(sa.delete(consents).where(consents.c.created_at < before)).rowcount
    return deleted + db.connection().execute(sa.delete(notes).where(notes.c.at < before)).rowcount
