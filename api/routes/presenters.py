"""The people who present."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, CursorQuery, LimitQuery, SlugPath
from api.schemas.presenters import PresenterCreate, PresenterPage, PresenterPublic, PresenterUpdate
from api.shapes import presenter_public
from webinars.services import catalogue

router = APIRouter(prefix="/presenters", tags=["presenters"])


@router.get("", responses=refusals(422))
def list_presenters(work: ReadDep, cursor: CursorQuery = None, limit: LimitQuery = WHOLE_LIST) -> PresenterPage:
    """All presenters by name."""
    page = catalogue.page_of_presenters(work, cursor=cursor, limit=limit)
    items = [presenter_public(presenter) for presenter in page.items]
    return PresenterPage(items=items, next=page.next, limit=page.limit)


@router.get("/{slug}", response_model=PresenterPublic, responses=refusals(404, 422))
def get_presenter(slug: SlugPath, work: ReadDep) -> Response:
    """One presenter."""
    presenter = catalogue.get_presenter(work, slug)
    return answer(presenter_public(presenter), version=presenter.version)


@router.post("", status_code=201, response_model=PresenterPublic, responses=refusals(409, 422))
def create_presenter(
    body: PresenterCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Add a presenter."""

    def make() -> Response:
        presenter = catalogue.create_presenter(work, **dict(body), actor=bearer.actor, now=now)
        return answer(presenter_public(presenter), 201, version=presenter.version)

    return once(make)


@router.patch("/{slug}", response_model=PresenterPublic, responses=refusals(404, 409, 412, 422, 428))
def update_presenter(
    slug: SlugPath, body: PresenterUpdate, bearer: CatalogueWriter, work: WorkDep, version: SeenVersionDep, now: NowDep
) -> Response:
    """Change a presenter."""
    presenter = catalogue.update_presenter(work, slug, body.changes(), version=version, actor=bearer.actor, now=now)
    return answer(presenter_public(presenter), version=presenter.version)


@router.delete("/{slug}", status_code=204, responses=refusals(404, 422))
def delete_presenter(slug: SlugPath, bearer: CatalogueWriter, work: WorkDep, now: NowDep) -> None:
    """Delete a presenter; webinars stay, without them."""
    catalogue.delete_presenter(work, slug, actor=bearer.actor, now=now)
