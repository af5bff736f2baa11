"""A database that was filled at once is like one that people filled."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from benchmarks.data import add_registrations, add_sessions, check_counts
from benchmarks.filling import fill
from tests.support.scheduling import tick
from webinars.tables import Registration, WebinarSession
from webinars.tables.base import core
from webinars.work import Process


def seats(process: Process) -> dict[UUID, int]:
    session = core(WebinarSession).c
    with process.read() as work:
        return {row[0]: row[1] for row in work.db.execute(sa.select(session.id, session.seats_taken))}


@pytest.mark.parametrize("count", [1, 2, 300, 301])
def test_half_of_all_are_in_one_session(process: Process, count: int) -> None:
    hot, *others = add_sessions(process, 4, capacity=1000, starts_in=timedelta(days=7))
    fill(process, hot, count)
    check_counts(process)
    taken = seats(process)
    assert sum(taken.values()) == count
    assert taken[hot] == (count + 1) // 2
    assert max(taken[other] for other in others) - min(taken[other] for other in others) <= 1


def test_nothing_is_due_and_more_people_come(process: Process) -> None:
    hot, *_ = add_sessions(process, 4, capacity=1000, starts_in=timedelta(days=7))
    fill(process, hot, 100)
    assert tick(process, process.clock.now()) == 0
    before = seats(process)[hot]
    add_registrations(process, hot, 20)
    assert seats(process)[hot] == before + 19, "the one who was copied was there before"
    check_counts(process)


def test_each_is_a_person_of_its_own(process: Process) -> None:
    hot, *_ = add_sessions(process, 3, capacity=1000, starts_in=timedelta(days=7))
    fill(process, hot, 50)
    registration = core(Registration).c
    with process.read() as work:
        people = work.db.execute(sa.select(sa.func.count(registration.email_index.distinct()))).scalar_one()
    assert people == 50
