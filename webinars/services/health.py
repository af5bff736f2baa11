"""Whether everything that must work does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from webinars.errors import CannotStart
from webinars.queries import claims as claims_queries
from webinars.queries import messages as messages_queries
from webinars.queries import reminders as reminders_queries
from webinars.queries import workers as workers_queries
from webinars.rules.transports import Condition, tokens_at
from webinars.services import schema, transports
from webinars.tables import Worker
from webinars.tally import COUNTED
from webinars.work import Process, ReadWork, Work

SILENT_AFTER = timedelta(seconds=60)
"""A scheduler that has not been heard of for so long is taken as dead."""
LONGEST_LAG = timedelta(minutes=5)
"""What was due longer ago than that and has not left is an alarm."""
LONGEST_PLANNER_LAG = timedelta(minutes=1)
"""A reminder whose messages were to be made longer ago than that is an alarm."""
LONGEST_TICK = timedelta(seconds=30)
"""A scheduler that beats, but whose last tick that ended well is older than that, is an alarm."""
SEVERAL = 3
"""People whose mails are put off one after the other: it is not they."""
REMEMBER_MISSED = timedelta(hours=1)
REMEMBER_REFUSED = timedelta(hours=1)
REMEMBER_UNPLANNED = timedelta(minutes=5)
"""It is tried again every minute."""
_FORGOTTEN_AFTER = timedelta(days=1)
_LEAST_DISK = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    is_well: bool
    words: str
    is_vital: bool = True
    """Whether the web part cannot do without it."""


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """What one scheduler process has counted since it was started."""

    place: str
    counts: dict[str, int]
    delays: list[int]
    """How many messages left within each class of delay after they were due (tally.DELAYS_S, and one beyond)."""
    delay_sum: float


@dataclass(frozen=True, slots=True)
class WayFigures:
    """How a way of sending fares."""

    name: str
    is_paused: bool
    failures: int
    tokens: float | None
    """What may leave now; None without a rate."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What operators watch."""

    lag_seconds: float
    """How long the message that waits longest could have been sent by now, or could have left if the server did not put
    off everybody's."""
    planner_lag_seconds: float
    """How long the reminder that waits longest could have become messages by now."""
    messages: dict[str, int]
    last_beat_age_seconds: float | None
    last_tick_age_seconds: float | None
    """Since any scheduler ended a tick well."""
    workers: list[WorkerFigures] = field(default_factory=list)
    ways: list[WayFigures] = field(default_factory=list)


def beat(work: Work, worker_id: UUID, place: str, now: datetime) -> None:
    """Note that a scheduler process is alive."""
    figures = work.process.tally.figures()
    if not workers_queries.beat(work.db, worker_id, now, figures):
        work.db.add(Worker(id=worker_id, place=place, started_at=now, beat_at=now, figures=figures))
        workers_queries.delete_silent(work.db, now - _FORGOTTEN_AFTER)


def is_ready(process: Process, now: datetime) -> list[Finding]:
    """What a load balancer asks: database, schema, disk, and a scheduler that is alive."""
    return [
        _look("database", lambda: _database(process)),
        _look("schema", lambda: _schema(process)),
        _look("disk", lambda: _disk(process)),
        _look("scheduler", lambda: _scheduler(process, now)),
        # Registering works without mail, and what is planned is sent later: whoever takes the web out of service for
        # it turns a delay into an outage.
        replace(_look("messages", lambda: _messages(process, now)), is_vital=False),
    ]


def alarms(work: ReadWork, now: datetime) -> list[str]:
    """What is wrong with sending right now, in words for whoever runs the program; empty if nothing is."""
    found = []
    oldest = claims_queries.oldest_due_at(work.db, now)
    if oldest is not None and now - oldest > LONGEST_LAG:
        minutes = (now - oldest) // timedelta(minutes=1)
        found.append(f"A message has waited for {minutes} minutes longer than it should.")
    found += [
        f"Sending by {name} does not work and is paused. Failures in a row: {condition.failures}."
        for name, condition in _conditions(work)
        if condition.failures
    ]
    workers = workers_queries.list_workers(work.db)
    if _put_off_since(work, workers, now) is not None:
        found.append("The mail server keeps putting mails off, whoever they are for.")
    if any(at and now - at < REMEMBER_REFUSED for at in _moments(workers, "refused_at")):
        found.append("In the last hour mails were refused for the way they are sent, or could not be made.")
    if any(at and now - at < REMEMBER_MISSED for at in _moments(workers, "missed_at")):
        found.append("In the last hour messages were not sent in time, and are useless by now.")
    return found + _planning_alarms(work, workers, now)


