"""Reads of the people whom hosts are to call: for what they asked for, or because nobody knows whether they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import FollowUp, Registration, Request, Webinar, WebinarSession
from webinars.tables.base import core
from webinars.terms import TaskState


class CallRow(NamedTuple):
    """A task with whom it is about."""

    task: Request | FollowUp
    registration: Registration
    session: WebinarSession
    webinar: Webinar


def list_calls(db: DbSession, *, state: TaskState, newest_first: bool, after: UUID | None, limit: int) -> list[CallRow]:
    """Requests and follow-ups whose task is in this state, by id: ids sort by the time they were made."""
    request, follow_up = core(Request), core(FollowUp)
    both = sa.union_all(
        sa.select(request.c.id).where(request.c.state == state), sa.select(follow_up.c.id).where(_has_task(state))
    ).subquery()
    query = sa.select(both.c.id).order_by(both.c.id.desc() if newest_first else both.c.id).limit(limit)
    if after is not None:
        query = query.where(both.c.id < after if newest_first else both.c.id > after)
    ids = list(db.connection().execute(query).scalars())
    found = {row.task.id: row for row in (*_rows(db, Request, ids), *_rows(db, FollowUp, ids))}
    return [found[task_id] for task_id in ids]


def count_open(db: DbSession) -> int:
    """How many people are to be called. It stands on every page of the console: both parts are counted in an index."""
    return sum(db.scalar(count) or 0 for count in COUNTS_OF_OPEN)


def _has_task(state: TaskState) -> sa.ColumnElement[bool]:
    # Most follow-ups have none; the index holds those that have (see the table).
    task = core(FollowUp).c.task
    return sa.and_(task != sa.literal_column("'none'"), task == state)


def _rows(db: DbSession, model: type[Request | FollowUp], ids: Sequence[UUID]) -> list[CallRow]:
    query = (
        sa.select(model, Registration, WebinarSession, Webinar)
        .join(Registration, col(Registration.id) == col(model.registration_id))
        .join(WebinarSession, col(WebinarSession.id) == col(model.session_id))
        .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
        .where(col(model.id).in_(ids))
    )
    return [CallRow(*row) for row in db.execute(query)]


COUNTS_OF_OPEN = (
    sa.select(sa.func.count()).select_from(core(Request)).where(core(Request).c.state == TaskState.open),
    sa.select(sa.func.count()).select_from(core(FollowUp)).where(_has_task(TaskState.open)),
)
