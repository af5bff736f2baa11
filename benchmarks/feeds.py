"""A feed of 2,000 sessions: made anew, asked for again when nothing changed, and as a condition (304)."""

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
_AGAIN = 20


def measure(name: str, folder: Path, *, rounds: int) -> list[Row]:
    with database(name, folder) as url, process_on(url, folder, present()) as process:
        add_sessions(process, SESSIONS, capacity=40, starts_in=timedelta(days=1))
        kept = Feeds()
        feed = _read(process, kept)
        assert feed.body.count(b"BEGIN:VEVENT") == SESSIONS
        made, again, raw = alternate(
            rounds,
            lambda: _milliseconds(lambda: _made_anew(process)),
            lambda: _milliseconds(lambda: _read(process, kept), _AGAIN),
            lambda: _milliseconds(lambda: len(feed.body.split(b"\r\n")), _AGAIN),
        )
    note = f"{len(feed.body) / 1024:.0f} KiB; beside it: splitting those bytes into lines"
    return [
        Row(f"a feed of {SESSIONS} sessions made anew, {name}", "ms of CPU", made, raw, note),
        Row(f"the same feed when nothing changed, {name}", "ms of CPU", again, raw, note),
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
