"""Leaving a registration, and what hosts decide."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.conftest import NOW
from tests.factories import Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import (
    RegistrationNotActive,
    SessionStarted,
)
from webinars.services import registrations
from webinars.terms import RegistrationStatus
from webinars.testing import SetClock
from webinars.work import Process

CONFIRMED, WAITLISTED, PENDING, DECLINED, WITHDRAWN = (
    RegistrationStatus.confirmed,
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
    assert (row(process, leaver).revision, row(process, waiter).status) == (1, CONFIRMED)
    assert kinds_to(process, leaver) == ["confirmation", "withdrawn"]
    assert kinds_to(process, waiter) == ["waitlisted", "promoted"]
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
    assert row(process, waiter).status is CONFIRMED
    with pytest.raises(RegistrationNotActive), process.work() as work:
        registrations.decline(work, holder, NOW)


def test_only_who_waits_for_a_host_is_approved(process: Process, factory: Factory) -> None:
    registration_id = factory.registration(factory.session().session.id).registration.id
    with pytest.raises(RegistrationNotActive), process.work() as work:
        registrations.approve(work, registration_id, NOW)
