"""Topics and presenters: what webinars are about and who presents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from webinars.errors import InvalidField, SlugTaken, VersionMismatch
from webinars.queries import catalogue as catalogue_queries
from webinars.queries.pages import Page, part_of
from webinars.services import audit
from webinars.tables import Presenter, Topic, Webinar
from webinars.terms import new_id
from webinars.work import ReadWork, Work

Entry = TypeVar("Entry", Topic, Presenter, Webinar)


@dataclass(frozen=True, slots=True)
class Area:
    """A problem area with the conditions under it."""

    topic: Topic
    conditions: Sequence[Topic]


def list_areas(work: ReadWork) -> list[Area]:
    """All areas in their order, each with its conditions."""
    topics = catalogue_queries.list_topics(work.db)
    return [
        Area(area, [topic for topic in topics if topic.parent_id == area.id])
        for area in topics
        if area.parent_id is None
    ]


def list_topics(work: ReadWork) -> Sequence[Topic]:
    return catalogue_queries.list_topics(work.db)


def page_of_topics(work: ReadWork, *, cursor: str | None, limit: int) -> Page[tuple[Topic, str | None]]:
    """A page of topics in their order, each with the short name of its area.

    Raises:
        InvalidField: if the cursor was not made here.
    """
    topics = list_topics(work)
    slugs = {topic.id: topic.slug for topic in topics}
    rows = [(topic, slugs[topic.parent_id] if topic.parent_id else None) for topic in topics]
    return part_of(rows, [topic.id for topic in topics], cursor=cursor, limit=limit)


def get_topic(work: ReadWork, slug: str) -> Topic:
    """Raises:
    NotFound: if there is none.
    """
    return catalogue_queries.get_topic(work.db, slug)


def create_topic(
    work: Work, *, slug: str, name: str, parent: str | None, position: int, actor: str, now: datetime
) -> Topic:
    """Raises:
    SlugTaken: if another topic has this short name.
    InvalidField: if the parent is no area.
    """
    check_slug(work, Topic, slug)
    parent_id = _area_id(work, parent) if parent else None
    topic = Topic(
        id=new_id(now), slug=slug, name=name, parent_id=parent_id, position=position, created_at=now, updated_at=now
    )
    return add(work, topic, "topic.create", actor, now)


def update_topic(
    work: Work, slug: str, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> Topic:
    """Raises:
    NotFound, VersionMismatch, SlugTaken.
    InvalidField: if the parent is no area, or the topic itself is one with conditions under it.
    """
    topic = catalogue_queries.get_topic(work.db, slug)
    changes = dict(changes)
    if "parent" in changes:
        parent = changes.pop("parent")
        changes["parent_id"] = _area_id(work, parent, topic.id) if parent else None
    change(work, topic, changes, version=version, action="topic.update", actor=actor, now=now)
    return topic


def parent_of(work: ReadWork, topic: Topic) -> str | None:
    """The short name of the area a condition belongs to; None for an area."""
    return next((other.slug for other in list_topics(work) if other.id == topic.parent_id), None)


def delete_topic(work: Work, slug: str, *, actor: str, now: datetime) -> None:
    """Delete a topic and the conditions under it; webinars stay, without it."""
    topic = catalogue_queries.get_topic(work.db, slug)
    audit.note(work, actor, "topic.delete", now, subject_id=topic.id)
    work.db.delete(topic)


def list_presenters(work: ReadWork) -> Sequence[Presenter]:
    return catalogue_queries.list_presenters(work.db)


def page_of_presenters(work: ReadWork, *, cursor: str | None, limit: int) -> Page[Presenter]:
    """A page of presenters by name.

    Raises:
        InvalidField: if the cursor was not made here.
    """
    presenters = list_presenters(work)
    return part_of(presenters, [presenter.id for presenter in presenters], cursor=cursor, limit=limit)


def get_presenter(work: ReadWork, slug: str) -> Presenter:
    """Raises:
    NotFound: if there is none.
    """
    return catalogue_queries.get_presenter(work.db, slug)


def create_presenter(
    work: Work, *, slug: str, name: str, credentials: str, biography: str, actor: str, now: datetime
) -> Presenter:
    """Raises:
    SlugTaken: if another presenter has this short name.
    """
    check_slug(work, Presenter, slug)
    presenter = Presenter(
        id=new_id(now),
        slug=slug,
        name=name,
        credentials=credentials,
        biography=biography,
        created_at=now,
        updated_at=now,
    )
    return add(work, presenter, "presenter.create", actor, now)


def update_presenter(
    work: Work, slug: str, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> Presenter:
    """Raises:
    NotFound, VersionMismatch, SlugTaken.
    """
    presenter = catalogue_queries.get_presenter(work.db, slug)
    change(work, presenter, changes, version=version, action="presenter.update", actor=actor, now=now)
    return presenter


def delete_presenter(work: Work, slug: str, *, actor: str, now: datetime) -> None:
    """Delete a presenter; webinars stay, without them."""
    presenter = catalogue_queries.get_presenter(work.db, slug)
    audit.note(work, actor, "presenter.delete", now, subject_id=presenter.id)
    work.db.delete(presenter)


def check_slug(work: ReadWork, model: type[Topic | Presenter | Webinar], slug: str, own_id: UUID | None = None) -> None:
    """Raises:
    SlugTaken: if a different entry has this short name.
    """
    if catalogue_queries.find_slug(work.db, model, slug) not in {None, own_id}:
        raise SlugTaken(field="slug")


def add(work: Work, entry: Entry, action: str, actor: str, now: datetime) -> Entry:
    work.db.add(entry)
    _flush(work)
    audit.note(work, actor, action, now, subject_id=entry.id)
    return entry


def change(
    work: Work,
    entry: Entry,
    changes: Mapping[str, Any],
    *,
    version: int | None,
    action: str,
    actor: str,
    now: datetime,
) -> None:
    """Change an entry if it still has the version the caller has seen (None: whatever it has).

    Raises:
        VersionMismatch: if somebody changed it in the meantime.
        SlugTaken: if the new short name is another's.
    """
    work.db.refresh(entry, with_for_update={"key_share": True})  # two who saw the same version: one comes second
    check_version(entry.version, version)
    if "slug" in changes:
        check_slug(work, type(entry), changes["slug"], entry.id)
    for name, value in changes.items():
        setattr(entry, name, value)
    entry.version += 1
    entry.updated_at = now
    _flush(work)
    audit.note(work, actor, action, now, subject_id=entry.id, fields=list(changes))


def check_version(present: int, seen: int | None) -> None:
    """Raises:
    VersionMismatch: unless they are equal, or the caller does not care (None).
    """
    if seen is not None and seen != present:
        raise VersionMismatch


def _area_id(work: ReadWork, slug: str, own_id: UUID | None = None) -> UUID:
    """Topics are two deep: areas, and conditions under them."""
    topics = catalogue_queries.list_topics(work.db)
    area = next((topic for topic in topics if topic.slug == slug and topic.parent_id is None), None)
    has_conditions = own_id is not None and any(topic.parent_id == own_id for topic in topics)
    if area is None or area.id == own_id or has_conditions:
        raise InvalidField("A condition belongs to an area, which has no parent itself.", field="parent")
    return area.id


def _flush(work: Work) -> None:
    """Another may have taken the short name since it was looked for."""
    try:
        work.db.flush()
    except IntegrityError:
        raise SlugTaken(field="slug") from None
