"""Calendars to subscribe to. Programs come by every hour: mostly all they need to hear is that nothing changed."""

from __future__ import annotations

from email.utils import format_datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from api.dependencies import NowDep, ReadDep
from api.middleware.rates import check_links
from webinars.services.feeds import Feed, Feeds

router = APIRouter(prefix="/calendar", include_in_schema=False)
_READ = ["GET", "HEAD"]
_PUBLIC = {"Cache-Control": "public, max-age=0, must-revalidate"}
_SECRET = {
    "Cache-Control": "private, max-age=0, must-revalidate",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


@router.api_route("/all.ics", methods=_READ)
def all_sessions(request: Request, work: ReadDep, now: NowDep) -> Response:
    """All that is published."""
    return _answer(request, _feeds(request).public(work, now), _PUBLIC)


@router.api_route("/topics/{slug}.ics", methods=_READ)
def sessions_on_a_topic(request: Request, slug: str, work: ReadDep, now: NowDep) -> Response:
    """What is published about a topic, and for an area about the conditions under it."""
    return _answer(request, _feeds(request).public(work, now, topic=slug), _PUBLIC)


@router.api_route("/my/{token}.ics", methods=_READ)
def own_sessions(request: Request, token: str, work: ReadDep, now: NowDep) -> Response:
    """A registrant's sessions."""
    check_links(request)
    return _answer(request, _feeds(request).own(work, token, now), _SECRET)


@router.api_route("/host/{token}.ics", methods=_READ)
def sessions_for_hosts(request: Request, token: str, work: ReadDep, now: NowDep) -> Response:
    """All sessions, for a host."""
    check_links(request)
    return _answer(request, _feeds(request).of_hosts(work, token, now), _SECRET)


def _feeds(request: Request) -> Feeds:
    feeds: Feeds = request.app.state.feeds
    return feeds


def _answer(request: Request, feed: Feed, headers: dict[str, str]) -> Response:
    """The feed, or that the reader has it already. If-Modified-Since is not looked at: a session that is taken away
    changes the feed without a newer date."""
    headers = headers | {"ETag": feed.etag, "Last-Modified": format_datetime(feed.modified_at, usegmt=True)}
    if _has_it(request.headers.get("if-none-match", ""), feed.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(feed.body, headers=headers, media_type="text/calendar; charset=utf-8")


def _has_it(if_none_match: str, etag: str) -> bool:
    """RFC 9110 section 13.1.2: `*`, or a list in which weak tags count as well."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return bool(given & {etag, "*"})
