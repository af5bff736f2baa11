"""The way into the room: a page with a button, for mail scanners press links but no buttons."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.middleware.headers import POLICY
from api.pages.languages import visitor_language
from api.pages.patients.view import guarded_link, readable, show
from api.pages.rendering import SECRET_ADDRESS
from webinars.documents.times import time_left
from webinars.services.joining import Door, DoorState, enter, find_door
from webinars.settings import Settings

router = APIRouter()
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?")


@readable(router, "/j/{token}")
def join_page(request: Request, token: str, process: ProcessDep, work: ReadDep, now: NowDep) -> Response:
    with guarded_link(request):
        door = find_door(work, token, now)
    return _door_page(request, process.settings, token, door, now)


@router.post("/j/{token}")
def join(request: Request, token: str, process: ProcessDep, now: NowDep) -> Response:
    with guarded_link(request):
        door = enter(process, token, now)
    if door.room_url:
        return RedirectResponse(door.room_url, HTTPStatus.SEE_OTHER, SECRET_ADDRESS)
    return _door_page(request, process.settings, token, door, now)


def _door_page(request: Request, settings: Settings, token: str, door: Door, now: datetime) -> Response:
    if door.state is DoorState.ended:
        return RedirectResponse(f"/after/{token}", HTTPStatus.SEE_OTHER, SECRET_ADDRESS)
    language = visitor_language(request, door.registration.locale)
    headers = dict(SECRET_ADDRESS)
    if door.state is DoorState.open:
        headers["Content-Security-Policy"] = policy_for_room(settings, door.room_url)
    return show(
        request,
        "join.html",
        usual=door.registration.locale,
        headers=headers,
        door=door,
        now=now,
        left=time_left(door.opens_at - now, door.opens_at, door.registration.timezone, language).words,
    )


def policy_for_room(settings: Settings, room_url: str) -> str:
    """The page's policy with the room let in: Chromium holds `form-action` against where a form's answer redirects to.

    Providers redirect within their own hosts, so those that the operator allows are let in with their subdomains.
    """
    parts = urlsplit(room_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    origins = {origin if _ORIGIN.fullmatch(origin) else "https:"}  # a stray blank or semicolon would be a new directive
    for host in settings.room_hosts.split(","):
        if name := host.strip().lower():
            origins |= {f"https://{name}", f"https://*.{name}"}
    return POLICY.replace("form-action 'self'", f"form-action 'self' {' '.join(sorted(origins))}")
