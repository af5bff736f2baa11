"""Whether everything that must work does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from webinars.errors import CannotStart
from webinars.queries import messages as messages_queries
from webinars.queries import workers as workers_queries
from webinars.services import schema
from webinars.tables import Worker
from webinars.work import Process, Work

SILENT_AFTER = timedelta(seconds=60)
"""A scheduler that has not been heard of for so long is taken as dead."""
_FORGOTTEN_AFTER = timedelta(days=1)
_LEAST_DISK = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    is_well: bool
    words: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What operators watch."""

    lag_seconds: float
    """How long the message that waits longest could have been sent by now."""
    messages: dict[str, int]
    last_beat_age_seconds: float | None


def beat(work: Work, worker_id: UUID, place: str, now: datetime) -> None:
    """Note that a scheduler process is alive."""
    if not workers_queries.beat(work.db, worker_id, now):
        work.db.add(Worker(id=worker_id, place=place, started_at=now, beat_at=now))
        workers_queries.delete_silent(work.db, now - _FORGOTTEN_AFTER)


def is_ready(process: Process, now: datetime) -> list[Finding]:
    """What a load balancer asks: database, schema, disk, and a scheduler that is alive."""
    return [
        _look("database", lambda: _database(process)),
        _look("schema", lambda: _schema(process)),
        _look("disk", lambda: _disk(process)),
        _look("scheduler", lambda: _scheduler(process, now)),
    ]


def check(process: Process, now: datetime) -> list[Finding]:
    """What an operator asks before the first visitor comes."""
    return [
        Finding("configuration", is_well=True, words=f"environment {process.settings.environment}"),
        _look("database", lambda: _database(process)),
        _look("schema", lambda: _schema(process)),
        _look("disk", lambda: _disk(process)),
        _look("mail", process.mail.check),
        Finding("meeting provider", is_well=True, words="rooms are addresses set by hand; no provider is configured"),
        Finding("clock", is_well=True, words=f"{now:%Y-%m-%d %H:%M:%S} UTC"),
    ]


def figures(process: Process, now: datetime) -> Figures:
    """For the metrics page."""
    with process.read() as work:
        oldest = messages_queries.oldest_due_at(work.db, now)
        counts = messages_queries.count_by_state(work.db)
        beat_at = workers_queries.last_beat_at(work.db)
    return Figures(
        lag_seconds=(now - oldest).total_seconds() if oldest else 0.0,
        messages={state.value: count for state, count in counts.items()},
        last_beat_age_seconds=(now - beat_at).total_seconds() if beat_at else None,
    )


def _look(name: str, at: Callable[[], str]) -> Finding:
    try:
        return Finding(name, is_well=True, words=at())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
        return Finding(name, is_well=False, words=str(error).splitlines()[0] if str(error) else type(error).__name__)


def _database(process: Process) -> str:
    with process.engines.read.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        return f"{connection.dialect.name} answers"


def _schema(process: Process) -> str:
    if not schema.is_current(process):
        raise CannotStart("the schema is not the one this program needs: run `webinars migrate`")
    return f"at {schema.NEWEST}"


def _disk(process: Process) -> str:
    process.settings.var_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(process.settings.var_dir).free
    if free < _LEAST_DISK:
        raise CannotStart(f"only {free // 1024**2} MiB are free")
    return f"{free // 1024**2} MiB free"


def _scheduler(process: Process, now: datetime) -> str:
    with process.read() as work:
        beat_at = workers_queries.last_beat_at(work.db)
    if beat_at is None:
        return "none has been started yet"  # a web process that waits for one to be ready would wait for ever
    if now - beat_at > SILENT_AFTER:
        raise CannotStart("no scheduler has been heard of: start `webinars work`, or `webinars serve` with its own")
    return f"heard of {(now - beat_at).total_seconds():.0f} s ago"
