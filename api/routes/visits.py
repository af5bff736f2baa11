"""Where visitors and registrants come from."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from api.dependencies import ReadDep, RegistrationsReader
from api.openapi import refusals
from api.parameters import WHOLE_LIST, SlugPath
from api.schemas.visits import SourcePage, SourcePublic
from webinars.services import visits

router = APIRouter(tags=["webinars"])


@router.get("/webinars/{slug}/sources", responses=refusals(404, 422))
def list_sources(slug: SlugPath, _: RegistrationsReader, work: ReadDep) -> SourcePage:
    """Where the visitors of a webinar came from, and what became of them: seen, form opened, registered, attended."""
    found = visits.list_sources(work, slug, most=WHOLE_LIST)
    return SourcePage(items=[SourcePublic(**asdict(item)) for item in found], next=None, limit=WHOLE_LIST)
