"""Webinars: what is offered, as a draft or published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import InvalidField, NotFound
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import series as series_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.pages import Page, part_of
from webinars.services import audit, catalogue, reminders, rescheduling
from webinars.tables import Presenter, Topic, Webinar, WebinarPresenter, WebinarTopic
from webinars.terms import PublicationStatus, new_id
from webinars.work import ReadWork, Work


@dataclass(frozen=True, slots=True)
class Offer:
    """A webinar with what it is about and who presents it."""

    webinar: Webinar
    topics: Sequence[Topic]
    presenters: Sequence[Presenter]


def list_webinars(work: ReadWork, *, topic: str | None = None, public_only: bool = True) -> list[Offer]:
    """Webinars, newest first; of a topic and, for an area, of its conditions.

    Raises:
        NotFound: if there is no such topic.
    """
    return _offers(work, _listed(work, topic, public_only=public_only))


def page_of_webinars(
    work: ReadWork, *, topic: str | None, public_only: bool, cursor: str | None, limit: int
) -> Page[Offer]:
    """A page of the same.

    Raises:
        NotFound: if there is no such topic.
        InvalidField: if the cursor was not made here.
    """
    webinars = _listed(work, topic, public_only=public_only)
    page = part_of(webinars, [webinar.id for webinar in webinars], cursor=cursor, limit=limit)
    return Page(_offers(work, page.items), page.next, page.limit)


def get_webinar(work: ReadWork, slug: str, *, public_only: bool = True) -> Offer:
    """Raises:
    NotFound: if there is none, or none that the public may see.
    """
    webinar = catalogue_queries.get_webinar(work.db, slug)
    if public_only and webinar.status is not PublicationStatus.published:
        raise NotFound
    return _offers(work, [webinar])[0]


def offers_of(work: ReadWork, webinars: Sequence[Webinar]) -> dict[UUID, Offer]:
    """The offers of these webinars by id."""
    return {offer.webinar.id: offer for offer in _offers(work, webinars)}


def create_webinar(
    work: Work,
    facts: Mapping[str, Any],
    *,
    topics: Sequence[str],
    presenters: Sequence[str],
    actor: str,
    now: datetime,
) -> Offer:
    """Make a webinar from its columns, topics and presenters, with the reminders that suit most.

    Raises:
        SlugTaken: if another webinar has this short name.
        InvalidField: if a topic or presenter is not known.
    """
    catalogue.check_slug(work, Webinar, facts["slug"])
    webinar = Webinar(id=new_id(now), created_at=now, updated_at=now, **facts)
    catalogue.add(work, webinar, "webinar.create", actor, now)
    _tie(work, webinar, topics, presenters)
    reminders.add_default_rules(work, webinar.id, now)
    return _offers(work, [webinar])[0]


def update_webinar(
    work: Work,
    slug: str,
    changes: Mapping[str, Any],
    *,
    topics: Sequence[str] | None,
    presenters: Sequence[str] | None,
    version: int | None,
    actor: str,
    now: datetime,
) -> Offer:
    """Change a webinar; topics and presenters are left alone where None is given. Registrants' calendars follow where
    what they show is changed.

    Raises:
        NotFound, VersionMismatch, SlugTaken, InvalidField.
    """
    offer = get_webinar(work, slug, public_only=False)
    webinar, former_title = offer.webinar, offer.webinar.public_title
    catalogue.change(work, webinar, changes, version=version, action="webinar.update", actor=actor, now=now)
    if webinar.public_title != former_title:
        rescheduling.update_details_of_webinar(work, webinar.id, now)
    if topics is not None or presenters is not None:
        catalogue_queries.delete_parts(work.db, webinar.id)
        _tie(
            work,
            webinar,
            [topic.slug for topic in offer.topics] if topics is None else topics,
            [presenter.slug for presenter in offer.presenters] if presenters is None else presenters,
        )
    return _offers(work, [webinar])[0]


def delete_webinar(work: Work, slug: str, *, actor: str, now: datetime) -> None:
    """Delete a webinar that never had a session. One that had is archived instead, for people registered for it.

    Raises:
        NotFound, InvalidField.
    """
    webinar = catalogue_queries.get_webinar(work.db, slug)
    if sessions_queries.list_sessions(work.db, public_only=False, webinar_id=webinar.id, limit=1):
        raise InvalidField("A webinar with sessions cannot be deleted. Archive it instead.", field="slug")
    audit.note(work, actor, "webinar.delete", now, subject_id=webinar.id)
    series_queries.delete_series_of(work.db, webinar.id)
    work.db.delete(webinar)


def _tie(work: Work, webinar: Webinar, topics: Sequence[str], presenters: Sequence[str]) -> None:
    for slug in dict.fromkeys(topics):
        topic_id = _id_of(work, Topic, slug, "topics")
        work.db.add(WebinarTopic(webinar_id=webinar.id, topic_id=topic_id))
    for position, slug in enumerate(dict.fromkeys(presenters)):
        presenter_id = _id_of(work, Presenter, slug, "presenters")
        work.db.add(WebinarPresenter(webinar_id=webinar.id, presenter_id=presenter_id, position=position))
    work.db.flush()


def _id_of(work: Work, model: type[Topic | Presenter], slug: str, field: str) -> UUID:
    found = catalogue_queries.find_slug(work.db, model, slug)
    if found is None:
        raise InvalidField(f"There is nothing named {slug!r}. Create it first, or choose one that exists.", field=field)
    return found


def _listed(work: ReadWork, topic: str | None, *, public_only: bool) -> Sequence[Webinar]:
    statuses = [PublicationStatus.published] if public_only else list(PublicationStatus)
    topic_ids = catalogue_queries.topic_ids_within(work.db, topic) if topic else None
    return catalogue_queries.list_webinars(work.db, statuses=statuses, topic_ids=topic_ids)


def _offers(work: ReadWork, webinars: Sequence[Webinar]) -> list[Offer]:
    ids = [webinar.id for webinar in webinars]
    topics = catalogue_queries.topics_of(work.db, ids)
    presenters = catalogue_queries.presenters_of(work.db, ids)
    return [Offer(webinar, topics[webinar.id], presenters[webinar.id]) for webinar in webinars]
