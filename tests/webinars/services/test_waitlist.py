"""Seats that come free go to whoever has waited longest, and never after the start."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.queries import registrations as registrations_queries
from webinars.services import registrations, sessions, waitlist
from webinars.tables import Registration, WebinarSession
from webinars.testing import SetClock
from webinars.work import Process


def states(process: Process, people: list[UUID]) -> list[str]:
    with process.read() as work:
        return [work.db.get_one(Registration, each).status.value for each in people]


def test_the_line_is_served_in_the_order_of_arrival(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=1).session.id
    people = []
    for _ in range(4):
        people.append(factory.registration(session_id).registration.id)
        clock.advance(timedelta(seconds=1))
    for served in range(1, 4):
        with process.work() as work:
            registrations.withdraw(work, people[served - 1], clock.now())
        assert states(process, people) == ["withdrawn"] * served + ["confirmed"] + ["waitlisted"] * (3 - served)


def test_a_couple_at_the_head_waits_for_two_seats_and_nobody_overtakes(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2).session.id
    first, second = (factory.registration(session_id).registration.id for _ in range(2))
    couple = factory.registration(session_id, seats=2).registration.id
    single = factory.registration(session_id).registration.id
    with process.work() as work:
        registrations.withdraw(work, first, NOW)
    assert states(process, [couple, single]) == ["waitlisted", "waitlisted"]
    with process.work() as work:
        registrations.withdraw(work, second, NOW)
    assert states(process, [couple, single]) == ["confirmed", "waitlisted"]
    with process.read() as work:
        session = work.db.get_one(WebinarSession, session_id)
        assert (session.seats_taken, session.waitlisted) == registrations_queries.recount_seats(work.db, session_id)


def test_after_the_start_nobody_is_seated(process: Process, factory: Factory) -> None:
    session = factory.session(capacity=1).session
    holder, waiter = (factory.registration(session.id).registration.id for _ in range(2))
    with process.work() as work:  # a host takes the seat back while it is going on
        registrations.decline(work, holder, session.starts_at)
    assert states(process, [waiter]) == ["waitlisted"]


def test_in_a_cancelled_session_nobody_is_seated(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, waiter = (factory.registration(session_id).registration.id for _ in range(2))
    with process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=NOW)
    with process.work() as work:
        registrations.withdraw(work, holder, NOW)
    assert states(process, [waiter]) == ["waitlisted"]


def test_promoting_where_nothing_is_free_changes_nothing(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    factory.registration(session_id)
    factory.registration(session_id)
    with process.work() as work:
        assert waitlist.promote(work, session_id, NOW) == 0
        work.db.execute(sa.update(WebinarSession).values(capacity=2))
    with process.work() as work:
        assert waitlist.promote(work, session_id, NOW) == 1
