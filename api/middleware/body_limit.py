"""Bodies have a size: the framework itself would take any."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import FOR_PROGRAMS, problem
from api.pages.error_pages import status_page
from webinars.documents import bounces
from webinars.documents.sheets import MOST_BYTES
from webinars.rules.branding import MOST_LOGO_BYTES

PUBLIC_LIMIT = 64 * 1024
VISIT_LIMIT = 4 * 1024
TOKEN_LIMIT = 1024 * 1024
IMPORT_LIMIT = MOST_BYTES + PUBLIC_LIMIT
"""A file, and the form around it."""
LOGO = "/console/branding/logo"
LOGO_LIMIT = MOST_LOGO_BYTES + PUBLIC_LIMIT
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BodyLimit:
    """Refuses what is announced as too large, and cuts off what turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = _limit(scope["path"], headers)
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await _refusal(scope, limit)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # Raised where the body is read: there it is answered like every other refusal.
                raise HTTPException(_TOO_LARGE, _words(limit), {"Connection": "close"})
            return message

        await self.app(scope, receive_counted, send)


def _limit(path: str, headers: Headers) -> int:
    """For who says to be known here; whether they are is looked at before the body is."""
    if path.endswith("/import") and ("authorization" in headers or "cookie" in headers):
        return IMPORT_LIMIT
    if path == LOGO and "cookie" in headers:
        return LOGO_LIMIT
    if path.startswith("/inbound/"):
        return bounces.MOST_BYTES
    if path == "/visits":
        return VISIT_LIMIT
    return TOKEN_LIMIT if "authorization" in headers else PUBLIC_LIMIT


def _refusal(scope: Scope, limit: int) -> Response:
    is_api = scope["path"].startswith(FOR_PROGRAMS)
    response: Response = (
        problem(_TOO_LARGE, "body_too_large", _words(limit)) if is_api else status_page(Request(scope), _TOO_LARGE)
    )
    response.headers["Connection"] = "close"
    return response


def _words(limit: int) -> str:
    return f"A request may have at most {limit // 1024} KiB."
