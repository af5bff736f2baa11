"""Erasing a person: nothing of them is left, what counts still counts, and the seat goes to the next."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col

from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import row, seats
from webinars.queries import registrations as registrations_queries
from webinars.services import erasure, registrations
from webinars.services.links import link
from webinars.tables import Message, Registration
from webinars.terms import LinkPurpose, MessageState, RegistrationStatus
from webinars.work import Process


def erase(process: Process, factory: Factory, email: str = "ana@mail.example") -> Registration:
    with process.read() as work:
        found = work.db.scalars(
            sa.select(Registration).where(col(Registration.email_index) == process.vault.index("email", email))
        ).one()
    with process.work() as work:
        return erasure.erase(work, found.id, actor=ACTOR, now=factory.now)


def test_nothing_of_the_person_is_left_and_the_seat_goes_to_the_next(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1).session.id
    ana = factory.registration(
        session_id,
        "ana@mail.example",
        phone="+1 303 555 0134",
        question="Does it hurt?",
        source={"last": {"utm_source": "blog", "utm_term": "ana"}},
    ).registration.id
    waiter = factory.registration(session_id).registration.id
    erased = erase(process, factory)
    assert (registrations.email_of(process.vault, erased), registrations.name_of(process.vault, erased)) == ("", "")
    assert (erased.phone, erased.question, erased.source, erased.timezone) == (
        None,
        None,
        {"last": {"utm_source": "blog"}},
        "",
    )
    assert erased.status is RegistrationStatus.withdrawn
    assert row(process, waiter).status is RegistrationStatus.offered
    assert seats(process, session_id) == (1, 0)
    with process.read() as work:
        index = process.vault.index("email", "ana@mail.example")
        assert registrations_queries.find_by_index(work.db, session_id, index) is None
        states = list(work.db.scalars(sa.select(col(Message.state)).where(col(Message.registration_id) == ana)))
    assert states == [MessageState.skipped]


def test_erasing_twice_is_once_and_the_statistics_stay(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    ana = factory.registration(session_id, "ana@mail.example").registration.id
    first = erase(process, factory)
    with process.work() as work:
        again = erasure.erase(work, ana, actor=ACTOR, now=factory.now)
    assert again.erased_at == first.erased_at
    with process.read() as work:
        assert sum(registrations_queries.count_by_status(work.db, session_id).values()) == 1


def test_the_same_person_can_register_again_as_somebody_new(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    ana = factory.registration(session_id, "ana@mail.example").registration.id
    erase(process, factory)
    again = factory.registration(session_id, "ana@mail.example")
    assert not again.is_repeat
    assert again.registration.id != ana


def test_personal_links_end(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id, "ana@mail.example").registration.id
    before = link(process.settings, process.vault, LinkPurpose.manage, row(process, ana))
    erase(process, factory)
    assert link(process.settings, process.vault, LinkPurpose.manage, row(process, ana)) != before


def test_nothing_is_left_to_undo(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id, "ana@mail.example")
    assert not registrations.can_undo(erase(process, factory), factory.now)


def test_after_the_session_the_attendance_stays(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id, "ana@mail.example")
    with process.read() as work:
        found = work.db.scalars(sa.select(Registration)).one()
    with process.work() as work:
        erased = erasure.erase(work, found.id, actor=ACTOR, now=session.ends_at)
    assert erased.status is RegistrationStatus.confirmed
    assert seats(process, session.id) == (1, 0)


def test_the_old_sealed_bytes_are_gone_from_the_table(sqlite_process: Process, tmp_path: Path) -> None:
    factory = Factory(sqlite_process)
    ana = factory.registration(factory.session().session.id, "ana@mail.example").registration.id
    sealed = bytes(row(sqlite_process, ana).email)
    path = sqlite_process.engines.write.url.database
    assert path

    def occurs() -> bool:
        with sqlite3.connect(path) as connection:
            return sealed in b"".join(value for (value,) in connection.execute("SELECT email FROM registrations"))

    assert occurs()
    erase(sqlite_process, factory)
    assert not occurs()
