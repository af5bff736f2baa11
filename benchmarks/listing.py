"""The listing of 50 sessions as a page, beside a bare response of the same bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks import load
from benchmarks.data import add_sessions, database, present, process_on
from benchmarks.load import Load, Measured
from benchmarks.report import Row, alternate
from benchmarks.servers import bare, environment, product

SESSIONS = 50
CONNECTIONS = 32


def measure(name: str, folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    with database(name, folder) as url:
        with process_on(url, folder, present()) as process:
            for _ in range(SESSIONS):
                add_sessions(process, 1, capacity=40, starts_in=timedelta(days=7))
        return _measure_page(name, url, folder, rounds, seconds)


def _measure_page(name: str, url: str, folder: Path, rounds: int, seconds: float) -> list[Row]:
    with product(environment(url, folder), folder) as ours, bare(folder) as raw:
        page = httpx.get(f"{ours}/")
        assert page.status_code == 200
        (folder / "page.html").write_bytes(page.content)

        def loaded(url: str, status: int, etag: str | None = None) -> Measured:
            measured = load.run(Load([url], CONNECTIONS, seconds, etag=etag))
            assert set(measured.statuses) == {status}, measured.statuses
            return measured

        found = alternate(
            rounds,
            lambda: loaded(f"{ours}/", 200),
            lambda: loaded(f"{raw}/page", 200),
            lambda: loaded(f"{ours}/", 304, page.headers["etag"]),
            lambda: loaded(f"{raw}/unchanged", 304),
        )
    whole, bare_whole, unchanged, bare_unchanged = ([item.per_second for item in figures] for figures in found)
    note = f"{len(page.content) / 1024:.0f} KiB of HTML, {CONNECTIONS} connections"
    return [
        Row(f"listing of {SESSIONS} sessions, {name}", "/s", whole, bare_whole, f"{note}; beside the same bytes"),
        Row(f"the same unchanged (304), {name}", "/s", unchanged, bare_unchanged, "beside a bare 304"),
    ]
