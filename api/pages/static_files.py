"""Stylesheets, scripts and icons, under addresses that change with their content."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.pages.rendering import STATIC, static_url
from webinars.errors import NotFound

router = APIRouter(include_in_schema=False)


@router.get("/static/{digest}/{name:path}")
def static_file(digest: str, name: str) -> FileResponse:
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file() or static_url(name) != f"/static/{digest}/{name}":
        raise NotFound
    return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})
