"""Everything that is kept of one person, row by row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import AttendanceInterval, Topic, Webinar, WebinarSession
from webinars.tables.base import core, table_named

Row = sa.RowMapping


def rows_of(db: DbSession, table: str, column: str, values: Collection[object]) -> Sequence[Row]:
    """The rows of a table that belong to somebody, in the order they were made."""
    found = table_named(table)
    query = sa.select(found).where(found.c[column].in_(values)).order_by(found.c.id)
    return db.connection().execute(query).mappings().all()


def reports_unmatched(db: DbSession, email_index: bytes) -> Sequence[Row]:
    """Reports that an address was in a room, where no registration was found for it."""
    found = core(AttendanceInterval)
    which = found.c.person_index == email_index, found.c.registration_id.is_(None)
    return db.connection().execute(sa.select(found).where(*which).order_by(found.c.id)).mappings().all()


def sessions_named(db: DbSession, session_ids: Collection[UUID]) -> dict[UUID, tuple[WebinarSession, str]]:
    """Sessions with the title of their webinar."""
    query = (
        sa.select(WebinarSession, col(Webinar.title))
        .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
        .where(col(WebinarSession.id).in_(session_ids))
    )
    return {session.id: (session, title) for session, title in db.execute(query)}


def topics_named(db: DbSession, topic_ids: Collection[UUID]) -> dict[UUID, str]:
    """Topics by name."""
    query = sa.select(col(Topic.id), col(Topic.name)).where(col(Topic.id).in_(topic_ids))
    return {row[0]: row[1] for row in db.execute(query)}
