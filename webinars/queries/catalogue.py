"""Reads of what is offered: topics, presenters, webinars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Presenter, Topic, Webinar, WebinarPresenter, WebinarTopic
from webinars.terms import PublicationStatus

Row = TypeVar("Row")


def list_topics(db: DbSession) -> Sequence[Topic]:
    """All topics, areas and conditions, in their order."""
    return db.scalars(sa.select(Topic).order_by(col(Topic.position), col(Topic.name), col(Topic.id))).all()


def list_presenters(db: DbSession) -> Sequence[Presenter]:
    return db.scalars(sa.select(Presenter).order_by(col(Presenter.name), col(Presenter.id))).all()


def get_topic(db: DbSession, slug: str) -> Topic:
    return _found(db.scalar(sa.select(Topic).where(col(Topic.slug) == slug)))


def get_presenter(db: DbSession, slug: str) -> Presenter:
    return _found(db.scalar(sa.select(Presenter).where(col(Presenter.slug) == slug)))


def get_webinar(db: DbSession, slug: str) -> Webinar:
    return _found(db.scalar(sa.select(Webinar).where(col(Webinar.slug) == slug)))


def list_webinars(
    db: DbSession, *, statuses: Sequence[PublicationStatus], topic_ids: Sequence[UUID] | None = None
) -> Sequence[Webinar]:
    """Webinars in these states, about any of these topics (None: about anything), newest first."""
    query = sa.select(Webinar).where(col(Webinar.status).in_(statuses)).order_by(col(Webinar.id).desc())
    if topic_ids is not None:
        about = sa.select(col(WebinarTopic.webinar_id)).where(col(WebinarTopic.topic_id).in_(topic_ids))
        query = query.where(col(Webinar.id).in_(about))
    return db.scalars(query).all()


def topics_of(db: DbSession, webinar_ids: Sequence[UUID]) -> dict[UUID, list[Topic]]:
    """The topics of each webinar, in their order."""
    rows = db.execute(
        sa.select(col(WebinarTopic.webinar_id), Topic)
        .join(Topic, col(Topic.id) == col(WebinarTopic.topic_id))
        .where(col(WebinarTopic.webinar_id).in_(webinar_ids))
        .order_by(col(Topic.position), col(Topic.name))
    )
    return _grouped(webinar_ids, rows)


def presenters_of(db: DbSession, webinar_ids: Sequence[UUID]) -> dict[UUID, list[Presenter]]:
    """The presenters of each webinar, in the order they are named."""
    rows = db.execute(
        sa.select(col(WebinarPresenter.webinar_id), Presenter)
        .join(Presenter, col(Presenter.id) == col(WebinarPresenter.presenter_id))
        .where(col(WebinarPresenter.webinar_id).in_(webinar_ids))
        .order_by(col(WebinarPresenter.position))
    )
    return _grouped(webinar_ids, rows)


def find_slug(db: DbSession, model: type[Topic | Presenter | Webinar], slug: str) -> UUID | None:
    """The id behind a short name, if it is taken."""
    return db.scalar(sa.select(col(model.id)).where(col(model.slug) == slug))


def topic_ids_within(db: DbSession, slug: str) -> list[UUID]:
    """A topic and, for an area, the conditions under it.

    Raises:
        NotFound: if there is no such topic.
    """
    topic = get_topic(db, slug)
    return [topic.id, *db.scalars(sa.select(col(Topic.id)).where(col(Topic.parent_id) == topic.id))]


def is_empty(db: DbSession) -> bool:
    """Whether nothing is offered yet, not even as a draft."""
    return (
        db.scalar(sa.select(col(Webinar.id)).limit(1)) is None and db.scalar(sa.select(col(Topic.id)).limit(1)) is None
    )


def delete_parts(db: DbSession, webinar_id: UUID) -> None:
    """Untie a webinar from its topics and presenters."""
    db.execute(sa.delete(WebinarTopic).where(col(WebinarTopic.webinar_id) == webinar_id))
    db.execute(sa.delete(WebinarPresenter).where(col(WebinarPresenter.webinar_id) == webinar_id))


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFound
    return row


def _grouped(keys: Sequence[UUID], rows: Iterable[sa.Row[UUID, Row]]) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = {key: [] for key in keys}
    for key, item in rows:
        groups[key].append(item)
    return groups
