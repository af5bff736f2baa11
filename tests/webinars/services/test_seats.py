"""The seats of sessions over any history: a state machine does what people do, in any order, and looks after each step.

Whatever happens, seats confirmed and offered never grow past the capacity, the counters equal a recount, lines are
served in order of arrival, and nobody holds two seats by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.db import DbSession
from webinars.errors import WebinarsError
from webinars.rules import seating
from webinars.rules.sessions import is_to_come
from webinars.services import erasure, moves, registrants, registrations, sessions, waitlist
from webinars.tables import Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import ACTIVE, HOLDING, RegistrationStatus, SessionStatus
from webinars.testing import SetClock
from webinars.work import Process, Work

T = TypeVar("T")
PEOPLE, SESSIONS = st.integers(0, 9), st.integers(0, 2)
PAUSES = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 11, 5 * 60, 25 * 60)])
_runs = count(1)


class Seats(RuleBasedStateMachine):
    """A few sessions of one webinar, ten people, hosts, and time passing."""

    process: Process
    clock: SetClock
    places = Bundle("places")

    @initialize(capacities=st.lists(st.integers(1, 4), min_size=2, max_size=3), needs_approval=st.booleans())
    def begin(self, capacities: list[int], needs_approval: bool) -> None:
        self.clock.set(NOW)
        self.factory, self.number = Factory(self.process), next(_runs)
        webinar = self.factory.webinar(f"run-{self.number}", needs_approval=needs_approval)
        self.session_ids = [
            self.factory.session(webinar, capacity=capacity, starts_in=timedelta(days=2 + position)).session.id
            for position, capacity in enumerate(capacities)
        ]
        self.look()

    @rule(target=places, person=PEOPLE, session=SESSIONS, seats=st.integers(1, 2), by_host=st.booleans())
    def register(self, person: int, session: int, seats: int, by_host: bool) -> UUID | None:
        email = f"person{person}@run{self.number}.example"
        request = self.factory.request(self.session(session), email, seats=seats)
        self.clock.advance(timedelta(milliseconds=1))
        if by_host:
            done = self.do(lambda work: registrants.add(work, request, actor=ACTOR, now=self.now))
        else:
            try:
                done = self.factory.registration(request.session_id, email, seats=seats)
            except WebinarsError:
                done = None
        return done.registration.id if done else None

    @rule(target=places, place=places, session=SESSIONS, by_host=st.booleans())
    def move(self, place: UUID | None, session: int, by_host: bool) -> UUID | None:
        to = self.session(session)
        moved = self.act(place, lambda work, it: moves.move(work, it, to, by_host=by_host, now=self.now))
        if moved and place and moved.status is RegistrationStatus.confirmed:
            assert self.row(place).status not in ACTIVE, "the old seat is kept beside the new one"
        return moved.registration_id if moved else None

    @rule(place=places)
    def accept(self, place: UUID | None) -> None:
        before = self.row(place).status if place else None
        taken = self.act(place, lambda work, it: waitlist.accept(work, it, self.now))
        if taken and taken.replaces_id and before is not RegistrationStatus.confirmed:
            replaced = self.row(taken.replaces_id)
            if self.seen[replaced.session_id][0].starts_at > self.now:
                assert replaced.status not in ACTIVE, "the old seat is kept beside the new one"

    @rule(place=places)
    def withdraw(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: registrations.withdraw(work, it, self.now))

    @rule(place=places)
    def undo(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: registrations.undo(work, it, self.now))

    @rule(place=places)
    def approve(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: registrations.approve(work, it, self.now))

    @rule(place=places)
    def decline(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: registrations.decline(work, it, self.now))

    @rule(place=places)
    def readmit(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: registrants.readmit(work, it, actor=ACTOR, now=self.now))

    @rule(place=places)
    def erase(self, place: UUID | None) -> None:
        self.act(place, lambda work, it: erasure.erase(work, it, actor=ACTOR, now=self.now))

    @rule(session=SESSIONS, capacity=st.integers(1, 5))
    def change_capacity(self, session: int, capacity: int) -> None:
        changes = {"capacity": capacity}
        self.do(
            lambda work: sessions.update_session(
                work, self.session(session), changes, version=None, actor=ACTOR, now=self.now
            )
        )

    @rule(session=SESSIONS)
    def cancel_session(self, session: int) -> None:
        if session:  # the first one stays, or runs end too soon
            self.do(
                lambda work: sessions.cancel_session(
                    work, self.session(session), version=None, actor=ACTOR, now=self.now
                )
            )

    @rule(pause=PAUSES)
    def time_passes(self, pause: timedelta) -> None:
        self.clock.advance(pause)
        waitlist.end_offers(self.process, self.now)
        waitlist.serve_all(self.process, self.now)

    @invariant()
    def seats_are_sound(self) -> None:
        before = self.seen
        self.look()
        for session_id, (session, people) in self.seen.items():
            held = sum(each.seats for each in people.values() if each.status in HOLDING)
            line = line_of(people)
            assert (session.seats_taken, session.waitlisted) == (held, len(line))
            # Lowering the capacity throws nobody out; but while it is lower than what is taken, nobody comes in.
            assert session.seats_taken <= max(session.capacity, before[session_id][0].seats_taken)
            self.served_in_order(line_of(before[session_id][1]), people)
            if line and is_asked_in_turn(session, self.now):
                assert people[line[0]].seats > session.capacity - session.seats_taken, "a seat is free for the first"

    def served_in_order(self, before: list[UUID], people: dict[UUID, Registration]) -> None:
        """Of those who waited, nobody is offered a seat while somebody ahead of them still waits."""
        offered = [each for each in before if people[each].status is RegistrationStatus.offered]
        waiting = [each for each in before if people[each].status is RegistrationStatus.waitlisted]
        if offered and waiting:
            assert before.index(offered[-1]) < before.index(waiting[0])

    def teardown(self) -> None:
        """Other runs have the database, too: leave nothing in it that a job would look after."""
        with self.process.work() as work:
            work.db.execute(sa.update(Registration).values(status=RegistrationStatus.declined))
            work.db.execute(
                sa.update(WebinarSession).values(status=SessionStatus.cancelled, seats_taken=0, waitlisted=0)
            )

    def act(self, place: UUID | None, deed: Callable[[Work, UUID], T]) -> T | None:
        return self.do(lambda work: deed(work, place)) if place else None

    def do(self, deed: Callable[[Work], T]) -> T | None:
        """A refusal is as good as a success: nothing may be out of order afterwards."""
        self.clock.advance(timedelta(milliseconds=1))  # who comes later is later
        try:
            with self.process.work() as work:
                return deed(work)
        except WebinarsError:
            return None

    def look(self) -> None:
        """Remember every session with all its registrations."""
        with self.process.read() as work:
            rows = work.db.scalars(
                sa.select(Registration).where(col(Registration.session_id).in_(self.session_ids))
            ).all()
            self.seen = {
                each: (
                    work.db.get_one(WebinarSession, each),
                    {registration.id: registration for registration in rows if registration.session_id == each},
                )
                for each in self.session_ids
            }

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def session(self, position: int) -> UUID:
        return self.session_ids[position % len(self.session_ids)]

    def row(self, registration_id: UUID) -> Registration:
        with self.process.read() as work:
            return work.db.get_one(Registration, registration_id)


def line_of(people: dict[UUID, Registration]) -> list[UUID]:
    """Who waits, in order of arrival."""
    line = [each for each in people.values() if each.status is RegistrationStatus.waitlisted]
    return [each.id for each in sorted(line, key=lambda each: (each.waitlisted_at or NOW, each.id))]


def is_asked_in_turn(session: WebinarSession, now: datetime) -> bool:
    return is_to_come(session.status, session.starts_at, now) and not seating.is_race(session.starts_at, now)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_over_any_history_seats_stay_sound(process: Process, clock: SetClock) -> None:
    machine = type("SeatsHere", (Seats,), {"process": process, "clock": clock})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_machine_sees_a_seat_that_is_sold_twice(
    sqlite_process: Process, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without any guard it finds a history that oversells."""
    monkeypatch.setattr(seating.Seating, "seats_left", 1000)
    monkeypatch.setattr("webinars.queries.sessions.take_seats", _take_unguarded)
    machine = type("SeatsHere", (Seats,), {"process": sqlite_process, "clock": clock})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=settings(
                max_examples=40,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )


def _take_unguarded(db: DbSession, session_id: UUID, *, seats: int, waiting: int) -> bool:
    table = core(WebinarSession)
    values = {"seats_taken": table.c.seats_taken + seats, "waitlisted": table.c.waitlisted + waiting}
    db.execute(sa.update(table).where(table.c.id == session_id).values(values))
    return True
