"""How the clinic shows itself; its logo is put up at the console."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, WorkDep
from api.openapi import refusals
from api.schemas.branding import BrandingPublic, BrandingSave
from api.shapes import branding_public
from webinars.services import branding

router = APIRouter(prefix="/branding", tags=["branding"])


@router.get("", response_model=BrandingPublic, responses=refusals(422))
def get_branding(_: CatalogueWriter, work: ReadDep) -> Response:
    """How the clinic shows itself, as it was saved; what is empty is as the settings have it."""
    return _one(branding_public(branding.find_branding(work)))


@router.put("", response_model=BrandingPublic, responses=refusals(412, 422, 428))
def replace_branding(
    body: BrandingSave, bearer: CatalogueWriter, work: WorkDep, version: SeenVersionDep, now: NowDep
) -> Response:
    """Replace all but the logo. Pages and mails say it within a second. `If-Match: "0"`: nothing was saved yet."""
    row = branding.replace_branding(work, body.model_dump(), version=version, actor=bearer.actor, now=now)
    return _one(branding_public(row))


def _one(shape: BrandingPublic) -> Response:
    return answer(shape, version=shape.version)
