"""Registering over HTTP: beside the bare POST, beside one plain transaction for each request, beside its own SQL."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from benchmarks import load, statements
from benchmarks.data import add_sessions, check_counts, database, present, process_on
from benchmarks.load import Load, Measured
from benchmarks.report import Comparison, Row, compare
from benchmarks.servers import WITH_LIMITS, bare, environment, plain, product
from webinars.queries import sessions as sessions_queries
from webinars.work import Process

_MANY = 64
_SPREAD = 1000
_FEW = 300
_ENOUGH = 100_000_000
_WEEK = timedelta(days=7)
_people = itertools.count()


def measure(name: str, folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    """At 64 connections and at one."""
    with database(name, folder) as url, process_on(url, folder, present()) as process, ExitStack() as servers:
        hot, *others = add_sessions(process, 1 + _SPREAD, capacity=_ENOUGH, starts_in=_WEEK)
        (few,) = add_sessions(process, 1, capacity=_FEW, starts_in=_WEEK)
        env, start, post = environment(url, folder), servers.enter_context, partial(_post, seconds)
        raw, ours, common = start(bare(folder)), start(product(env, folder)), start(plain(env, folder))
        limited = start(product(env | WITH_LIMITS, folder))
        one, many = (
            partial(statements.run, url, statements.record(process, hot, size), seconds) for size in (1, _MANY)
        )

        what = f"registration, {name}, {_MANY} connections"
        ours_many, raw_many = partial(post, ours, [hot], _MANY), partial(post, raw, [hot], _MANY)
        at_many = [
            Comparison(what, ours_many, raw_many, "the bare POST"),
            Comparison(f"{what}, {_SPREAD:,} sessions", partial(post, ours, others, _MANY), raw_many, "the bare POST"),
            Comparison(f"{what}, tries counted", partial(post, limited, [hot], _MANY), ours_many, "uncounted"),
            Comparison(what, ours_many, many, f"its SQL alone, {_MANY} in a transaction"),
        ]
        if not process.engines.is_sqlite:  # it lets one process write
            two = start(product(env, folder, workers=2))
            at_many += [
                Comparison(f"{what}, 2 processes", partial(post, two, [hot], _MANY), ours_many, "one process"),
                Comparison(what, ours_many, partial(one, _MANY), f"its SQL alone, {_MANY} clients"),
            ]
        what = f"registration, {name}, 1 connection"
        ours_one = partial(post, ours, [hot], 1)
        at_one = [
            Comparison(what, ours_one, partial(post, raw, [hot], 1), "the bare POST"),
            Comparison(what, ours_one, partial(post, common, [hot], 1), "a plain transaction for each"),
            Comparison(what, ours_one, one, "its SQL alone"),
        ]
        rows = compare(rounds, at_many) + compare(rounds, at_one)
        post(ours if process.engines.is_sqlite else two, [few], _MANY)
        _check(process, few)
    return rows


def _post(seconds: float, address: str, session_ids: Sequence[UUID], connections: int) -> Measured:
    """Register ever new people, for one session after the other."""
    urls = [f"{address}/api/v1/sessions/{session_id}/registrations" for session_id in session_ids]
    measured = load.run(Load(urls, connections, seconds, f"{next(_people)}."))
    assert set(measured.statuses) == {201}, measured.statuses
    return measured


def _check(process: Process, few: UUID) -> None:
    """Nothing was oversold or miscounted, not even where more came than there are seats."""
    check_counts(process)
    with process.read() as work:
        session = sessions_queries.get_session(work.db, few).session
    assert session.seats_taken == _FEW, "not as many have a seat as there are seats"
    assert session.waitlisted > 0, "too few came"