def _conditions(work: ReadWork) -> list[tuple[str, Condition]]:
    """Of the ways in use, by name."""
    used = transports.in_use(work.process)
    return [(name, condition) for name, condition in sorted(transports.conditions(work).items()) if name in used]


def _put_off_since(work: ReadWork, workers: Sequence[Worker], now: datetime) -> datetime | None:
    """When the first mail fell due of those that a server puts off, if it has put off several people's since it last
    took one: none of a single mailbox that is full, or of some that were full before."""
    mailed = [at for at in _moments(workers, "mailed_at") if at]
    people, first_at = claims_queries.count_put_off(work.db, since=max(mailed, default=None), until=now - LONGEST_LAG)
    return first_at if people >= SEVERAL else None


def _planning_alarms(work: ReadWork, workers: Sequence[Worker], now: datetime) -> list[str]:
    found = []
    waiting = reminders_queries.oldest_plan_at(work.db, now)
    if waiting is not None and now - waiting > LONGEST_PLANNER_LAG:
        minutes = (now - waiting) // timedelta(minutes=1)
        found.append(f"Reminders that were to be prepared {minutes} minutes ago are not.")
    if any(at and now - at < REMEMBER_UNPLANNED for at in _moments(workers, "unplanned_at")):
        found.append("A reminder cannot be prepared. It is tried again every minute; the log says which one it is.")
    ticks = zip(workers, _moments(workers, "ticked_at"), strict=True)
    alive = [(worker, at) for worker, at in ticks if now - worker.beat_at <= SILENT_AFTER]
    if any(worker.beat_at - (at or worker.started_at) > LONGEST_TICK for worker, at in alive):
        found.append("A scheduler is there, but does not get through what it has to do.")
    return found


def _moments(workers: Sequence[Worker], name: str) -> list[datetime | None]:
    """What each of them has noted under a name, if anything."""
    noted = [worker.figures.get(name) for worker in workers]
    return [datetime.fromisoformat(at) if at else None for at in noted]


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
        oldest = claims_queries.oldest_due_at(work.db, now)
        counts = messages_queries.count_by_state(work.db)
        waiting = reminders_queries.oldest_plan_at(work.db, now)
        beat_at = workers_queries.last_beat_at(work.db)
        workers = workers_queries.list_workers(work.db)
        conditions = _conditions(work)
        put_off = _put_off_since(work, workers, now)
    ticks = [at for at in _moments(workers, "ticked_at") if at]
    rates = {way.name: way.rate for way in transports.ways(process)}
    ways = [
        WayFigures(
            name,
            condition.is_open(now),
            condition.failures,
            tokens_at(condition, now, rates[name]) if rates.get(name) else None,
        )
        for name, condition in conditions
    ]
    waiting_since = min((at for at in (oldest, put_off) if at), default=now)
    return Figures(
        lag_seconds=(now - waiting_since).total_seconds(),
        planner_lag_seconds=(now - waiting).total_seconds() if waiting else 0.0,
        messages={state.value: count for state, count in counts.items()},
        last_beat_age_seconds=(now - beat_at).total_seconds() if beat_at else None,
        last_tick_age_seconds=(now - max(ticks)).total_seconds() if ticks else None,
        workers=[_counted(worker) for worker in workers if worker.figures],
        ways=ways,
    )


def _counted(worker: Worker) -> WorkerFigures:
    # The program before this one counted less, and may be among them for a day.
    counts = {name: int(worker.figures.get(name, 0)) for name in COUNTED}
    return WorkerFigures(worker.place, counts, list(worker.figures["delays"]), float(worker.figures["delay_sum"]))


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


def _messages(process: Process, now: datetime) -> str:
    with process.read() as work:
        found = alarms(work, now)
    if found:
        raise CannotStart(" ".join(found))
    return "all that was due has left"


def _scheduler(process: Process, now: datetime) -> str:
    with process.read() as work:
        beat_at = workers_queries.last_beat_at(work.db)
    if beat_at is None:
        return "none has been started yet"  # a web process that waits for one to be ready would wait for ever
    if now - beat_at > SILENT_AFTER:
        raise CannotStart("no scheduler has been heard of: start `webinars work`, or `webinars serve` with its own")
    return f"heard of {(now - beat_at).total_seconds():.0f} s ago"
