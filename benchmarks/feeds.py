"""CPU that a feed of 2,000 sessions takes, made anew and asked for again unchanged, beside what it may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.data import add_sessions, database, present, process_on
from benchmarks.report import Row, alternate
from webinars.documents import feeds as documents
from webinars.services.feeds import Feed, Feeds
from webinars.work import Process

SESSIONS = 2000
COLD_LIMIT_MS = 500.0
"""What making it anew may take, the lines of every event too."""
UNCHANGED_LIMIT_MS = 5.0
_AGAIN = 20


def measure(name: str, folder: Path, *, rounds: int) -> list[Row]:
    with database(name, folder) as url, process_on(url, folder, present()) as process:
        add_sessions(process, SESSIONS, capacity=40, starts_in=timedelta(days=1))
        kept = Feeds()
        feed = _read(process, kept)
        assert feed.body.count(b"BEGIN:VEVENT") == SESSIONS
        made, again = alternate(
            rounds,
            lambda: _milliseconds(lambda: _made_anew(process)),
            lambda: _milliseconds(lambda: _read(process, kept), _AGAIN),
        )
    size = f"{len(feed.body) / 1024:.0f} KiB; beside the limit"
    return [
        Row(f"a feed of {SESSIONS:,} sessions made anew, {name}", "ms of CPU", made, [COLD_LIMIT_MS] * rounds, size),
        Row(f"the same feed unchanged, {name}", "ms of CPU", again, [UNCHANGED_LIMIT_MS] * rounds, size),
    ]


def _made_anew(process: Process) -> Feed:
    documents.event_lines.cache_clear()
    return _read(process, Feeds())


def _read(process: Process, feeds: Feeds) -> Feed:
    with process.read() as work:
        return feeds.public(work, process.clock.now())


def _milliseconds(deed: Callable[[], object], times: int = 1) -> float:
    started = time.process_time()
    for _ in range(times):
        deed()
    return (time.process_time() - started) * 1000 / times
