"""Reads of what registrants ask for after a session."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Request
from webinars.terms import RequestKind, TaskState


def find_request(db: DbSession, registration_id: UUID, kind: RequestKind) -> Request | None:
    return db.scalar(
        sa.select(Request).where(col(Request.registration_id) == registration_id, col(Request.kind) == kind)
    )


def get_request(db: DbSession, request_id: UUID) -> Request:
    """Raises:
    NotFound: if there is none.
    """
    request = db.get(Request, request_id)
    if request is None:
        raise NotFound
    return request


def lock_request(db: DbSession, request_id: UUID) -> Request:
    """Raises:
    NotFound: if there is none.
    """
    request = db.get(Request, request_id, with_for_update=True, populate_existing=True)
    if request is None:
        raise NotFound
    return request


def list_requests_of(db: DbSession, registration_id: UUID) -> Sequence[Request]:
    """All that one registrant asked for."""
    return db.scalars(
        sa.select(Request).where(col(Request.registration_id) == registration_id).order_by(col(Request.id))
    ).all()


def list_requests(
    db: DbSession, *, state: TaskState | None, kind: RequestKind | None, after: UUID | None, limit: int
) -> Sequence[Request]:
    """Requests in the order they were made first."""
    query = sa.select(Request)
    if state is not None:
        query = query.where(col(Request.state) == state)
    if kind is not None:
        query = query.where(col(Request.kind) == kind)
    if after is not None:
        query = query.where(col(Request.id) > after)
    return db.scalars(query.order_by(col(Request.id)).limit(limit)).all()
