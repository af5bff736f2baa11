"""Files that browsers and search engines ask for by themselves."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse

from api.dependencies import ProcessDep
from api.pages.patients.view import readable
from api.pages.rendering import STATIC

router = APIRouter()
_ROBOTS = """User-agent: *
Disallow: /m/
Disallow: /j/
Disallow: /u/
Disallow: /my-registration
Disallow: /sessions/
Disallow: /console
Disallow: /dev/
Disallow: /api/
Disallow: /embed/
"""


@readable(router, "/favicon.ico")
def favicon() -> FileResponse:
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


@readable(router, "/robots.txt")
def robots(process: ProcessDep) -> PlainTextResponse:
    return PlainTextResponse(f"{_ROBOTS}\nSitemap: {process.settings.base_url}/sitemap.xml\n")
