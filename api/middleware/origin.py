"""Forms of other sites may not act in a visitor's name."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.pages.error_pages import status_page

_EXEMPT = ("/api/", "/inbound/", "/j/", "/t/", "/u/")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """Lets an unsafe request to a page through only if the browser says that it comes from here.

    The JSON API and what takes reports in know no cookies, so there is no visitor's name to act in: they are exempt. So
    is joining: its address is its only key, and nobody may be kept out of the room for what their browser does not say.
    So is saying no to mails, which mail programs do in one click (RFC 8058).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS or scope["path"].startswith(_EXEMPT):
            await self.app(scope, receive, send)
            return
        if _is_from_here(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        await status_page(Request(scope), HTTPStatus.FORBIDDEN)(scope, receive, send)


def _is_from_here(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    try:
        origin = urlsplit(headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin == headers.get("host")
