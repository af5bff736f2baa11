"""Public pages, kept as bytes: made once, handed out until something that they show has changed.

Once a second at most a process asks the database what public pages hang on (services/programme.py:appearance); when
that differs, all pages are forgotten. Making a list of 50 takes 17 ms, handing it out 0.07.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.pages.languages import VARY, visitor_language
from api.pages.patients.source import SOURCE_KEYS, visit_source
from api.pages.patients.zones import chosen_zone
from webinars.services import programme
from webinars.translations import PARAMETER
from webinars.work import Process

FRESH_S = 1.0
"""How old what pages show may be, in seconds."""
MOST_BYTES = 16 * 1024 * 1024
"""Of pages in each process. Those that nobody has asked for longest go first."""
LARGEST_KEY = 500
"""Characters. Longer addresses are made up, or come once: their pages are not worth the room."""
_NEVER_IN_304 = frozenset({b"content-length", b"content-type"})
_Key = tuple[str, ...]
_Make = Callable[[Request], Coroutine[Any, Any, Response]]
_RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page as it leaves."""

    etag: str
    body: bytes
    headers: _RawHeaders
    headers_unchanged: _RawHeaders
    """Of a 304: all that say how the page is to be treated, its policy too, for browsers renew theirs from them."""


class _Ready(Response):
    """An answer whose headers are encoded already."""

    def __init__(self, status: HTTPStatus, headers: _RawHeaders, body: bytes = b"") -> None:  # the usual work is done
        self.status_code = int(status)
        self.raw_headers = headers
        self.body = body
        self.background = None


class PageCache:
    """The public pages of one process."""

    def __init__(self, process: Process, *, fresh_s: float = FRESH_S, most_bytes: int = MOST_BYTES) -> None:
        self.process = process
        self.fresh_s = fresh_s
        self.most_bytes = most_bytes
        self.made = 0
        """How many pages were made, rather than handed out again."""
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._size = 0
        self._seen: tuple[Any, ...] = ()
        self._seen_at = float("-inf")
        self._looking = asyncio.Lock()
        self._making: dict[_Key, asyncio.Lock] = {}

    async def answer(self, request: Request, key: _Key, make: _Make) -> Response:
        """The page behind a key, made if need be; nothing but 304 to whoever has it already."""
        if time.monotonic() - self._seen_at >= self.fresh_s:
            await self._look()
        kept = self._kept.get(key)
        if kept is None:
            if sum(map(len, key)) > LARGEST_KEY:
                return await make(request)
            answer = await self._make_once(request, key, make)
            if isinstance(answer, Response):
                return answer
            kept = answer
        else:
            self._kept.move_to_end(key)
        if _has(request.headers.get("if-none-match", ""), kept.etag):
            return _Ready(HTTPStatus.NOT_MODIFIED, kept.headers_unchanged)
        return _Ready(HTTPStatus.OK, kept.headers, kept.body)

    async def _look(self) -> None:
        """Forget all pages if what they show has changed. One asks, the others wait for it."""
        async with self._looking:
            asked_at = time.monotonic()
            if asked_at - self._seen_at < self.fresh_s:
                return
            seen = await run_in_threadpool(self._appearance)
            if seen != self._seen:
                self._kept.clear()
                self._size = 0
            self._seen, self._seen_at = seen, asked_at

    def _appearance(self) -> tuple[Any, ...]:
        with self.process.read() as work:
            return programme.appearance(work, self.process.clock.now())

    async def _make_once(self, request: Request, key: _Key, make: _Make) -> _Kept | Response:
        """When many want a page that is not there, one makes it: right after a change all come at once."""
        turn = self._making.setdefault(key, asyncio.Lock())
        try:
            async with turn:
                if kept := self._kept.get(key):
                    return kept
                seen = self._seen
                answer = await make(request)
                self.made += 1
                if not _is_public(answer):
                    return answer
                kept = _as_kept(answer)
                if seen is self._seen:  # else it may be older than what was seen since
                    self._keep(key, kept)
                return kept
        finally:
            self._making.pop(key, None)

    def _keep(self, key: _Key, kept: _Kept) -> None:
        self._kept[key] = kept
        self._size += len(kept.body)
        while self._size > self.most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped.body)


class CachedRoute(APIRoute):
    """A page that shows everybody the same, apart from what its address and the link that led to it say, and in which
    language.

    What it may depend on: the path, the query parameters in its endpoint's signature, the chosen zone, the source, the
    language. Another parameter does not reach it, and it may read no other cookie or header.
    """

    def get_route_handler(self) -> _Make:
        make = super().get_route_handler()
        names = [field.alias for field in self.dependant.query_params]
        known = {*names, *SOURCE_KEYS, "timezone", PARAMETER}

        async def make_plain(request: Request) -> Response:
            query = [item for item in request.query_params.multi_items() if item[0] in known]
            return await make(Request({**request.scope, "query_string": urlencode(query).encode()}, request.receive))

        async def handle(request: Request) -> Response:
            cache: PageCache = request.app.state.page_cache
            return await cache.answer(request, _key(request, names), make_plain)

        return handle


def _key(request: Request, names: list[str]) -> _Key:
    """All that a page depends on apart from what hosts write. Other parameters, such as advertisers' click ids, do not
    make another page."""
    path, language = request.scope["path"], visitor_language(request)
    if not request.scope["query_string"] and "referer" not in request.headers:  # as most come: nothing to take apart
        return (path, language)
    query = request.query_params
    source = (part for item in visit_source(request).items() for part in item)
    asked = (query.get(name, "") for name in names)
    return (path, language, chosen_zone(request) or "", *asked, *source)


def _is_public(answer: Response) -> bool:
    cache_control = answer.headers.get("cache-control", "")
    is_private = "no-store" in cache_control or "private" in cache_control or "set-cookie" in answer.headers
    return answer.status_code == HTTPStatus.OK and not is_private


def _as_kept(answer: Response) -> _Kept:
    body = bytes(answer.body)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer.headers["ETag"] = etag
    answer.headers["Vary"] = f"{VARY}, Referer"  # the last is part of the links on the page
    headers = list(answer.raw_headers)
    return _Kept(etag, body, headers, [item for item in headers if item[0] not in _NEVER_IN_304])


def _has(if_none_match: str, etag: str) -> bool:
    """Whether a reader has a page already. A proxy that compresses it makes its tag a weak one."""
    return any(seen.strip().removeprefix("W/") in {etag, "*"} for seen in if_none_match.split(","))
