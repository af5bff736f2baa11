"""Loads that tests put on a session, from threads and from processes: the shipped way, and a naive one as control."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from webinars.clock import ShiftedClock
from webinars.queries import registrations as registrations_queries
from webinars.services.desk import Desk
from webinars.services.registering import Idempotency, RegistrationRequest
from webinars.settings import Settings
from webinars.tables import Registration, WebinarSession
from webinars.terms import RegistrationStatus, new_id
from webinars.testing import MemoryMailer
from webinars.work import Process

Answer = TypeVar("Answer")
PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Told:
    """What one request was answered."""

    number: int
    registration_id: UUID | None
    status: str
    """A registration status, or the name of the error."""
    is_repeat: bool = False
    is_replay: bool = False


def request_of(session_id: UUID, number: int, key: str | None = None) -> RegistrationRequest:
    """The request of person `number`; `key` is its Idempotency-Key."""
    return RegistrationRequest(
        session_id=session_id,
        email=f"person{number}@mail.example",
        name=f"Person {number}",
        timezone="America/Denver",
        idempotency=Idempotency(key.encode().ljust(32), b"the same request".ljust(32)) if key else None,
    )


def at_once(calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
    """Make all calls from threads of their own, which wait for each other first."""
    calls = list(calls)
    together = threading.Barrier(len(calls))

    def make(call: Callable[[], Answer]) -> Answer:
        together.wait(PATIENCE_S)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def submit_all(desk: Desk, requests: Sequence[tuple[int, RegistrationRequest]], *, threads: int) -> list[Told]:
    """Submit from that many threads at once."""

    def submit(some: Sequence[tuple[int, RegistrationRequest]]) -> list[Told]:
        return [_told(number, desk, request) for number, request in some]

    shares = [requests[start::threads] for start in range(threads)]
    return [told for share in at_once([lambda some=some: submit(some) for some in shares]) for told in share]  # type: ignore[misc]


def _told(number: int, desk: Desk, request: RegistrationRequest) -> Told:
    try:
        answer = desk.submit(request).result(PATIENCE_S)
    except Exception as error:  # noqa: BLE001 - the test wants to see every kind
        return Told(number, None, type(error).__name__)
    return Told(number, answer.registration.id, answer.registration.status.value, answer.is_repeat, answer.is_replay)


def from_processes(
    settings: Settings, now: datetime, shares: Sequence[Sequence[tuple[int, RegistrationRequest]]]
) -> list[list[Told]]:
    """One share of requests from each of as many operating system processes, all submitted at once."""
    context = multiprocessing.get_context("spawn")
    together, answers = context.Barrier(len(shares)), context.SimpleQueue()
    workers = [
        context.Process(target=_work_off, args=(settings, now, position, share, together, answers))
        for position, share in enumerate(shares)
    ]
    for worker in workers:
        worker.start()
    told = dict(answers.get() for _ in workers)
    for worker in workers:
        worker.join(PATIENCE_S)
        assert worker.exitcode == 0
        worker.close()
    answers.close()
    return [told[position] for position in range(len(shares))]


def _work_off(
    settings: Settings,
    now: datetime,
    position: int,
    share: Sequence[tuple[int, RegistrationRequest]],
    together: Any,
    answers: Any,
) -> None:
    process = Process(settings, clock=ShiftedClock(now), mail=MemoryMailer())
    desk = Desk(process)
    together.wait(PATIENCE_S)
    answers.put((position, submit_all(desk, share, threads=len(share))))
    desk.close()
    process.close()


def statuses(told: Iterable[Told]) -> Counter[str]:
    return Counter(item.status for item in told)


def register_naively(
    process: Process, engine: sa.Engine, session_id: UUID, number: int, now: datetime, pause: Callable[[], object]
) -> RegistrationStatus:
    """What a first draft does: read the counter, decide, insert, write the counter back. No lock, no guard.

    Args:
        pause: called between reading and writing.
    """
    sessions: sa.Table = WebinarSession.__table__  # type: ignore[attr-defined]
    with engine.begin() as connection:
        taken, capacity = connection.execute(
            sa.select(sessions.c.seats_taken, sessions.c.capacity).where(sessions.c.id == session_id)
        ).one()
        pause()
        status = RegistrationStatus.confirmed if taken < capacity else RegistrationStatus.waitlisted
        connection.execute(sa.insert(Registration), [_row(process, session_id, number, status, now)])
        if status is RegistrationStatus.confirmed:
            connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seats_taken=taken + 1))
    return status


def _row(process: Process, session_id: UUID, number: int, status: RegistrationStatus, now: datetime) -> dict[str, Any]:
    registration_id = new_id(now)
    registration = Registration(
        id=registration_id,
        session_id=session_id,
        status=status,
        email=process.vault.seal("registrations.email", registration_id, f"person{number}@mail.example"),
        email_index=process.vault.index("email", f"person{number}@mail.example"),
        name=process.vault.seal("registrations.name", registration_id, f"Person {number}"),
        timezone="America/Denver",
        created_at=now,
        updated_at=now,
    )
    return registration.model_dump()


def counters_and_recount(process: Process, session_id: UUID) -> tuple[tuple[int, int], tuple[int, int]]:
    """`(seats taken, people waiting)` as the session says, and as its registrations say."""
    with process.read() as work:
        session = work.db.get_one(WebinarSession, session_id)
        return (
            (session.seats_taken, session.waitlisted),
            registrations_queries.recount_seats(work.db, session_id),
        )
