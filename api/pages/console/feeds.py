"""A host's own calendar of all sessions: where it is, and a new address for it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Viewer
from api.pages.console.answers import act, console_page
from api.pages.subscribing import subscribe_links
from webinars.services import feeds

router = APIRouter()
_PAGE = f"{HOME}/calendar"


@router.get("/calendar")
def show_address(request: Request, host: Viewer, work: ReadDep) -> Response:
    return console_page(
        request, "calendar.html", host, subscription=subscribe_links(feeds.host_address(work, host.host_id))
    )


@router.post("/calendar/renew")
def renew_address(host: Viewer, process: ProcessDep, now: NowDep) -> Response:
    """End the old address, which somebody else may have got to know."""
    return act(
        process,
        _PAGE,
        "feed_renewed",
        lambda work: feeds.renew_host_address(work, host.host_id, actor=host.actor, now=now),
    )
