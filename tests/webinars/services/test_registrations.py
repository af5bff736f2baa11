"""Leaving a registration, and what hosts decide."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import (
    RegistrationClosed,
    RegistrationNotActive,
    SessionFull,
    SessionNotOpen,
    SessionStarted,
    UndoTooLate,
)
from webinars.services import registrants, registrations, sessions
from webinars.tables import Registration
from webinars.terms import RegistrationStatus
from webinars.testing import SetClock
from webinars.work import Process

CONFIRMED, OFFERED, WAITLISTED, PENDING, DECLINED, WITHDRAWN = (
    RegistrationStatus.confirmed,
    RegistrationStatus.offered,
    RegistrationStatus.waitlisted,
    RegistrationStatus.pending,
    RegistrationStatus.declined,
    RegistrationStatus.withdrawn,
)


def test_leaving_gives_the_seat_to_the_next_and_twice_is_once(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    leaver, waiter = (factory.registration(session_id).registration.id for _ in range(2))
    for _ in range(2):
        assert withdraw(process, leaver).status is WITHDRAWN
    assert (row(process, leaver).revision, row(process, waiter).status) == (1, OFFERED)
    assert kinds_to(process, leaver) == ["confirmation", "withdrawn"]
    assert kinds_to(process, waiter) == ["waitlisted", "offered"]
    assert seats(process, session_id) == (1, 0)


def test_after_the_start_nobody_leaves(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    registration_id = factory.registration(session.id).registration.id
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        withdraw(process, registration_id)


def approval_session(factory: Factory, capacity: int = 1) -> UUID:
    return factory.session(factory.webinar(needs_approval=True), capacity=capacity).session.id


def test_where_a_host_decides_nobody_takes_a_seat_before(process: Process, factory: Factory) -> None:
    session_id = approval_session(factory)
    first, second, third = (factory.registration(session_id).registration.id for _ in range(3))
    assert seats(process, session_id) == (0, 0)
    with process.work() as work:
        assert registrations.approve(work, second, NOW).status is CONFIRMED
    with process.work() as work:
        assert registrations.approve(work, first, NOW).status is WAITLISTED
    with process.work() as work:
        assert registrations.decline(work, third, NOW).status is DECLINED
    assert seats(process, session_id) == (1, 1)
    assert [kinds_to(process, each) for each in (first, second, third)] == [
        ["pending", "waitlisted"],
        ["pending", "confirmation"],
        ["pending", "declined"],
    ]


def test_a_host_who_takes_a_seat_back_gives_it_to_the_next(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, waiter = (factory.registration(session_id).registration.id for _ in range(2))
    with process.work() as work:
        registrations.decline(work, holder, NOW)
    assert row(process, waiter).status is OFFERED
    with pytest.raises(RegistrationNotActive), process.work() as work:
        registrations.decline(work, holder, NOW)


def test_only_who_waits_for_a_host_is_approved(process: Process, factory: Factory) -> None:
    registration_id = factory.registration(factory.session().session.id).registration.id
    with pytest.raises(RegistrationNotActive), process.work() as work:
        registrations.approve(work, registration_id, NOW)


def undo(process: Process, registration_id: UUID) -> Registration:
    with process.work() as work:
        return registrations.undo(work, registration_id, process.clock.now())


def test_a_withdrawal_can_be_taken_back_for_ten_minutes(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=1).session.id
    ana = factory.registration(session_id).registration.id
    withdraw(process, ana)
    clock.advance(registrations.UNDO_TIME - timedelta(seconds=1))
    for _ in range(2):
        assert undo(process, ana).status is CONFIRMED
    assert seats(process, session_id) == (1, 0)
    assert kinds_to(process, ana) == ["confirmation", "withdrawn", "confirmation"]
    withdraw(process, ana)
    clock.advance(registrations.UNDO_TIME)
    with pytest.raises(UndoTooLate):
        undo(process, ana)
    assert seats(process, session_id) == (0, 0)


def test_a_seat_that_is_gone_is_not_taken_from_anybody_but_the_place_in_line_is_the_first(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session_id = factory.session(capacity=1).session.id
    ana = factory.registration(session_id).registration.id
    clock.advance(timedelta(seconds=1))
    second, third = (factory.registration(session_id).registration.id for _ in range(2))
    withdraw(process, ana)
    assert undo(process, ana).status is WAITLISTED
    assert [row(process, each).status for each in (second, third)] == [OFFERED, WAITLISTED]
    withdraw(process, second)
    assert [row(process, each).status for each in (ana, third)] == [OFFERED, WAITLISTED]
    assert seats(process, session_id) == (1, 1)


def test_undoing_gives_a_place_in_line_or_an_offer_back(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session(capacity=1).session.id
    holder, first = (factory.registration(session_id).registration.id for _ in range(2))
    clock.advance(timedelta(seconds=1))
    second = factory.registration(session_id).registration.id
    withdraw(process, first)
    assert undo(process, first).status is WAITLISTED
    withdraw(process, holder)
    until = row(process, first).offer_expires_at
    with process.work() as work:
        sessions.update_session(work, session_id, {"capacity": 2}, version=None, actor=ACTOR, now=clock.now())
    withdraw(process, first)  # now two seats are there and the second is offered one of them
    assert undo(process, first).status is OFFERED
    assert (row(process, first).offer_expires_at, row(process, second).status) == (until, OFFERED)


def test_what_a_host_decided_is_not_undone(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id).registration.id
    with process.work() as work:
        registrations.decline(work, ana, NOW)
    with pytest.raises(UndoTooLate):
        undo(process, ana)


def test_after_the_start_nothing_is_undone(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session(starts_in=timedelta(minutes=5)).session
    ana = factory.registration(session.id).registration.id
    withdraw(process, ana)
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        undo(process, ana)


def test_a_host_lets_somebody_in_again_who_was_declined(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(needs_approval=True), capacity=1).session.id
    ana = factory.registration(session_id).registration.id
    with process.work() as work:
        registrations.decline(work, ana, NOW)
    with process.work() as work:
        assert registrants.readmit(work, ana, actor=ACTOR, now=NOW).registration.id == ana
    assert row(process, ana).status is CONFIRMED
    with pytest.raises(RegistrationNotActive), process.work() as work:
        registrants.readmit(work, ana, actor=ACTOR, now=NOW)


def test_a_host_adds_somebody_without_approval_and_after_registration_has_closed(
    process: Process, factory: Factory
) -> None:
    webinar = factory.webinar(needs_approval=True)
    session_id = factory.session(webinar, capacity=1).session.id
    with process.work() as work:
        changes = {"registration_closes_at": NOW}
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=NOW)
    with pytest.raises(RegistrationClosed):
        factory.registration(session_id)
    for status in (CONFIRMED, WAITLISTED):
        with process.work() as work:
            added = registrants.add(work, factory.request(session_id), actor=ACTOR, now=NOW)
        assert added.registration.status is status
    assert seats(process, session_id) == (1, 1)


def test_before_registration_opens_the_public_is_told_when(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session().session.id
    opens_at = NOW + timedelta(days=1)
    with process.work() as work:
        changes = {"registration_opens_at": opens_at}
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=NOW)
    with pytest.raises(SessionNotOpen) as refusal:
        factory.registration(session_id)
    assert refusal.value.facts["opens_at"] == opens_at.isoformat()
    clock.set(opens_at)
    assert factory.registration(session_id).public_status is CONFIRMED


def change_seats(process: Process, registration_id: UUID, wanted: int) -> Registration:
    with process.work() as work:
        return registrations.change_seats(work, registration_id, wanted, process.clock.now())


def test_a_second_seat_is_taken_where_there_is_one_and_given_back_to_the_next(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session(capacity=2).session.id
    ana = factory.registration(session_id).registration.id
    for _ in range(2):
        assert change_seats(process, ana, 2).seats == 2
    assert seats(process, session_id) == (2, 0)
    bert = factory.registration(session_id).registration.id
    assert row(process, bert).status is WAITLISTED
    for _ in range(2):
        assert change_seats(process, ana, 1).seats == 1
    assert (row(process, ana).status, row(process, bert).status) == (CONFIRMED, OFFERED)
    assert seats(process, session_id) == (2, 0)


def test_a_second_seat_is_not_taken_from_anybody(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=3).session.id
    ana, _ = (factory.registration(session_id).registration.id for _ in range(2))
    couple = factory.registration(session_id, seats=2).registration.id
    with pytest.raises(SessionFull):  # one is free, but a couple waits
        change_seats(process, ana, 2)
    assert (row(process, ana).seats, row(process, couple).status) == (1, WAITLISTED)
    assert seats(process, session_id) == (2, 1)
    assert change_seats(process, couple, 1).seats == 1  # then one seat is enough for them
    assert row(process, couple).status is OFFERED
    assert seats(process, session_id) == (3, 0)


def test_who_waits_goes_on_waiting_in_the_same_place(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    factory.registration(session_id)
    first = factory.registration(session_id).registration
    change_seats(process, first.id, 2)
    assert (row(process, first.id).seats, row(process, first.id).waitlisted_at) == (2, NOW)
    assert seats(process, session_id) == (1, 1)


def test_seats_of_offers_and_of_what_is_over_stay(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session(capacity=1).session
    leaver, waiter = (factory.registration(session.id).registration.id for _ in range(2))
    withdraw(process, leaver)
    for registration_id in (leaver, waiter):
        with pytest.raises(RegistrationNotActive):
            change_seats(process, registration_id, 2)
    other = factory.registration(factory.session().session.id).registration.id
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        change_seats(process, other, 2)
