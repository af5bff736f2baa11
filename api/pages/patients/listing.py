"""What is offered: the home page, one page for each area, one for each webinar."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import NowDep, ReadDep
from api.pages.patients.cache import CachedRoute
from api.pages.patients.findable import events, next_events, sitemap
from api.pages.patients.source import carried, visit_source
from api.pages.patients.view import readable, show
from api.pages.patients.visits import COUNTED
from api.pages.patients.zones import carried_zone
from webinars.services import catalogue, programme
from webinars.work import ReadWork

router = APIRouter(include_in_schema=False, route_class=CachedRoute)


@readable(router, "/")
def home(request: Request, work: ReadDep, now: NowDep) -> Response:
    offers = [item for item in programme.list_offers(work, now) if item.following]
    return show(
        request,
        "home.html",
        areas=catalogue.list_areas(work),
        offers=offers,
        events=next_events(work, offers),
    )


@readable(router, "/topics/not-sure")
def not_sure(request: Request, work: ReadDep, now: NowDep) -> Response:
    offers = programme.list_general_offers(work, now)
    return show(
        request,
        "not_sure.html",
        areas=catalogue.list_areas(work),
        offers=offers,
        events=next_events(work, offers),
    )


@readable(router, "/topics/{slug}")
def topic(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """An area. A condition's address leads to its area: one canonical address for each."""
    found = programme.get_topic_page(work, slug, now)
    if found.area.topic.slug != slug:
        return RedirectResponse(f"/topics/{found.area.topic.slug}", HTTPStatus.PERMANENT_REDIRECT)
    return show(request, "topic.html", area=found.area, offers=found.offers, events=next_events(work, found.offers))


@readable(router, "/presenters/{slug}")
def presenter(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """Who somebody is, and what they present."""
    found, offers = programme.get_presenter_page(work, slug, now)
    return show(request, "presenter.html", presenter=found, offers=offers, events=next_events(work, offers))


@readable(router, "/sitemap.xml")
def all_addresses(work: ReadDep) -> Response:
    text = sitemap(work.settings, programme.list_addresses(work))
    return Response(text, headers={"Cache-Control": "no-cache"}, media_type="application/xml")


@readable(router, "/webinars/{slug}")
def webinar(request: Request, slug: str, work: ReadDep, now: NowDep, session: str = "") -> Response:
    return webinar_page(request, slug, work, now, session)


@readable(router, "/webinars/{slug}/register")
def choose(request: Request, slug: str, work: ReadDep, now: NowDep, session: str = "") -> Response:
    """Where the choice of a date leads: to that session's form, or back with a word if none was chosen."""
    _, sessions = programme.list_sessions_of(work, slug, now)
    if session not in {str(item.session.id) for item in sessions}:
        return webinar_page(request, slug, work, now, unchosen="one")
    return RedirectResponse(f"/sessions/{UUID(session)}/register{onward(request)}", HTTPStatus.SEE_OTHER)


def onward(request: Request) -> str:
    """What goes along to a form, as the end of its address: the visitor's source, and the zone they chose."""
    return carried(visit_source(request) | carried_zone(request))


def webinar_page(
    request: Request, slug: str, work: ReadWork, now: datetime, chosen: str = "", *, unchosen: str = ""
) -> Response:
    """A webinar with its dates.

    Args:
        chosen: the id of the session that is ticked already.
        unchosen: where a choice is missing: of `one` date or of `several`.
    """
    offer, sessions = programme.list_sessions_of(work, slug, now)
    return show(
        request,
        "webinar.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if unchosen else HTTPStatus.OK,
        headers=COUNTED,
        offer=offer,
        sessions=sessions,
        areas=programme.conditions_of(work, offer),
        chosen=chosen,
        unchosen=unchosen,
        events=None if unchosen else events(work, sessions),
    )
