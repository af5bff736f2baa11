"""What registering and an idle scheduler cost among a thousand registrations, and among a million."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

from benchmarks.data import add_sessions, check_counts, database, present, process_on, requests_for
from benchmarks.filling import fill
from benchmarks.load import Measured
from benchmarks.report import Row, alternate
from scheduler.loop import Scheduler
from webinars.services.registering import Registered, register
from webinars.work import Process

SIZES = (1_000, 100_000, 1_000_000)
_SESSIONS = 100
_BATCHES = {64: 10, 1: 50}
"""How many of each size a round registers: few, or a thousand would soon be many."""
_TICKS = 60
_ENOUGH = 100_000_000
_people = itertools.count()


def measure(name: str, folder: Path, *, rounds: int) -> Iterator[Row]:
    """In process, with half of all registrations in the session that is registered for."""
    with ExitStack() as stack:
        filled = [_filled(stack, name, folder, size) for size in SIZES]
        idle = [partial(_tick, Scheduler(process), _seconds(process.clock.now())) for process, _ in filled]
        yield from _rows(f"a tick with nothing due, {name}", rounds, idle)
        for size in _BATCHES:
            batches = [partial(_register, process, hot, size) for process, hot in filled]
            yield from _rows(f"registering {size} in process, {name}", rounds, batches)
        for process, _ in filled:
            check_counts(process)


def _filled(stack: ExitStack, name: str, folder: Path, size: int) -> tuple[Process, UUID]:
    url = stack.enter_context(database(name, folder))
    process = stack.enter_context(process_on(url, folder, present()))
    hot, *_ = add_sessions(process, _SESSIONS, capacity=_ENOUGH, starts_in=timedelta(days=7))
    fill(process, hot, size)
    return process, hot


def _rows(what: str, rounds: int, runs: Sequence[Callable[[], Measured]]) -> Iterator[Row]:
    for run in runs:
        run()
    least, *more = alternate(rounds, *runs)
    for size, found in zip(SIZES[1:], more, strict=True):
        yield Row(
            f"{what}, {size:,} registrations",
            "ms",
            [item.p50_ms for item in found],
            [item.p50_ms for item in least],
            f"beside {SIZES[0]:,}; p99 {median(item.p99_ms for item in found):.3g} ms, "
            f"there {median(item.p99_ms for item in least):.3g} ms",
        )


def _register(process: Process, hot: UUID, size: int) -> Measured:
    """As the desk does it: a batch is a transaction."""
    latencies = []
    for _ in range(_BATCHES[size]):
        requests = requests_for(hot, size, prefix=f"grown.{next(_people)}.")
        started = time.perf_counter()
        with process.work() as work:
            outcomes = register(work, requests, process.clock.now())
        latencies.append(time.perf_counter() - started)
        assert all(isinstance(outcome, Registered) for outcome in outcomes)
    return Measured.of(latencies, sum(latencies), size=size)


def _tick(scheduler: Scheduler, moments: Iterator[datetime]) -> Measured:
    """A minute of ticks, with what is done every few seconds or once a minute."""
    latencies = []
    for now in itertools.islice(moments, _TICKS):
        started = time.perf_counter()
        steps = scheduler.tick(now)
        latencies.append(time.perf_counter() - started)
        assert steps == 0, "something was due"
    return Measured.of(latencies, sum(latencies))


def _seconds(start: datetime) -> Iterator[datetime]:
    return (start + timedelta(seconds=number) for number in itertools.count())
