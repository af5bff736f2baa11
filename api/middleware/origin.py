"""Forms of other sites may not act in a visitor's name."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORBIDDEN = 403


class OriginCheck:
    """Lets an unsafe request to a page through only if the browser says that it comes from here.

    The JSON API knows no cookies, so there is no visitor's name to act in: it is exempt.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS or scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        if _is_from_here(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        words = "This form was not sent from our own page. Open the page again and send it from there."
        await problem(_FORBIDDEN, "not_allowed", words)(scope, receive, send)


def _is_from_here(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
