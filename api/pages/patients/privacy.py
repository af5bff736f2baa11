"""What is kept of people, why and for how long: first what this program does, then what the clinic adds."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.pages.patients.cache import CachedRoute
from api.pages.patients.view import readable, show
from webinars.services.privacy import periods

router = APIRouter(include_in_schema=False, route_class=CachedRoute)


@readable(router, "/privacy")
def privacy(request: Request) -> Response:
    return show(request, "privacy.html", periods=periods())
