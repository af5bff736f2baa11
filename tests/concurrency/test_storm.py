"""Seats stay sound while everything happens at once: processes on PostgreSQL, threads on both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.concurrency.storm import from_processes, from_threads
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.queries import registrations as registrations_queries
from webinars.tables import Registration, WebinarSession
from webinars.terms import ACTIVE, RegistrationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MOST_SEATS = 6


@pytest.fixture
def postgres_process(postgres_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=MemoryMailer())
    yield process
    process.close()


def sessions_of(process: Process) -> list[UUID]:
    factory = Factory(process)
    webinar = factory.webinar()
    return [
        factory.session(webinar, capacity=5, starts_in=timedelta(days=3 + number)).session.id for number in range(3)
    ]


def unsound(process: Process, session_ids: list[UUID]) -> list[str]:
    """What is wrong."""
    found = []
    with process.read() as work:
        for session_id in session_ids:
            session = work.db.get_one(WebinarSession, session_id)
            counters = (session.seats_taken, session.waitlisted)
            recount = registrations_queries.recount_seats(work.db, session_id)
            if counters != recount:
                found.append(f"the counters say {counters}, a recount {recount}")
            if recount[0] > MOST_SEATS:
                found.append(f"{recount[0]} seats were promised, there were never more than {MOST_SEATS}")
            line = registrations_queries.list_waitlist(work.db, session_id, 1)
            if line and line[0].seats <= session.capacity - recount[0]:
                found.append("the head of the line waits for a seat that is free")
        rows = work.db.execute(sa.select(col(Registration.id), col(Registration.replaces_id)))
        pointers = {row[0]: row[1] for row in rows}
        found += ["what replaces what goes in a circle"] * any(_goes_in_a_circle(pointers, each) for each in pointers)
        # An old place that nobody ever left (each leaving counts its revision up) beside the new one that ended it.
        both = sa.select(col(Registration.id)).where(
            col(Registration.status) == RegistrationStatus.confirmed,
            col(Registration.replaces_id).in_(
                sa.select(col(Registration.id)).where(
                    col(Registration.status).in_(ACTIVE), col(Registration.revision) == 0
                )
            ),
        )
        found += ["somebody has the old seat and the new one"] * len(work.db.execute(both).all())
    return found


def _goes_in_a_circle(pointers: dict[UUID, UUID | None], start: UUID) -> bool:
    following, steps = pointers[start], 0
    while following is not None and steps <= len(pointers):
        following, steps = pointers[following], steps + 1
    return following is not None


def troubles(ends: Counter[str]) -> list[str]:
    return [end for end in ends if end.startswith("trouble")]


@pytest.mark.long
def test_threads(process: Process) -> None:
    session_ids = sessions_of(process)
    ends = from_threads(process, session_ids, threads=8, deeds=100)
    assert troubles(ends) == []
    assert {"register", "withdraw", "undo", "accept", "move", "readmit", "capacity"} <= set(ends)
    assert unsound(process, session_ids) == []


@pytest.mark.long
def test_processes(postgres_process: Process) -> None:
    session_ids = sessions_of(postgres_process)
    ends = from_processes(postgres_process.settings, NOW, session_ids, processes=4, deeds=200)
    assert troubles(ends) == []
    assert {"register", "withdraw", "undo", "accept", "move", "readmit", "capacity"} <= set(ends)
    assert unsound(postgres_process, session_ids) == []


@pytest.mark.long
def test_without_the_locks_it_goes_wrong(postgres_process: Process) -> None:
    """The control."""
    session_ids = sessions_of(postgres_process)
    from_processes(postgres_process.settings, NOW, session_ids, processes=4, deeds=200, unlocked=True)
    assert unsound(postgres_process, session_ids) != []
