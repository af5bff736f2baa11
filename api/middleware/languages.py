"""Keeps the language that the address of a page names as the visitor's choice, for the pages to come."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.languages import COOKIE, named_language
from webinars.translations import PARAMETER

_A_YEAR_S = 365 * 24 * 60 * 60
_ELSEWHERE = ("/api/", "/inbound/", "/console", "/embed/")
"""Where no patient chooses: a frame on another site may keep nothing in any case."""


class LanguageChoice:
    """Adds the cookie to whatever is answered: to kept pages and to redirects alike. It says nothing but the language,
    and comes only where somebody has followed a link that names one."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self.app = app
        self.attributes = f"Max-Age={_A_YEAR_S}; Path=/; SameSite=Lax; HttpOnly" + ("; Secure" if is_secure else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = _chosen(scope)
        if chosen is None:
            await self.app(scope, receive, send)
            return
        cookie = (b"set-cookie", f"{COOKIE}={chosen}; {self.attributes}".encode())

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], cookie]
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _chosen(scope: Scope) -> str | None:
    if scope["type"] != "http" or f"{PARAMETER}=".encode() not in scope["query_string"]:
        return None
    if scope["method"] != "GET" or scope["path"].startswith(_ELSEWHERE):
        return None
    return named_language(dict(parse_qsl(scope["query_string"].decode("latin-1"))))
