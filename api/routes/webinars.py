"""What is offered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, SeesDraftsDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, CursorQuery, LimitQuery, SlugPath, SlugQuery
from api.schemas.webinars import (
    WebinarCreate,
    WebinarDetail,
    WebinarDetailPage,
    WebinarPage,
    WebinarPublic,
    WebinarUpdate,
)
from api.shapes import webinar_detail, webinar_public
from webinars.services import webinars

router = APIRouter(prefix="/webinars", tags=["webinars"])
_APART = {"topics", "presenters"}


@router.get("", response_model=WebinarPage | WebinarDetailPage, responses=refusals(404, 422))
def list_webinars(
    work: ReadDep,
    sees_drafts: SeesDraftsDep,
    topic: Annotated[SlugQuery, Query(description="Only those about this topic, or a condition under it.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = WHOLE_LIST,
) -> Response:
    """Webinars, newest first: those published; with a token of scope `catalogue:write`, all in full."""
    page = webinars.page_of_webinars(work, topic=topic, public_only=not sees_drafts, cursor=cursor, limit=limit)
    if sees_drafts:
        details = [webinar_detail(offer) for offer in page.items]
        return answer(WebinarDetailPage(items=details, next=page.next, limit=page.limit))
    items = [webinar_public(offer) for offer in page.items]
    return answer(WebinarPage(items=items, next=page.next, limit=page.limit))


@router.get("/{slug}", response_model=WebinarPublic | WebinarDetail, responses=refusals(404, 422))
def get_webinar(slug: SlugPath, work: ReadDep, sees_drafts: SeesDraftsDep) -> Response:
    """One webinar, if it is published; with a token of scope `catalogue:write`, whatever it is and in full."""
    offer = webinars.get_webinar(work, slug, public_only=not sees_drafts)
    shape = webinar_detail if sees_drafts else webinar_public
    return answer(shape(offer), version=offer.webinar.version)


@router.post("", status_code=201, response_model=WebinarDetail, responses=refusals(409, 422))
def create_webinar(body: WebinarCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep) -> Response:
    """Add a webinar, a draft unless said otherwise, with the usual reminders."""

    def make() -> Response:
        offer = webinars.create_webinar(
            work,
            body.model_dump(exclude=_APART),
            topics=body.topics,
            presenters=body.presenters,
            actor=bearer.actor,
            now=now,
        )
        return answer(webinar_detail(offer), 201, version=offer.webinar.version)

    return once(make)


@router.patch("/{slug}", response_model=WebinarDetail, responses=refusals(404, 409, 412, 422, 428))
def update_webinar(
    slug: SlugPath, body: WebinarUpdate, bearer: CatalogueWriter, work: WorkDep, version: SeenVersionDep, now: NowDep
) -> Response:
    """Change a webinar: publish it, archive it, rewrite it."""
    changes = body.changes()
    offer = webinars.update_webinar(
        work,
        slug,
        {name: value for name, value in changes.items() if name not in _APART},
        topics=changes.get("topics"),
        presenters=changes.get("presenters"),
        version=version,
        actor=bearer.actor,
        now=now,
    )
    return answer(webinar_detail(offer), version=offer.webinar.version)


@router.delete("/{slug}", status_code=204, responses=refusals(404, 422))
def delete_webinar(slug: SlugPath, bearer: CatalogueWriter, work: WorkDep, now: NowDep) -> None:
    """Delete a webinar that never had a session; archive one that had."""
    webinars.delete_webinar(work, slug, actor=bearer.actor, now=now)
