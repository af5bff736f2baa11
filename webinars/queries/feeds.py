"""Reads of sessions for calendars to subscribe to: plain columns, for a feed has thousands of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.db import DbSession
from webinars.tables import Registration, Webinar, WebinarSession, WebinarTopic
from webinars.tables.base import core
from webinars.terms import PublicationStatus, RegistrationStatus, SessionStatus

_sessions, _webinars, _registrations = core(WebinarSession), core(Webinar), core(Registration)
_SHOWN = (SessionStatus.scheduled, SessionStatus.cancelled)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """What an entry of a feed is made from."""

    session_id: UUID
    sequence: int
    """Of the session alone."""
    status: SessionStatus
    created_at: datetime
    updated_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    public_title: str
    webinar_updated_at: datetime


@dataclass(frozen=True, slots=True)
class OwnRow(FeedRow):
    """What an entry of somebody's own feed is made from."""

    registration_id: UUID
    link_version: int
    revision: int
    registration_updated_at: datetime


_COLUMNS: tuple[Any, ...] = (
    _sessions.c.id,
    _sessions.c.schedule_version + _sessions.c.details_version,
    _sessions.c.status,
    _sessions.c.created_at,
    _sessions.c.updated_at,
    _sessions.c.starts_at,
    _sessions.c.ends_at,
    _webinars.c.title,
    _webinars.c.public_title,
    _webinars.c.updated_at,
)
_OWN_COLUMNS: tuple[Any, ...] = (
    _registrations.c.id,
    _registrations.c.link_version,
    _registrations.c.revision,
    _registrations.c.updated_at,
)


def list_rows(
    db: DbSession, since: datetime, *, public_only: bool, topic_ids: Sequence[UUID] | None = None
) -> list[FeedRow]:
    """Sessions that start from a moment on, by start: those the public may see, or all but drafts."""
    query = _within(sa.select(*_COLUMNS), since, public_only, topic_ids)
    rows = db.connection().execute(query.order_by(_sessions.c.starts_at, _sessions.c.id))
    return [FeedRow(*row) for row in rows]


def fingerprint(
    db: DbSession, since: datetime, *, public_only: bool, topic_ids: Sequence[UUID] | None = None
) -> tuple[Any, ...]:
    """What differs whenever `list_rows` would: a count and sums of versions that only grow, and the newest change."""
    query: Any = sa.select(
        sa.func.count(),
        sa.func.sum(_sessions.c.version),
        sa.func.sum(_sessions.c.schedule_version + _sessions.c.details_version),
        sa.func.max(_sessions.c.updated_at),
        sa.func.sum(_webinars.c.version),
        sa.func.max(_webinars.c.updated_at),
    )
    return tuple(db.connection().execute(_within(query, since, public_only, topic_ids)).one())


def list_own(db: DbSession, email_index: bytes, since: datetime) -> list[OwnRow]:
    """The sessions in which somebody has a seat, or had one when it was cancelled, by start."""
    query = (
        sa.select(*_COLUMNS, *_OWN_COLUMNS)
        .join_from(_sessions, _webinars, _webinars.c.id == _sessions.c.webinar_id)
        .join(_registrations, _registrations.c.session_id == _sessions.c.id)
        .where(
            _registrations.c.email_index == email_index,
            _registrations.c.status == RegistrationStatus.confirmed,
            _sessions.c.status.in_(_SHOWN),
            _sessions.c.starts_at >= since,
        )
    )
    rows = db.connection().execute(query.order_by(_sessions.c.starts_at, _sessions.c.id))
    return [OwnRow(*row) for row in rows]


def last_end(db: DbSession, email_index: bytes) -> datetime | None:
    """When the last session ends that somebody ever registered for."""
    moment: datetime | None = db.connection().scalar(
        sa.select(sa.func.max(_sessions.c.ends_at))
        .join(_registrations, _registrations.c.session_id == _sessions.c.id)
        .where(_registrations.c.email_index == email_index)
    )
    return moment


def _within(
    query: sa.Select[Any], since: datetime, public_only: bool, topic_ids: Sequence[UUID] | None
) -> sa.Select[Any]:
    query = query.join_from(_sessions, _webinars, _webinars.c.id == _sessions.c.webinar_id).where(
        _sessions.c.status.in_(_SHOWN), _sessions.c.starts_at >= since
    )
    if public_only:
        query = query.where(_webinars.c.status == PublicationStatus.published)
    if topic_ids is not None:
        about = sa.select(core(WebinarTopic).c.webinar_id).where(core(WebinarTopic).c.topic_id.in_(topic_ids))
        query = query.where(_webinars.c.id.in_(about))
    return query
