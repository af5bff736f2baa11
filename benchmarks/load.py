"""A load generator: keep-alive connections that send one request after the other, in a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles
from typing import Self, cast
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: addresses on one server, in turn, and a JSON body for each request where there is one."""

    urls: Sequence[str]
    connections: int
    seconds: float
    email_prefix: str | None = None
    """Posts registrations of ever new people; None sends GETs."""
    etag: str | None = None
    """What GETs say they have already."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came back."""

    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, latencies: Sequence[float], seconds: float, *, size: int = 1, statuses: Mapping[int, int] | None = None
    ) -> Self:
        """From the time that each step took, and all of them together; in each step were so many of what is counted."""
        cuts = quantiles(latencies, n=100)
        return cls(len(latencies) * size / seconds, cuts[49] * 1000, cuts[98] * 1000, statuses or {})


def run(load: Load) -> Measured:
    """Put a load on a server from a fresh process, so that the generator never shares the server's interpreter."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (load,))


def _run(load: Load) -> Measured:
    return uvloop.run(_all_connections(load))


async def _all_connections(load: Load) -> Measured:
    loop = asyncio.get_running_loop()
    parts = urlsplit(load.urls[0])
    assert parts.hostname is not None
    assert parts.port is not None
    requests = _requests(load)
    stop_at = loop.time() + load.seconds
    clients = [_Client(requests, stop_at, loop) for _ in range(load.connections)]
    started = time.perf_counter()
    for client in clients:
        await loop.create_connection(partial(_same, client), parts.hostname, parts.port)
    await asyncio.gather(*(client.done for client in clients))
    elapsed = time.perf_counter() - started
    latencies = list(itertools.chain.from_iterable(client.latencies for client in clients))
    statuses = sum((client.statuses for client in clients), Counter[int]())
    return Measured.of(latencies, elapsed, statuses=statuses)


def _same(client: _Client) -> _Client:
    return client


def _requests(load: Load) -> Iterator[bytes]:
    if load.email_prefix is None:
        seen = f"If-None-Match: {load.etag}\r\n" if load.etag else ""
        yield from itertools.cycle([f"{_head('GET', url)}{seen}\r\n".encode() for url in load.urls])
    for number, head in enumerate(itertools.cycle([_head("POST", url) for url in load.urls])):
        body = json.dumps(
            {"email": f"{load.email_prefix}{number}@mail.example", "name": "Ana Nunez", "timezone": "America/Denver"}
        )
        yield f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _head(method: str, url: str) -> str:
    parts = urlsplit(url)
    return f"{method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1\r\nHost: {parts.netloc}\r\n"


class _Client(asyncio.Protocol):
    """One connection. It reads just enough of HTTP/1.1 to know where an answer ends."""

    def __init__(self, requests: Iterator[bytes], stop_at: float, loop: asyncio.AbstractEventLoop) -> None:
        self.requests = requests
        self.stop_at = stop_at
        self.loop = loop
        self.done: asyncio.Future[None] = loop.create_future()
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.statuses[status] += 1
        self.buffer = self.buffer[end + 4 + length :]
        self.latencies.append(time.perf_counter() - self.sent_at)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        if self.loop.time() >= self.stop_at:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(next(self.requests))
