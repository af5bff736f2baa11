"""Seats that come free are offered in order of arrival, kept until they are answered, and never after the start."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import OfferGone, RegistrationNotActive, SessionCancelled, SessionStarted
from webinars.queries import registrations as registrations_queries
from webinars.rules.seating import OFFER_TIME, RACE
from webinars.services import registrations, sessions, waitlist
from webinars.services.delivery import Sender
from webinars.tables import Message, Registration, WebinarSession
from webinars.terms import MessageKind, RegistrationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MINUTE = timedelta(minutes=1)


def states(process: Process, people: list[UUID]) -> list[str]:
    with process.read() as work:
        return [work.db.get_one(Registration, each).status.value for each in people]


def accept(process: Process, registration_id: UUID) -> Registration:
    with process.work() as work:
        return waitlist.accept(work, registration_id, process.clock.now())


def people_of(factory: Factory, session_id: UUID, count: int) -> list[UUID]:
    return [factory.registration(session_id).registration.id for _ in range(count)]


def broadcasts(process: Process) -> int:
    with process.read() as work:
        query = sa.select(sa.func.count()).where(col(Message.kind) == MessageKind.seat_free)
        return int(work.db.scalar(query) or 0)


def test_the_line_is_served_in_the_order_of_arrival(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=1).session.id
    people = []
    for _ in range(4):
        people.append(factory.registration(session_id).registration.id)
        clock.advance(timedelta(seconds=1))
    for served in range(1, 4):
        withdraw(process, people[served - 1])
        assert states(process, people) == ["withdrawn"] * served + ["offered"] + ["waitlisted"] * (3 - served)
        assert seats(process, session_id) == (1, 3 - served)


def test_taking_the_seat_confirms_it_and_twice_is_once(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, waiter = people_of(factory, session_id, 2)
    withdraw(process, holder)
    for _ in range(2):
        assert accept(process, waiter).status is RegistrationStatus.confirmed
    assert kinds_to(process, waiter) == ["waitlisted", "offered", "confirmation"]
    assert row(process, waiter).has_invite
    assert seats(process, session_id) == (1, 0)


def test_declining_an_offer_passes_the_seat_on(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, first, second = people_of(factory, session_id, 3)
    withdraw(process, holder)
    withdraw(process, first)
    assert states(process, [first, second]) == ["withdrawn", "offered"]


def test_an_offer_nobody_answers_ends_and_goes_to_the_next(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=1, starts_in=timedelta(days=30)).session.id
    holder, first, second = people_of(factory, session_id, 3)
    withdraw(process, holder)
    assert row(process, first).offer_expires_at == NOW + OFFER_TIME
    clock.advance(OFFER_TIME - MINUTE)
    assert waitlist.end_offers(process, clock.now()) == 0
    clock.advance(MINUTE)
    with pytest.raises(OfferGone):  # even before the job has come by
        accept(process, first)
    assert waitlist.end_offers(process, clock.now()) == 1
    assert states(process, [first, second]) == ["lapsed", "offered"]
    assert kinds_to(process, first) == ["waitlisted", "offered", "lapsed"]
    with pytest.raises(OfferGone):
        accept(process, first)
    assert seats(process, session_id) == (1, 0)
    back = factory.registration(session_id, factory_email(process, first))
    assert (back.registration.id, back.public_status) == (first, RegistrationStatus.waitlisted)


def factory_email(process: Process, registration_id: UUID) -> str:
    return registrations.email_of(process.vault, row(process, registration_id))


def test_an_offer_takes_a_quarter_of_the_time_left_at_most(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1, starts_in=timedelta(hours=12)).session.id
    holder, waiter = people_of(factory, session_id, 2)
    withdraw(process, holder)
    assert row(process, waiter).offer_expires_at == NOW + timedelta(hours=3)


def test_in_the_last_hours_all_are_told_and_the_first_to_take_it_has_it(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session_id = factory.session(capacity=1, starts_in=RACE).session.id
    holder, first, second, couple = [
        *people_of(factory, session_id, 3),
        factory.registration(session_id, seats=2).registration.id,
    ]
    with pytest.raises(OfferGone):
        accept(process, second)
    withdraw(process, holder)
    assert states(process, [first, second, couple]) == ["waitlisted"] * 3
    assert [kinds_to(process, each)[-1] for each in (first, second, couple)] == ["seat_free", "seat_free", "waitlisted"]
    assert accept(process, second).status is RegistrationStatus.confirmed
    with pytest.raises(OfferGone):
        accept(process, first)
    with pytest.raises(OfferGone):
        accept(process, couple)
    assert seats(process, session_id) == (1, 2)


def test_a_broadcast_comes_every_half_hour_at_most(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=2, starts_in=RACE).session.id
    one, other, _waiter = people_of(factory, session_id, 3)
    withdraw(process, one)
    withdraw(process, other)
    assert broadcasts(process) == 1
    assert waitlist.serve_all(process, clock.now()) == 0
    clock.advance(timedelta(minutes=30))
    assert waitlist.serve_all(process, clock.now()) == 1
    assert broadcasts(process) == 2


def test_in_the_last_hours_a_newcomer_may_be_the_first(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1, starts_in=RACE).session.id
    holder, _waiter = people_of(factory, session_id, 2)
    withdraw(process, holder)
    assert factory.registration(session_id).public_status is RegistrationStatus.confirmed
    assert seats(process, session_id) == (1, 1)


def test_before_the_last_hours_nobody_takes_a_seat_that_is_not_offered_to_them(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, first, second = people_of(factory, session_id, 3)
    withdraw(process, holder)
    with pytest.raises(OfferGone):
        accept(process, second)
    assert states(process, [first, second]) == ["offered", "waitlisted"]


def test_when_the_last_hours_come_free_seats_are_made_known(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    """A couple at the head keeps a single seat free; then it is for whoever takes it."""
    session = factory.session(capacity=2).session
    leaver, _stays = people_of(factory, session.id, 2)
    factory.registration(session.id, seats=2)
    single = factory.registration(session.id).registration.id
    withdraw(process, leaver)
    assert waitlist.serve_all(process, clock.now()) == 0
    clock.set(session.starts_at - RACE)
    assert waitlist.serve_all(process, clock.now()) == 1
    assert accept(process, single).status is RegistrationStatus.confirmed


def test_a_couple_at_the_head_waits_for_two_seats_and_nobody_overtakes(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2).session.id
    first, second = people_of(factory, session_id, 2)
    couple = factory.registration(session_id, seats=2).registration.id
    single = factory.registration(session_id).registration.id
    withdraw(process, first)
    assert states(process, [couple, single]) == ["waitlisted", "waitlisted"]
    withdraw(process, second)
    assert states(process, [couple, single]) == ["offered", "waitlisted"]
    assert seats(process, session_id) == (2, 1)
    with process.read() as work:
        assert seats(process, session_id) == registrations_queries.recount_seats(work.db, session_id)


def test_after_the_start_nobody_is_offered_a_seat_or_takes_one(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session = factory.session(capacity=1).session
    holder, waiter, next_one = people_of(factory, session.id, 3)
    clock.set(session.starts_at - timedelta(hours=5))
    withdraw(process, holder)
    assert states(process, [waiter]) == ["offered"]
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        accept(process, waiter)
    assert waitlist.end_offers(process, clock.now()) == 1
    assert waitlist.serve_all(process, clock.now()) == 0
    assert states(process, [waiter, next_one]) == ["lapsed", "waitlisted"]


def test_in_a_cancelled_session_nobody_is_seated(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, waiter, next_one = people_of(factory, session_id, 3)
    withdraw(process, holder)
    with process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=NOW)
    with pytest.raises(SessionCancelled):
        accept(process, waiter)
    withdraw(process, waiter)
    assert states(process, [next_one]) == ["waitlisted"]


def test_an_offer_does_not_outlast_an_earlier_start(process: Process, factory: Factory) -> None:
    session = factory.session(capacity=1, starts_in=timedelta(days=10)).session
    holder, waiter = people_of(factory, session.id, 2)
    withdraw(process, holder)
    sooner = NOW + timedelta(hours=6)
    with process.work() as work:
        changes = {"starts_at": sooner}
        sessions.update_session(work, session.id, changes, version=None, actor=ACTOR, now=NOW)
    assert row(process, waiter).offer_expires_at == sooner
    assert "moved" in kinds_to(process, waiter)


def test_serving_where_nothing_is_free_changes_nothing(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    people_of(factory, session_id, 2)
    with process.work() as work:
        assert waitlist.serve(work, session_id, NOW) == 0
        work.db.execute(sa.update(WebinarSession).values(capacity=2))
    with process.work() as work:
        assert waitlist.serve(work, session_id, NOW) == 1


def test_who_has_left_cannot_take_a_seat(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, waiter = people_of(factory, session_id, 2)
    withdraw(process, waiter)
    withdraw(process, holder)
    with pytest.raises(RegistrationNotActive):
        accept(process, waiter)


def test_a_couple_is_told_as_soon_as_two_seats_are_free(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2, starts_in=RACE).session.id
    one, other = people_of(factory, session_id, 2)
    couple = factory.registration(session_id, seats=2).registration.id
    single = factory.registration(session_id).registration.id
    withdraw(process, one)
    assert [kinds_to(process, each)[-1] for each in (couple, single)] == ["waitlisted", "seat_free"]
    withdraw(process, other)
    assert kinds_to(process, couple) == ["waitlisted", "seat_free"]
    assert kinds_to(process, single) == ["waitlisted", "seat_free"]  # once


@pytest.mark.parametrize("is_taken", [True, False])
def test_nobody_is_told_of_a_seat_that_is_gone_and_all_are_of_the_next_one(
    process: Process, factory: Factory, clock: SetClock, sender: Sender, mailer: MemoryMailer, is_taken: bool
) -> None:
    """The mails wait for the server; meanwhile somebody looks at their page, and takes the seat. Or nobody does, which
    is the control."""
    session_id = factory.session(capacity=2, starts_in=RACE).session.id
    one, other, quick = people_of(factory, session_id, 3)
    factory.registration(session_id, "slow@mail.example")
    factory.registration(session_id, "couple@mail.example", seats=2)
    sender.send_due(clock.now())
    mailer.mails.clear()
    withdraw(process, one)
    if is_taken:
        accept(process, quick)
    sender.send_due(clock.now())
    assert len(mailer.to("slow@mail.example")) == (0 if is_taken else 1)
    clock.advance(10 * MINUTE)
    withdraw(process, other)
    for _ in range(2):
        waitlist.serve_all(process, clock.now())
        sender.send_due(clock.now())
    assert len(mailer.to("slow@mail.example")) == 1  # and once in half an hour
    assert len(mailer.to("couple@mail.example")) == (0 if is_taken else 1)
