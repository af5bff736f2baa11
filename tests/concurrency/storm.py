"""Everything that changes seats, at random and from many at once."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from tests.factories import ACTOR
from webinars.clock import SetClock
from webinars.db import DbSession
from webinars.errors import NotFound, WebinarsError
from webinars.queries import sessions as sessions_queries
from webinars.queries.sessions import Scheduled
from webinars.services import erasure, moves, registrants, registrations, sessions, waitlist
from webinars.services.registering import RegistrationRequest, register
from webinars.settings import Settings
from webinars.tables import Registration, Webinar, WebinarSession
from webinars.testing import MemoryMailer
from webinars.work import Process, Work

Deed = Callable[[Work, UUID], object]


def blow(process: Process, session_ids: list[UUID], seed: int, deeds: int) -> Counter[str]:
    """Do so many deeds, one after the other. Gives how often each came to which end."""
    chance, ends = random.Random(seed), Counter[str]()
    for _ in range(deeds):
        try:
            name = _deed(process, session_ids, chance)
        except WebinarsError as refusal:
            name = refusal.code
        except Exception as error:  # noqa: BLE001 - the test wants to see every kind
            name = f"trouble: {type(error).__name__}: {error}"
        ends[name] += 1
    return ends


def _deed(process: Process, session_ids: list[UUID], chance: random.Random) -> str:
    now, session_id, other = process.clock.now(), chance.choice(session_ids), chance.choice(session_ids)
    kind = chance.choices(["register", "capacity", "offers", "person"], [40, 4, 4, 52])[0]
    if kind == "offers":  # as if a day had passed: every offer has ended by then
        waitlist.end_offers(process, now + timedelta(days=2))
        return "offers"
    person = _somebody(process, chance) if kind == "person" else None
    with process.work() as work:
        if kind == "capacity":
            changes = {"capacity": chance.randint(3, 6)}
            sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=now)
        elif kind == "register":
            outcome = register(work, [_request(session_id, chance)], now)[0]
            if isinstance(outcome, WebinarsError):
                raise outcome
        elif person is not None:
            kind, deed = chance.choice(_deeds(other, now))
            deed(work, person)
    return kind


def _deeds(other: UUID, now: datetime) -> list[tuple[str, Deed]]:
    return [
        ("withdraw", lambda work, it: registrations.withdraw(work, it, now)),
        ("undo", lambda work, it: registrations.undo(work, it, now)),
        ("accept", lambda work, it: waitlist.accept(work, it, now)),
        ("accept", lambda work, it: waitlist.accept(work, it, now)),
        ("decline", lambda work, it: registrations.decline(work, it, now)),
        ("move", lambda work, it: moves.move(work, it, other, by_host=False, now=now)),
        ("move", lambda work, it: moves.move(work, it, other, by_host=False, now=now)),
        ("readmit", lambda work, it: registrants.readmit(work, it, actor=ACTOR, now=now)),
        ("erase", lambda work, it: erasure.erase(work, it, actor=ACTOR, now=now)),
    ]


def _somebody(process: Process, chance: random.Random) -> UUID | None:
    with process.read() as work:
        everybody = work.db.scalars(sa.select(col(Registration.id)).where(col(Registration.erased_at).is_(None))).all()
    return chance.choice(everybody) if everybody else None


def _request(session_id: UUID, chance: random.Random) -> RegistrationRequest:
    return RegistrationRequest(
        session_id=session_id,
        email=f"person{chance.randrange(60)}@mail.example",
        name="Ana Núñez",
        timezone="America/Denver",
        seats=chance.choice([1, 1, 1, 2]),
    )


def from_threads(process: Process, session_ids: list[UUID], *, threads: int, deeds: int) -> Counter[str]:
    with ThreadPoolExecutor(threads) as pool:
        shares = pool.map(lambda seed: blow(process, session_ids, seed, deeds), range(threads))
        return sum(shares, Counter[str]())


def from_processes(
    settings: Settings, now: datetime, session_ids: list[UUID], *, processes: int, deeds: int, unlocked: bool = False
) -> Counter[str]:
    work = [(settings, now, session_ids, seed, deeds, unlocked) for seed in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.starmap(_blow_there, work), Counter[str]())


def _blow_there(
    settings: Settings, now: datetime, session_ids: list[UUID], seed: int, deeds: int, unlocked: bool
) -> Counter[str]:
    process = Process(settings, clock=SetClock(now), mail=MemoryMailer())
    try:
        with without_locks() if unlocked else _nothing():
            return blow(process, session_ids, seed, deeds)
    finally:
        process.close()


@contextmanager
def without_locks() -> Iterator[None]:
    """Sessions are read as they are, and nobody waits for anybody."""
    with (
        patch.object(sessions_queries, "lock_sessions", _read_sessions),
        patch.object(sessions_queries, "lock_session", _read_session),
    ):
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _read_sessions(db: DbSession, session_ids: list[UUID]) -> dict[UUID, Scheduled]:
    query = (
        sa.select(WebinarSession, Webinar)
        .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
        .where(col(WebinarSession.id).in_(session_ids))
        .execution_options(populate_existing=True)
    )
    return {session.id: Scheduled(session, webinar) for session, webinar in db.execute(query)}


def _read_session(db: DbSession, session_id: UUID) -> Scheduled:
    try:
        return _read_sessions(db, [session_id])[session_id]
    except KeyError:
        raise NotFound from None
