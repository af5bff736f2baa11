"""Registering, coming back, asking again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import kinds_to, row, seats, withdraw
from webinars.errors import (
    IdempotencyMismatch,
    InvalidField,
    NotFound,
    SessionCancelled,
    SessionFull,
    SessionStarted,
    WebinarsError,
)
from webinars.queries import registrations as registrations_queries
from webinars.services import registering, registrations, sessions, webinars
from webinars.services.consents import ConsentAnswer
from webinars.services.registering import Idempotency, Registered
from webinars.tables import Consent, IdempotencyKey, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import RegistrationStatus, SessionStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

CONFIRMED, WAITLISTED, PENDING, DECLINED, WITHDRAWN = (
    RegistrationStatus.confirmed,
    RegistrationStatus.waitlisted,
    RegistrationStatus.pending,
    RegistrationStatus.declined,
    RegistrationStatus.withdrawn,
)


def test_a_batch_is_decided_in_order_and_a_refusal_stops_nobody(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=2).session.id
    requests = [
        factory.request(session_id),
        factory.request(UUID(int=1)),
        factory.request(session_id, consents=[ConsentAnswer("no_such_thing", "email", is_granted=True, method="api")]),
        factory.request(session_id),
        factory.request(session_id),
    ]
    with process.work() as work:
        outcomes = registering.register(work, requests, NOW)
    said = [o.public_status if isinstance(o, Registered) else type(o) for o in outcomes]
    assert said == [CONFIRMED, NotFound, InvalidField, CONFIRMED, WAITLISTED]
    assert seats(process, session_id) == (2, 1)


def test_what_a_person_wrote_is_kept_for_whoever_has_the_key(process: Process, factory: Factory) -> None:
    consent = ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")
    registered = factory.registration(
        factory.session().session.id,
        "ana@mail.example",
        question="MRI?",
        consents=[consent],
        address_block="10.0.0.0/24",
    )
    kept = row(process, registered.registration.id)
    assert registrations.email_of(process.vault, kept) == "ana@mail.example"
    assert registrations.name_of(process.vault, kept) == "Ana Núñez"
    assert kept.question is not None
    assert process.vault.open("registrations.question", kept.id, kept.question) == "MRI?"
    with process.read() as work:
        (proof,) = work.db.scalars(sa.select(Consent))
    assert (proof.purpose, proof.is_granted, proof.method, proof.address_block) == (
        "topic_alerts",
        True,
        "form",
        "10.0.0.0/24",
    )
    assert len(proof.text_hash) == 64


def test_a_couple_gets_two_seats_or_none(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=3).session.id
    assert factory.registration(session_id, seats=2).public_status is CONFIRMED
    assert factory.registration(session_id, seats=2).public_status is WAITLISTED
    assert factory.registration(session_id).public_status is WAITLISTED  # nobody overtakes
    assert seats(process, session_id) == (2, 2)


def test_without_a_waitlist_a_full_session_refuses(factory: Factory) -> None:
    session_id = factory.session(capacity=1, waitlist_open=False).session.id
    factory.registration(session_id)
    with pytest.raises(SessionFull):
        factory.registration(session_id)


def test_registering_ends_at_the_start(process: Process, factory: Factory, clock: SetClock) -> None:
    session = factory.session(starts_in=timedelta(hours=1)).session
    clock.set(session.starts_at - timedelta(seconds=1))
    factory.registration(session.id)
    clock.set(session.starts_at)
    with pytest.raises(SessionStarted):
        factory.registration(session.id)


def test_what_the_public_may_not_see_it_cannot_register_for(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    with process.work() as work:
        work.db.execute(sa.update(WebinarSession).values(status=SessionStatus.draft))
    with pytest.raises(NotFound):
        factory.registration(session_id)
    with process.work() as work:
        work.db.execute(sa.update(WebinarSession).values(status=SessionStatus.cancelled))
    with pytest.raises(SessionCancelled):
        factory.registration(session_id)


def test_asking_again_is_one_registration_and_one_mail_an_hour(
    process: Process, factory: Factory, clock: SetClock
) -> None:
    session_id = factory.session(capacity=2).session.id
    first = factory.registration(session_id, "ana@mail.example")
    again = factory.registration(session_id, "ANA@mail.example")
    assert (again.is_repeat, again.registration.id) == (True, first.registration.id)
    assert kinds_to(process, first.registration.id) == ["confirmation"]
    clock.advance(timedelta(hours=1))
    for _ in range(3):
        factory.registration(session_id, "ana@mail.example")
    assert kinds_to(process, first.registration.id) == ["confirmation", "resent"]
    assert seats(process, session_id) == (1, 0)


def test_a_stranger_cannot_tell_a_repeat_from_a_newcomer(process: Process, factory: Factory) -> None:
    """Whoever is registered already is answered what a newcomer would be."""
    session_id = factory.session(capacity=1).session.id
    factory.registration(session_id, "ana@mail.example")
    assert factory.registration(session_id, "ana@mail.example").public_status is WAITLISTED
    assert factory.registration(session_id, "ben@mail.example").public_status is WAITLISTED
    with process.work() as work:
        sessions.update_session(work, session_id, {"waitlist_open": False}, version=None, actor=ACTOR, now=NOW)
    for email in ("ana@mail.example", "cleo@mail.example"):
        with pytest.raises(SessionFull):
            factory.registration(session_id, email)


def test_who_comes_back_is_the_same_registration_at_the_end_of_the_line(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    first = factory.registration(session_id, "ana@mail.example").registration.id
    factory.registration(session_id)
    withdraw(process, first)
    back = factory.registration(session_id, "ana@mail.example", name="Ana Maria Núñez")
    assert (back.registration.id, back.public_status, back.is_repeat) == (first, WAITLISTED, False)
    kept = row(process, first)
    assert registrations.name_of(process.vault, kept) == "Ana Maria Núñez"
    assert (kept.revision, kept.has_invite) == (2, True)  # her calendar had an entry once
    assert seats(process, session_id) == (1, 1)


def test_a_key_gives_the_same_answer_again(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    key = Idempotency(b"k" * 32, b"r" * 32)
    first = factory.registration(session_id, "ana@mail.example", idempotency=key)
    again = factory.registration(session_id, "ana@mail.example", idempotency=key)
    assert (again.is_replay, again.public_status) == (True, first.public_status)  # not what a newcomer gets by now
    assert seats(process, session_id) == (1, 0)
    with process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)) == 1


def test_a_key_for_another_request_is_refused(factory: Factory) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, idempotency=Idempotency(b"k" * 32, b"r" * 32))
    with pytest.raises(IdempotencyMismatch):
        factory.registration(session_id, idempotency=Idempotency(b"k" * 32, b"x" * 32))


def test_a_key_works_within_one_batch_too(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    request = factory.request(session_id, idempotency=Idempotency(b"k" * 32, b"r" * 32))
    with process.work() as work:
        outcomes = registering.register(work, [request] * 3, NOW)
    assert [outcome.is_replay for outcome in outcomes if isinstance(outcome, Registered)] == [False, True, True]
    assert seats(process, session_id) == (1, 0)


def test_a_refusal_takes_no_key(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1, waitlist_open=False).session.id
    holder = factory.registration(session_id).registration.id
    key = Idempotency(b"k" * 32, b"r" * 32)
    with pytest.raises(WebinarsError):
        factory.registration(session_id, "ana@mail.example", idempotency=key)
    withdraw(process, holder)
    assert factory.registration(session_id, "ana@mail.example", idempotency=key).is_replay is False


def test_one_batch_may_fill_several_sessions(process: Process, factory: Factory) -> None:
    ids = [factory.session(capacity=1).session.id for _ in range(3)]
    with process.work() as work:
        outcomes = registering.register(work, [factory.request(session_id) for session_id in ids * 2], NOW)
    said = [outcome.public_status for outcome in outcomes if isinstance(outcome, Registered)]
    assert said == [CONFIRMED] * 3 + [WAITLISTED] * 3
    assert [seats(process, session_id) for session_id in ids] == [(1, 1)] * 3


def test_a_webinar_that_is_withdrawn_from_the_public_takes_nobody(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar()).session.id
    with process.work() as work:
        webinars.update_webinar(
            work,
            "knee-options",
            {"status": "archived"},
            topics=None,
            presenters=None,
            version=None,
            actor=ACTOR,
            now=NOW,
        )
    with pytest.raises(NotFound):
        factory.registration(session_id)


def test_whom_a_host_declined_only_a_host_lets_in_again(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    registration_id = factory.registration(session_id, "ana@mail.example").registration.id
    with process.work() as work:
        registrations.decline(work, registration_id, NOW)
    again = factory.registration(session_id, "ana@mail.example")
    assert again.registration.status is RegistrationStatus.pending
    assert again.public_status is RegistrationStatus.confirmed  # a stranger learns nothing
    assert seats(process, session_id) == (0, 0)


def test_who_is_known_is_found_by_address_whatever_postgresql_knows(postgres_url: str, tmp_path: Path) -> None:
    """Without statistics, which is how a table is in its first minute, PostgreSQL takes any index for as good as any.

    The plain way to ask is the control: it reads all registrations of the session.
    """
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=MemoryMailer())
    factory = Factory(process)
    session_id = factory.session(capacity=10_000).session.id
    with process.work() as work:
        work.db.execute(sa.text("ALTER TABLE registrations SET (autovacuum_enabled = off)"))
        registering.register(work, [factory.request(session_id) for _ in range(2000)], NOW)
    people = [(session_id, bytes([number]) * 32) for number in range(64)]
    with explained(process) as plans, process.read() as work:
        assert registrations_queries.find_places(work.db, people) == {}
        plain = sa.select(core(Registration).c.id).where(
            core(Registration).c.session_id == session_id,
            core(Registration).c.email_index.in_([index for _, index in people]),
        )
        assert work.db.execute(plain).all() == []
    by_address, by_session = "uq_registrations_email_index_session_id", "ix_registrations_session_id_status_id"
    assert [(by_address in plan, by_session in plan) for plan in plans] == [(True, False), (False, True)]
    process.close()


@contextmanager
def explained(process: Process) -> Iterator[list[str]]:
    """How PostgreSQL goes about each SELECT that is sent meanwhile."""
    plans: list[str] = []

    def explain(connection: sa.Connection, _cursor: object, words: str, values: Any, *_: object) -> None:
        if words.startswith("SELECT"):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {words}", values)
                plans.append("\n".join(line for (line,) in cursor.fetchall()))

    sa.event.listen(process.engines.write, "before_cursor_execute", explain)
    yield plans
    sa.event.remove(process.engines.write, "before_cursor_execute", explain)
