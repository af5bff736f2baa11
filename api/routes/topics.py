"""Areas and the conditions under them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, CursorQuery, LimitQuery, SlugPath
from api.schemas.topics import TopicCreate, TopicPage, TopicPublic, TopicUpdate
from api.shapes import topic_public
from webinars.services import catalogue

router = APIRouter(prefix="/topics", tags=["topics"])


@router.get("", responses=refusals(422))
def list_topics(work: ReadDep, cursor: CursorQuery = None, limit: LimitQuery = WHOLE_LIST) -> TopicPage:
    """All areas and conditions in their order."""
    page = catalogue.page_of_topics(work, cursor=cursor, limit=limit)
    items = [topic_public(topic, parent) for topic, parent in page.items]
    return TopicPage(items=items, next=page.next, limit=page.limit)


@router.get("/{slug}", response_model=TopicPublic, responses=refusals(404, 422))
def get_topic(slug: SlugPath, work: ReadDep) -> Response:
    """One topic."""
    topic = catalogue.get_topic(work, slug)
    return answer(topic_public(topic, catalogue.parent_of(work, topic)), version=topic.version)


@router.post("", status_code=201, response_model=TopicPublic, responses=refusals(409, 422))
def create_topic(body: TopicCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep) -> Response:
    """Add an area, or a condition under one."""

    def make() -> Response:
        topic = catalogue.create_topic(work, **dict(body), actor=bearer.actor, now=now)
        return answer(topic_public(topic, body.parent), 201, version=topic.version)

    return once(make)


@router.patch("/{slug}", response_model=TopicPublic, responses=refusals(404, 409, 412, 422, 428))
def update_topic(
    slug: SlugPath, body: TopicUpdate, bearer: CatalogueWriter, work: WorkDep, version: SeenVersionDep, now: NowDep
) -> Response:
    """Change a topic."""
    topic = catalogue.update_topic(work, slug, body.changes(), version=version, actor=bearer.actor, now=now)
    return answer(topic_public(topic, catalogue.parent_of(work, topic)), version=topic.version)


@router.delete("/{slug}", status_code=204, responses=refusals(404, 422))
def delete_topic(slug: SlugPath, bearer: CatalogueWriter, work: WorkDep, now: NowDep) -> None:
    """Delete a topic and the conditions under it; webinars stay, without it."""
    catalogue.delete_topic(work, slug, actor=bearer.actor, now=now)
