"""What other sites show of ours: a frame with dates, and the script that puts it in place of a link."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from api.dependencies import NowDep, ReadDep
from api.middleware.headers import POLICY
from api.pages.patients.cache import CachedRoute
from api.pages.patients.view import readable, show
from api.pages.rendering import STATIC
from webinars.phrases import Phrase
from webinars.services import programme
from webinars.settings import Settings

router = APIRouter(include_in_schema=False, route_class=CachedRoute)
script_router = APIRouter(include_in_schema=False)
SCRIPT = "/embed.js"


@readable(router, "/embed/webinars/{slug}")
def embedded_webinar(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    offer, sessions = programme.list_sessions_of(work, slug, now)
    return show(
        request,
        "embedded.html",
        headers=_headers(work.settings),
        heading=offer.webinar.title,
        sessions=sessions,
        offers=[],
        path=f"/webinars/{offer.webinar.slug}",
        more=Phrase("About this webinar"),
    )


@readable(router, "/embed/topics/{slug}")
def embedded_topic(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    found = programme.get_topic_page(work, slug, now)
    return show(
        request,
        "embedded.html",
        headers=_headers(work.settings),
        heading=Phrase("Webinars: %(topic)s", topic=found.area.topic.name),
        sessions=[],
        offers=found.offers,
        path=f"/topics/{found.area.topic.slug}",
        more=Phrase("See them on our site"),
    )


@readable(script_router, SCRIPT)
def script() -> Response:
    """Under an address that stays, for it stands in other people's pages: kept for an hour only."""
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(STATIC / "embed.js", media_type="text/javascript", headers=headers)


def _headers(settings: Settings) -> dict[str, str]:
    """The sites that the operator names may frame the page, and our own console, which shows what it looks like."""
    ancestors = " ".join(["frame-ancestors 'self'", *settings.embedding_origins])
    return {
        "Content-Security-Policy": POLICY.replace("frame-ancestors 'none'", ancestors),
        "X-Robots-Tag": "noindex",
    }
