"""Moving to another session: one step, and the old seat is kept until the new one is certain."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import (
    AlreadyRegistered,
    InvalidField,
    NotFound,
    RegistrationClosed,
    RegistrationNotActive,
    SessionFull,
    SessionStarted,
)
from webinars.services import moves, registrants, registrations, waitlist
from webinars.services.moves import Moved
from webinars.terms import RegistrationStatus, new_id
from webinars.testing import SetClock
from webinars.work import Process

CONFIRMED, WAITLISTED = RegistrationStatus.confirmed, RegistrationStatus.waitlisted


def move(process: Process, registration_id: UUID, to: UUID, *, by_host: bool = False) -> Moved:
    with process.work() as work:
        return moves.move(work, registration_id, to, by_host=by_host, now=process.clock.now())


def two_sessions(factory: Factory, *, here: int = 2, there: int = 2, **facts: object) -> tuple[UUID, UUID]:
    webinar = factory.webinar(f"moving-{new_id(factory.now).hex[-8:]}", **facts)
    return (
        factory.session(webinar, capacity=here).session.id,
        factory.session(webinar, capacity=there, starts_in=timedelta(days=14)).session.id,
    )


def test_with_a_free_seat_there_the_old_place_ends_in_the_same_step(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, here=1)
    old = factory.registration(here, "ana@mail.example", phone="+1 303 555 0134", seats=1).registration.id
    waiter = factory.registration(here).registration.id
    moved = move(process, old, there)
    assert moved.status is CONFIRMED
    assert (seats(process, here), seats(process, there)) == ((1, 0), (1, 0))
    assert row(process, old).status is RegistrationStatus.withdrawn
    assert row(process, waiter).status is RegistrationStatus.offered
    new = row(process, moved.registration_id)
    assert registrations.email_of(process.vault, new) == "ana@mail.example"
    assert registrations.phone_of(process.vault, new) == "+1 303 555 0134"
    assert kinds_to(process, old) == ["confirmation", "withdrawn"]
    assert kinds_to(process, new.id) == ["confirmation"]
    assert not registrations.can_undo(row(process, old), factory.now)  # back is a move, too


def test_without_a_free_seat_there_the_old_one_is_kept_until_one_is_taken(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    holder = factory.registration(there).registration.id
    old = factory.registration(here).registration.id
    moved = move(process, old, there)
    assert (moved.status, row(process, old).status) == (WAITLISTED, CONFIRMED)
    assert (seats(process, here), seats(process, there)) == ((1, 0), (1, 1))
    withdraw(process, holder)
    assert row(process, old).status is CONFIRMED  # an offer is not yet a seat
    with process.work() as work:
        waitlist.accept(work, moved.registration_id, factory.now)
    assert (row(process, old).status, row(process, moved.registration_id).status) == (
        RegistrationStatus.withdrawn,
        CONFIRMED,
    )
    assert (seats(process, here), seats(process, there)) == ((0, 0), (1, 0))


def test_giving_up_the_wait_leaves_the_old_place_as_it_was(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    factory.registration(there)
    old = factory.registration(here).registration.id
    moved = move(process, old, there)
    withdraw(process, moved.registration_id)
    assert row(process, old).status is CONFIRMED
    assert (seats(process, here), seats(process, there)) == ((1, 0), (1, 0))


def test_moving_on_ends_every_place_before(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    third = factory.session(process_webinar(process, here), capacity=1, starts_in=timedelta(days=21)).session.id
    factory.registration(there)
    old = factory.registration(here).registration.id
    between = move(process, old, there).registration_id
    moved = move(process, between, third)
    assert [row(process, each).status.value for each in (old, between, moved.registration_id)] == [
        "withdrawn",
        "withdrawn",
        "confirmed",
    ]
    assert (seats(process, here), seats(process, there), seats(process, third)) == ((0, 0), (1, 0), (1, 0))


def process_webinar(process: Process, session_id: UUID) -> str:
    with process.read() as work:
        return registrations.sessions_queries.get_session(work.db, session_id).webinar.slug


def test_moving_back_is_the_same_registration_again(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory)
    old = factory.registration(here).registration.id
    new = move(process, old, there).registration_id
    assert move(process, new, here).registration_id == old
    assert (seats(process, here), seats(process, there)) == ((1, 0), (0, 0))
    assert row(process, old).revision == 2


def test_a_full_session_without_a_waitlist_changes_nothing(process: Process, factory: Factory) -> None:
    webinar = factory.webinar("full")
    here = factory.session(webinar).session.id
    there = factory.session(webinar, capacity=1, waitlist_open=False, starts_in=timedelta(days=9)).session.id
    factory.registration(there)
    old = factory.registration(here).registration.id
    with pytest.raises(SessionFull):
        move(process, old, there)
    assert row(process, old).status is CONFIRMED
    assert kinds_to(process, old) == ["confirmation"]


def test_a_couple_moves_with_two_seats_or_waits_for_two(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    couple = factory.registration(here, seats=2).registration.id
    assert move(process, couple, there).status is WAITLISTED
    assert (seats(process, here), seats(process, there)) == ((2, 0), (0, 1))


def test_what_was_approved_stays_approved_and_what_waits_for_approval_waits_there(
    process: Process, factory: Factory
) -> None:
    here, there = two_sessions(factory, needs_approval=True)
    approved, waiting = (factory.registration(here).registration.id for _ in range(2))
    with process.work() as work:
        registrations.approve(work, approved, factory.now)
    assert move(process, approved, there).status is CONFIRMED
    assert move(process, waiting, there).status is RegistrationStatus.pending
    assert row(process, waiting).status is RegistrationStatus.withdrawn
    assert (seats(process, here), seats(process, there)) == ((0, 0), (1, 0))


def test_where_nobody_can_be_moved_to(process: Process, factory: Factory, clock: SetClock) -> None:
    here, there = two_sessions(factory)
    elsewhere = factory.session().session
    old = factory.registration(here, "ana@mail.example").registration.id
    for wrong in (here, elsewhere.id):
        with pytest.raises(InvalidField):
            move(process, old, wrong)
    with pytest.raises(NotFound):
        move(process, old, new_id(factory.now))
    factory.registration(there, "ana@mail.example")
    with pytest.raises(AlreadyRegistered):
        move(process, old, there)
    gone = factory.registration(here).registration.id
    withdraw(process, gone)
    with pytest.raises(RegistrationNotActive):
        move(process, gone, there)


def test_after_the_start_nobody_moves(process: Process, factory: Factory, clock: SetClock) -> None:
    here, there = two_sessions(factory)
    old = factory.registration(here).registration.id
    with process.read() as work:
        clock.set(registrations.get_registration(work, old)[1].session.starts_at)
    with pytest.raises(SessionStarted):
        move(process, old, there)


def test_the_registration_window_binds_registrants_and_not_hosts(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory)
    with process.work() as work:
        session = registrations.sessions_queries.lock_session(work.db, there).session
        session.registration_closes_at = factory.now
    old = factory.registration(here).registration.id
    with pytest.raises(RegistrationClosed):
        move(process, old, there)
    with process.work() as work:
        assert registrants.move(work, old, there, actor=ACTOR, now=factory.now).status is CONFIRMED


@pytest.mark.parametrize("room", [0, 1])
def test_moving_twice_is_moving_once(process: Process, factory: Factory, room: int) -> None:
    here, there = two_sessions(factory, there=1 + room)
    factory.registration(there)
    old = factory.registration(here).registration.id
    first = move(process, old, there)
    told = kinds_to(process, first.registration_id)
    assert move(process, old, there) == first
    assert first.is_old_kept is (room == 0)
    assert moves.has_moved(row(process, old)) is (room == 1)
    assert kinds_to(process, first.registration_id) == told
    expected = ((0, 0), (2, 0)) if room else ((1, 0), (1, 1))
    assert (seats(process, here), seats(process, there)) == expected


def test_what_somebody_gave_up_is_not_moved_by_pressing_again(process: Process, factory: Factory) -> None:
    """Only a move is repeated so: who withdrew and is registered there has two registrations of one's own."""
    here, there = two_sessions(factory)
    old = factory.registration(here, "ana@mail.example").registration.id
    factory.registration(there, "ana@mail.example")
    withdraw(process, old)
    with pytest.raises(AlreadyRegistered):
        move(process, old, there)
    assert not moves.has_moved(row(process, old))


