"""Reads and locks of series and of the sessions they made."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Series, Webinar, WebinarSession


def get_series(db: DbSession, series_id: UUID) -> tuple[Series, Webinar]:
    """A series and its webinar.

    Raises:
        NotFound: if there is none.
    """
    return _first(db, _with_webinar(series_id))


def lock_series(db: DbSession, series_id: UUID) -> tuple[Series, Webinar]:
    """A series that nobody else changes until the end of the transaction. Its sessions are locked on their own.

    Raises:
        NotFound: if there is none.
    """
    query = _with_webinar(series_id).with_for_update(key_share=True, of=Series)
    return _first(db, query.execution_options(populate_existing=True))


def list_series(db: DbSession, webinar_id: UUID) -> Sequence[Series]:
    """A webinar's series, the oldest first."""
    query = sa.select(Series).where(col(Series.webinar_id) == webinar_id)
    return db.scalars(query.order_by(col(Series.id))).all()


def list_sessions(db: DbSession, series_id: UUID) -> Sequence[WebinarSession]:
    """All sessions of a series, past and cancelled ones too, by start."""
    query = sa.select(WebinarSession).where(col(WebinarSession.series_id) == series_id)
    return db.scalars(query.order_by(col(WebinarSession.starts_at), col(WebinarSession.id))).all()


def delete_series_of(db: DbSession, webinar_id: UUID) -> None:
    """Forget the rules of a webinar whose sessions are all gone."""
    db.execute(sa.delete(Series).where(col(Series.webinar_id) == webinar_id))


def _with_webinar(series_id: UUID) -> sa.Select[Series, Webinar]:
    query = sa.select(Series, Webinar).join(Webinar, col(Webinar.id) == col(Series.webinar_id))
    return query.where(col(Series.id) == series_id)


def _first(db: DbSession, query: sa.Select[Series, Webinar]) -> tuple[Series, Webinar]:
    row = db.execute(query).first()
    if row is None:
        raise NotFound
    return row[0], row[1]
