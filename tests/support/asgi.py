"""The application without a network: requests as bytes, handed over the way uvicorn does it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import anyio
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

HERE = "127.0.0.1"
"""The one address whose X-Forwarded-For is believed, as it is by default."""
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class RawRequest:
    """What comes over the wire, once the server has taken it apart."""

    method: str
    target: bytes
    """Path and query as on the request line, in ASCII."""
    headers: Headers = ()
    chunks: tuple[bytes, ...] = (b"",)
    """The body in the pieces it comes in."""
    client: str = HERE
    is_cut_off: bool = False
    """Whether the client goes away in place of the last piece."""

    @property
    def path(self) -> str:
        """As routes see it."""
        return unquote(self.target.partition(b"?")[0].decode("ascii"))


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What the application said."""

    status: int
    """0 if it said nothing."""
    headers: Headers
    body: bytes
    surprise: Exception | None
    """What came out of the application, for the server to log."""

    def header(self, name: str) -> str:
        """The header's value; empty if there is none."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), "")


class InProcess:
    """An application at work between `with` and its end, in an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._served = ProxyHeadersMiddleware(app, trusted_hosts=HERE)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._open.enter_context(start_blocking_portal())
        self._open.enter_context(self._portal.wrap_async_context_manager(self._app.router.lifespan_context(self._app)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def send(self, request: RawRequest) -> RawAnswer:
        return self.send_all([request])[0]

    def send_all(self, requests: Sequence[RawRequest]) -> list[RawAnswer]:
        """One after the other."""
        return self._portal.call(self._answer_all, requests)

    async def _answer_all(self, requests: Sequence[RawRequest]) -> list[RawAnswer]:
        return [await self._answer(request) for request in requests]

    async def _answer(self, request: RawRequest) -> RawAnswer:
        to_come = list(_messages(request))
        said: list[Any] = []

        async def receive() -> Any:
            if not to_come:
                await anyio.sleep_forever()  # the client waits for its answer
            return to_come.pop(0)

        async def send(message: Any) -> None:
            said.append(message)

        surprise: Exception | None = None
        try:
            await self._served(_scope(request), receive, send)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            surprise = error
        start = next((message for message in said if message["type"] == "http.response.start"), None)
        body = b"".join(message.get("body", b"") for message in said if message["type"] == "http.response.body")
        if start is None:
            return RawAnswer(0, (), body, surprise)
        return RawAnswer(start["status"], tuple(start["headers"]), body, surprise)


def _messages(request: RawRequest) -> Sequence[dict[str, Any]]:
    pieces = request.chunks[:-1] if request.is_cut_off else request.chunks
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if request.is_cut_off:
        return [*messages, {"type": "http.disconnect"}]
    messages[-1]["more_body"] = False
    return messages


def _scope(request: RawRequest) -> Any:
    raw_path, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": (HERE, 8000),
        "client": (request.client, 50_000),
        "scheme": "http",
        "root_path": "",
        "method": request.method,
        "path": request.path,
        "raw_path": raw_path,
        "query_string": query,
        "headers": list(request.headers),
        "state": {},
    }
