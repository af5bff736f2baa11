"""Bodies have a size: the framework itself would take any."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

PUBLIC_LIMIT = 64 * 1024
TOKEN_LIMIT = 1024 * 1024
_TOO_LARGE = 413


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Refuses what is announced as too large, and cuts off what turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = TOKEN_LIMIT if "authorization" in headers else PUBLIC_LIMIT
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await self._refuse(limit, scope, receive, send)
            return
        received, answered = 0, False

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _TooLarge
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive_counted, send_noted)
        except _TooLarge:
            if not answered:
                await self._refuse(limit, scope, receive, send)

    async def _refuse(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem(_TOO_LARGE, "body_too_large", f"A request may have at most {limit // 1024} KiB.")
        response.headers["Connection"] = "close"
        await response(scope, receive, send)
