"""Registrants as hosts see them, on both databases."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.factories import Factory
from webinars.clock import SetClock
from webinars.errors import InvalidField, NotFound, SessionStarted
from webinars.rules.sessions import wall_time
from webinars.services import registrants, sessions
from webinars.terms import RegistrationStatus, new_id
from webinars.work import Process

HOST = "host:0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"
EMAIL = "ana@mail.example"


def _seen(process: Process, session_id: UUID, actor: str = HOST) -> str:
    with process.read() as work:
        page = registrants.list_registrants(
            work,
            session_id,
            status=None,
            cursor=None,
            limit=10,
            actor=actor,
            now=process.clock.now(),
        )
    return page.items[0].email


def test_an_address_is_open_to_who_asked_for_a_while(process: Process, factory: Factory, clock: SetClock) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, EMAIL)
    assert _seen(process, session_id) == "a•••@m•••.example"
    with process.work() as work:
        registrants.reveal(work, session_id, actor=HOST, now=clock.now())
    clock.advance(registrants.SHOWN_FOR - timedelta(seconds=1))
    assert _seen(process, session_id) == EMAIL
    assert _seen(process, session_id, "host:another") == "a•••@m•••.example"
    clock.advance(timedelta(seconds=1))
    assert _seen(process, session_id) == "a•••@m•••.example"


def test_nothing_is_revealed_of_a_session_that_is_not_there(process: Process, clock: SetClock) -> None:
    with process.work() as work, pytest.raises(NotFound):
        registrants.reveal(work, new_id(clock.now()), actor=HOST, now=clock.now())


def test_a_preview_counts_who_would_be_told(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session(capacity=1).session
    for _ in range(2):
        factory.registration(session.id)
    later = wall_time(session.starts_at + timedelta(days=1), session.timezone)
    with process.read() as work:
        assert registrants.count_by_status(work, session.id) == {
            RegistrationStatus.confirmed: 1,
            RegistrationStatus.waitlisted: 1,
        }
        would = sessions.preview_move(work, session.id, later, 60, clock.now())
        assert (would.told, would.starts_at) == (2, session.starts_at + timedelta(days=1))
        assert sessions.preview_cancellation(work, session.id, clock.now()).told == 2
        with pytest.raises(InvalidField):
            sessions.preview_move(work, session.id, later, 3, clock.now())
        with pytest.raises(SessionStarted):
            sessions.preview_cancellation(work, session.id, session.starts_at)


def test_a_length_that_the_database_would_refuse_is_refused_in_words(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    for minutes in (4, 601):
        with pytest.raises(InvalidField):
            factory.session(minutes=minutes)
    session = factory.session().session
    changes = {"duration_minutes": 4}
    with process.work() as work, pytest.raises(InvalidField):
        sessions.update_session(work, session.id, changes, version=None, actor=HOST, now=clock.now())
