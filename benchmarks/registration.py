"""Registering over HTTP on one hot session, beside the bare POST: the same model and answer without a database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks import load
from benchmarks.data import add_sessions, database, present, process_on
from benchmarks.load import Load, Measured
from benchmarks.report import Row, alternate
from benchmarks.servers import bare, environment, product
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries

_CAPACITY = 100_000_000


def measure(name: str, folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    """At 64 connections and at one."""
    with database(name, folder) as url, process_on(url, folder, present()) as process:
        session_id = add_sessions(process, 1, capacity=_CAPACITY, starts_in=timedelta(days=7))[0]
        path = f"/sessions/{session_id}/registrations"
        rows = []
        with product(environment(url, folder), folder) as ours, bare(folder) as raw:
            for connections in (64, 1):

                def register(number: int, connections: int = connections) -> Measured:
                    prefix = f"{name}.{connections}.{number}."
                    return load.run(Load(f"{ours}/api/v1{path}", connections, seconds, prefix))

                def post(number: int, connections: int = connections) -> Measured:
                    return load.run(Load(f"{raw}{path}", connections, seconds, f"raw.{number}."))

                register(-1), post(-1)  # warm
                rows.append(_row(name, connections, *alternate(rounds, register, post)))
        with process.read() as work:
            session = sessions_queries.get_session(work.db, session_id).session
            counted = registrations_queries.recount_seats(work.db, session_id)
            assert counted == (session.seats_taken, session.waitlisted), "the counters do not equal a recount"
    return rows


def _row(name: str, connections: int, ours: list[Measured], raw: list[Measured]) -> Row:
    for measured in ours:
        assert set(measured.statuses) == {201}, measured.statuses
    p99, raw_p99 = median(item.p99_ms for item in ours), median(item.p99_ms for item in raw)
    return Row(
        f"registration, {name}, {connections} connections",
        "/s",
        [item.per_second for item in ours],
        [item.per_second for item in raw],
        f"p99 {p99:.0f} ms against {raw_p99:.0f} ms",
    )
