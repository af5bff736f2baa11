"""Reads of what public pages hang on: plain columns, for they are read once a second."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.db import DbSession
from webinars.tables import Presenter, Topic, Webinar, WebinarSession
from webinars.tables.base import core
from webinars.terms import PublicationStatus, SessionStatus


@dataclass(frozen=True, slots=True)
class ComingRow:
    """What tells how a session stands, and whether it was changed."""

    id: UUID
    version: int
    schedule_version: int
    details_version: int
    updated_at: datetime
    status: SessionStatus
    starts_at: datetime
    ends_at: datetime
    capacity: int
    seats_taken: int
    waitlisted: int
    waitlist_open: bool
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None


_sessions, _webinars = core(WebinarSession), core(Webinar)
_SHOWN = (SessionStatus.scheduled, SessionStatus.cancelled)
_CATALOGUE = sa.union_all(
    *(
        sa.select(sa.literal(number), sa.func.count(), sa.func.sum(table.c.version), sa.func.max(table.c.updated_at))
        for number, table in enumerate((core(Topic), core(Presenter), _webinars))
    )
).order_by(sa.literal_column("1"))
_COMING = (
    sa.select(*(_sessions.c[field.name] for field in fields(ComingRow)))
    .join_from(_sessions, _webinars, _webinars.c.id == _sessions.c.webinar_id)
    .where(
        _webinars.c.status == PublicationStatus.published,
        _sessions.c.status.in_(_SHOWN),
        _sessions.c.starts_at >= sa.bindparam("starts_from"),
    )
    .order_by(_sessions.c.starts_at, _sessions.c.id)
)


def catalogue_mark(db: DbSession) -> tuple[Any, ...]:
    """What differs whenever a topic, a presenter or a webinar does: of each table how many rows, the sum of versions
    that only grow, and the newest change."""
    return tuple(tuple(row) for row in db.connection().execute(_CATALOGUE))


def list_coming(db: DbSession, starts_from: datetime) -> list[ComingRow]:
    """The sessions to come that the public may see, by start."""
    return [ComingRow(*row) for row in db.connection().execute(_COMING, {"starts_from": starts_from})]
