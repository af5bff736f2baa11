"""Databases to measure on, filled through the services."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa

from benchmarks.servers import SECRET
from tests.support.postgres import PostgresServer
from webinars.queries import registrations as registrations_queries
from webinars.rules.sessions import wall_time
from webinars.services import registering, schema, sessions, webinars
from webinars.services.registering import RegistrationRequest
from webinars.settings import Environment, Settings
from webinars.tables import Message, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import PublicationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ACTOR = "benchmark"
_BATCH = 500
Result = TypeVar("Result")


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    """An empty database of a kind; its URL."""
    if name == "SQLite":
        yield f"sqlite:///{folder / f'{uuid4().hex}.db'}"
        return
    with PostgresServer() as server:
        server.create_database("benchmark")
        yield server.url("benchmark")


@contextmanager
def process_on(url: str, folder: Path, now: datetime) -> Iterator[Process]:
    """A process whose clock stands at `now`."""
    settings = Settings.model_validate(
        {"environment": Environment.test, "database_url": url, "secret_key": SECRET, "var_dir": folder / "var"}
    )
    process = Process(settings, clock=SetClock(now), mail=MemoryMailer())
    schema.migrate(process)
    yield process
    process.close()


def present() -> datetime:
    return datetime.now(UTC)


def add_sessions(process: Process, count: int, *, capacity: int, starts_in: timedelta) -> list[UUID]:
    """Sessions of one published webinar."""
    now = process.clock.now()
    made = []
    with process.work() as work:
        slug = f"webinar-{uuid4().hex}"
        facts = {"slug": slug, "title": "Knee pain: options before surgery", "status": PublicationStatus.published}
        webinars.create_webinar(work, facts, topics=[], presenters=[], actor=ACTOR, now=now)
        for number in range(count):
            item = sessions.create_session(
                work,
                webinar=slug,
                wall=wall_time((now + starts_in + timedelta(hours=number)).replace(second=0, microsecond=0), "UTC"),
                duration_minutes=60,
                capacity=capacity,
                room_url="https://rooms.example/r/1",
                actor=ACTOR,
                now=now,
            )
            made.append(item.session.id)
    return made


def add_registrations(process: Process, session_id: UUID, count: int) -> None:
    now = process.clock.now()
    requests = requests_for(session_id, count)
    for start in range(0, count, _BATCH):
        with process.work() as work:
            registering.register(work, requests[start : start + _BATCH], now)


def requests_for(session_id: UUID, count: int, *, prefix: str = "person") -> list[RegistrationRequest]:
    """What so many people ask for."""
    return [
        RegistrationRequest(
            session_id=session_id,
            email=f"{prefix}{number}@mail.example",
            name="Ana Nunez",
            timezone="America/Denver",
            locale="en-US",
        )
        for number in range(count)
    ]


def check_counts(process: Process) -> None:
    """Every counter equals a recount, nobody is oversold, and the ledger has a message for every registration."""
    with process.read() as work:
        session = core(WebinarSession)
        for session_id, capacity, *counters in work.db.execute(
            sa.select(session.c.id, session.c.capacity, session.c.seats_taken, session.c.waitlisted)
        ).all():
            assert registrations_queries.recount_seats(work.db, session_id) == tuple(counters), "counters are wrong"
            assert counters[0] <= capacity, "a session is oversold"
        registered, planned = (
            work.db.execute(sa.select(sa.func.count()).select_from(core(table))).scalar_one()
            for table in (Registration, Message)
        )
        assert registered == planned, f"{registered} registrations, {planned} messages"


def apart(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call something in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)