def test_what_the_same_person_has_in_other_sessions_to_come(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    here, there = two_sessions(factory, there=1)
    soon = factory.session(process_webinar(process, here), starts_in=timedelta(hours=1)).session.id
    foreign = factory.session().session.id
    old = factory.registration(here, "ana@mail.example").registration.id
    for session_id in (soon, foreign):
        factory.registration(session_id, "ANA@mail.example")
    for session_id in (there, here):
        factory.registration(session_id, "bo@mail.example")
    waits = move(process, old, there).registration_id

    def elsewhere(registration_id: UUID) -> list[UUID]:
        with process.read() as work:
            registration = registrations.get_registration(work, registration_id)[0]
            return [session.id for _, session in moves.list_elsewhere(work, registration, clock.now())]

    assert elsewhere(old) == [soon, there]
    clock.advance(timedelta(hours=1))
    assert (elsewhere(old), elsewhere(waits)) == ([there], [here])
    withdraw(process, waits)
    assert elsewhere(old) == []


def test_who_waits_in_one_session_and_moves_to_another_ends_with_one_seat(process: Process, factory: Factory) -> None:
    """From A they wait for B; then they move from A to C. When a seat in B comes, C ends."""
    here, there = two_sessions(factory, there=1)
    third = factory.session(process_webinar(process, here), starts_in=timedelta(days=21)).session.id
    holder = factory.registration(there).registration.id
    old = factory.registration(here).registration.id
    waiting = move(process, old, there).registration_id
    between = move(process, old, third).registration_id
    withdraw(process, holder)
    with process.work() as work:
        waitlist.accept(work, waiting, factory.now)
    assert [row(process, each).status.value for each in (old, between, waiting)] == [
        "withdrawn",
        "withdrawn",
        "confirmed",
    ]
    assert (seats(process, here), seats(process, there), seats(process, third)) == ((0, 0), (1, 0), (0, 0))


def test_who_was_declined_there_does_not_get_in_by_moving(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory)
    declined = factory.registration(there, "ana@mail.example").registration.id
    with process.work() as work:
        registrations.decline(work, declined, factory.now)
    old = factory.registration(here, "ana@mail.example").registration.id
    assert move(process, old, there).status is RegistrationStatus.pending
    assert row(process, old).status is CONFIRMED  # kept until a host has decided
    with process.work() as work:
        registrations.approve(work, declined, factory.now)
    assert (seats(process, here), seats(process, there)) == ((0, 0), (1, 0))


def states(process: Process, *registration_ids: UUID) -> list[str]:
    return [row(process, each).status.value for each in registration_ids]


def test_giving_up_one_wait_for_another_keeps_the_seat(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    third = factory.session(process_webinar(process, here), capacity=1, starts_in=timedelta(days=21)).session.id
    blocker = factory.registration(there).registration.id
    holder = factory.registration(third).registration.id
    seat = factory.registration(here).registration.id
    wait = move(process, seat, there).registration_id
    other_wait = move(process, wait, third)
    assert not other_wait.is_old_kept  # the wait in between ended; the seat stays
    assert states(process, blocker, seat, wait, other_wait.registration_id) == [
        "confirmed",
        "confirmed",
        "withdrawn",
        "waitlisted",
    ]
    withdraw(process, holder)
    with process.work() as work:
        waitlist.accept(work, other_wait.registration_id, factory.now)
    assert states(process, seat, other_wait.registration_id) == ["withdrawn", "confirmed"]


def test_two_waits_from_one_seat_end_as_one_seat(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    third = factory.session(process_webinar(process, here), capacity=1, starts_in=timedelta(days=21)).session.id
    holders = [factory.registration(each).registration.id for each in (there, third)]
    seat = factory.registration(here).registration.id
    waits = [move(process, seat, each).registration_id for each in (there, third)]
    for holder, wait in zip(holders, waits, strict=True):
        withdraw(process, holder)
        with process.work() as work:
            waitlist.accept(work, wait, factory.now)
    assert states(process, seat, *waits) == ["withdrawn", "withdrawn", "confirmed"]


def test_moving_a_wait_back_to_where_one_came_from_is_no_circle(process: Process, factory: Factory) -> None:
    """The old place was given up in between: coming back means it, and nothing replaces it any more."""
    here, there = two_sessions(factory, here=1, there=1)
    holder = factory.registration(there).registration.id
    seat = factory.registration(here).registration.id
    wait = move(process, seat, there).registration_id
    withdraw(process, seat)
    factory.registration(here)  # somebody takes it
    withdraw(process, holder)
    back = move(process, wait, here)
    assert (back.registration_id, back.status, back.is_old_kept) == (seat, WAITLISTED, True)
    for each in (seat, wait):
        withdraw(process, each)
    assert states(process, seat, wait) == ["withdrawn", "withdrawn"]


def test_moving_back_to_a_free_seat_ends_the_wait_and_nothing_else(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    factory.registration(there)
    seat = factory.registration(here).registration.id
    wait = move(process, seat, there).registration_id
    withdraw(process, seat)
    back = move(process, wait, here)
    assert (back.registration_id, back.status) == (seat, CONFIRMED)
    assert states(process, seat, wait) == ["confirmed", "withdrawn"]


def test_a_place_that_was_come_back_to_is_not_replaced(process: Process, factory: Factory) -> None:
    here, there = two_sessions(factory, there=1)
    holder = factory.registration(there).registration.id
    seat = factory.registration(here, "ana@mail.example").registration.id
    wait = move(process, seat, there).registration_id
    withdraw(process, seat)
    factory.registration(here, "ana@mail.example")
    withdraw(process, holder)
    with process.work() as work:
        waitlist.accept(work, wait, factory.now)
    assert states(process, seat, wait) == ["confirmed", "confirmed"]
