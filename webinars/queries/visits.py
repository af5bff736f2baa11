"""Visits and where they came from: counted up one by one, read as sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from webinars.db import DbSession
from webinars.tables import Attendance, Registration, VisitCount, Webinar, WebinarSession
from webinars.tables.base import core
from webinars.terms import AttendanceState, PublicationStatus, RegistrationStatus

_visits, _registrations, _attendance = core(VisitCount), core(Registration), core(Attendance)
_sessions, _webinars = core(WebinarSession), core(Webinar)
_CAME = (AttendanceState.attended, AttendanceState.left_early)

# What every look at a page runs is built once.
_FIND_OFFERED = (
    sa.select(
        _webinars.c.id,
        sa.func.count(_visits.c.id),
        sa.func.count(sa.case((_visits.c.source_hash == sa.bindparam("source_hash"), 1))),
    )
    .select_from(
        _webinars.outerjoin(
            _visits, sa.and_(_visits.c.webinar_id == _webinars.c.id, _visits.c.day == sa.bindparam("day"))
        )
    )
    .where(_webinars.c.slug == sa.bindparam("slug"), _webinars.c.status == PublicationStatus.published)
    .group_by(_webinars.c.id)
)


def find_offered(db: DbSession, slug: str, day: date, source_hash: bytes) -> tuple[UUID, int, bool] | None:
    """A webinar that the public sees: its id, how many sources it has on a day, and whether this is one of them."""
    asked = {"slug": slug, "day": day, "source_hash": source_hash}
    found = db.connection().execute(_FIND_OFFERED, asked).one_or_none()
    return None if found is None else (found[0], found[1], bool(found[2]))


def add_visit(db: DbSession, row: Mapping[str, Any]) -> None:
    """Count what a row says, in the row of its day, webinar and source."""
    connection = db.connection()
    connection.execute(_add_statement(connection.dialect.name == "postgresql"), row)


def sum_visits(db: DbSession, webinar_id: UUID) -> Sequence[sa.Row[Any, int, int]]:
    """`(source, visits, forms)` of a webinar, over all days."""
    return (
        db.connection()
        .execute(
            sa.select(_visits.c.source, sa.func.sum(_visits.c.visits), sa.func.sum(_visits.c.forms))
            .where(_visits.c.webinar_id == webinar_id)
            .group_by(_visits.c.source_hash, _visits.c.source)
        )
        .all()
    )


def sum_registrations(db: DbSession, webinar_id: UUID) -> Sequence[sa.Row[Any, int, int]]:
    """`(source, registrations, attended)` of a webinar. A place that ended by a move counts where it was moved to."""
    was_moved = sa.and_(
        _registrations.c.status == RegistrationStatus.withdrawn,
        _registrations.c.withdrawn_from.is_(None),
        _registrations.c.erased_at.is_(None),
    )
    joined = _registrations.join(_sessions, _sessions.c.id == _registrations.c.session_id).outerjoin(
        _attendance,
        sa.and_(_attendance.c.registration_id == _registrations.c.id, _attendance.c.state.in_(_CAME)),
    )
    return (
        db.connection()
        .execute(
            sa.select(_registrations.c.source, sa.func.count(), sa.func.count(_attendance.c.id))
            .select_from(joined)
            .where(_sessions.c.webinar_id == webinar_id, sa.not_(was_moved))
            .group_by(_registrations.c.source)
        )
        .all()
    )


@cache
def _add_statement(is_postgresql: bool) -> sa.Executable:
    insert = (postgresql if is_postgresql else sqlite).insert(_visits)
    statement: sa.Executable = insert.on_conflict_do_update(
        index_elements=["day", "webinar_id", "source_hash"],
        set_={name: _visits.c[name] + insert.excluded[name] for name in ("visits", "forms")},
    )
    return statement
