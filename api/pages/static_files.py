"""Stylesheets, scripts and icons, under addresses that change with their content."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.pages.rendering import STATIC, static_url
from webinars.errors import NotFound

router = APIRouter(include_in_schema=False)


@router.get("/static/{digest}/{name:path}")
def static_file(digest: str, name: str) -> FileResponse:
    path = _files().get(f"/static/{digest}/{name}")
    if path is None:
        raise NotFound
    return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """Each file by its address: nothing that somebody asks for becomes a path."""
    files = (path for path in STATIC.rglob("*") if path.is_file())
    return {static_url(path.relative_to(STATIC).as_posix()): path for path in files}
