"""How to show webinars on another site: the code of each way to copy, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import escape

from api.dependencies import ReadDep
from api.middleware.headers import POLICY
from api.pages.console.access import Viewer
from api.pages.console.answers import console_page
from webinars.rules.visits import clean_touch
from webinars.services import catalogue, webinars
from webinars.settings import Settings

router = APIRouter()
_FRAMING = {"Content-Security-Policy": f"{POLICY}; frame-src 'self'"}


@router.get("/embed")
def embed_code(request: Request, host: Viewer, work: ReadDep, of: str = "", src: str = "blog") -> Response:
    choices = {f"webinars/{offer.webinar.slug}": offer.webinar.title for offer in webinars.list_webinars(work)}
    choices |= {f"topics/{area.topic.slug}": f"All about: {area.topic.name}" for area in catalogue.list_areas(work)}
    chosen = of if of in choices else next(iter(choices), "")
    source = clean_touch({"src": src}).get("src", "")
    response = console_page(
        request,
        "embedding.html",
        host,
        choices=choices,
        chosen=chosen,
        source=source,
        ways=_ways(work.settings, chosen, choices[chosen], source) if chosen else [],
        origins=work.settings.embedding_origins,
    )
    response.headers.update(_FRAMING)
    return response


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways to show webinars elsewhere."""

    name: str
    when: str
    code: str
    address: str
    """Of what it leads to or shows, here: for the live picture of it."""
    kind: str


def _ways(settings: Settings, chosen: str, title: str, source: str) -> list[Way]:
    """The plainest first."""
    query = f"?{urlencode({'src': source})}" if source else ""
    page, framed = f"/{chosen}{query}", f"/embed/{chosen}{query}"
    address, frame = (escape(f"{settings.base_url}{path}") for path in (page, framed))
    words = escape(title)
    script = f'<script src="{escape(settings.base_url)}/embed.js" defer></script>'
    return [
        Way("A link", "Works everywhere, in mails too.", f'<a href="{address}">Join a webinar</a>', page, "link"),
        Way(
            "A link that a script turns into the dates",
            "For pages that may run a script. It grows with the dates, and where it cannot run the link stays.",
            f'<p><a href="{address}" data-webinars>{words}</a></p>\n{script}',
            page,
            "script",
        ),
        Way(
            "A frame",
            "For pages that may not run a script. Its height is yours to choose.",
            f'<iframe src="{frame}" title="{words}" width="100%" height="600" style="border: 0"></iframe>',
            framed,
            "frame",
        ),
    ]
