"""Erasing a person: nothing of them is left, what counts still counts, and the seat goes to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillAtIt
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col

from tests.concurrency.load import at_once
from tests.factories import ACTOR, Factory
from tests.webinars.services.lives import ANA, live, told
from tests.webinars.services.looks import row, seats
from webinars.db import DbSession
from webinars.errors import RegistrationErased
from webinars.queries import messages as messages_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.messages import Outcome
from webinars.queries.sessions import Scheduled
from webinars.services import erasure, registrations, requests
from webinars.services.claims import claim
from webinars.services.links import link
from webinars.tables import Answer, AuditEntry, Message, Registration, Request, SurveyReply
from webinars.terms import LinkPurpose, MessageState, RegistrationStatus, TaskState
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
    with process.work() as work:
        work.db.execute(sa.update(Message).values(provider_id="p-1", last_error="552 full"))
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
        columns = sa.select(col(Message.state), col(Message.provider_id), col(Message.last_error))
        (hers,) = work.db.execute(columns.where(col(Message.registration_id) == ana))
        others = work.db.scalars(sa.select(col(Message.provider_id)).where(col(Message.registration_id) == waiter))
        assert "p-1" in list(others)
    assert hers == (MessageState.skipped, None, None)


def test_what_a_server_says_of_a_mail_that_is_on_its_way_is_not_written_any_more(
    process: Process, factory: Factory
) -> None:
    """The control is another one's, claimed together with it."""
    session_id = factory.session().session.id
    ana = factory.registration(session_id, "ana@mail.example").registration.id
    other = factory.registration(session_id).registration.id
    with process.work() as work:
        claimed, _ = claim(work, factory.now)
    erase(process, factory)
    with process.work() as work:
        said = {"provider_id": "p-1", "last_error": "550 ana@mail.example is unknown"}
        outcomes = [
            Outcome(item.message.id, claimed.lease, MessageState.failed, "refused", said) for item, _ in claimed.ready
        ]
        assert messages_queries.complete_messages(work.db.connection(), outcomes) == 1
    with process.read() as work:
        rows = {message.registration_id: message for message in work.db.scalars(sa.select(Message))}
    assert (rows[ana].state, rows[ana].reason) == (MessageState.skipped, "erased")
    assert (rows[ana].provider_id, rows[ana].last_error, rows[ana].lease) == (None, None, None)
    assert (rows[other].state, rows[other].provider_id) == (MessageState.failed, "p-1")


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


def test_a_note_that_is_written_while_a_person_is_erased_waits_and_is_refused(
    process: Process, factory: Factory
) -> None:
    session = factory.session().session
    ana = factory.registration(session.id, "ana@mail.example").registration.id
    with process.work() as work:
        requests.ask_packet(work, ana, session.ends_at)
        (asked,) = requests.requests_of(work, ana).values()

    def note() -> None:
        with process.work() as work:
            requests.update_request(work, asked.id, {"note": "Ana"}, version=None, actor=ACTOR, now=session.ends_at)

    with ThreadPoolExecutor(1) as other:
        with process.work() as work:
            erasure.erase(work, ana, actor=ACTOR, now=session.ends_at)
            noting = other.submit(note)
            with pytest.raises(StillAtIt):
                noting.result(timeout=0.3)
        with pytest.raises(RegistrationErased):
            noting.result(timeout=20)
    with process.read() as work:
        assert work.db.get_one(Request, asked.id).note is None


def test_all_that_hangs_on_a_registration_goes_with_it(process: Process, factory: Factory) -> None:
    """Whatever says how long it is kept: a new column is found here without being named."""
    ana, bert = live(process, factory), live(process, factory, "bert@mail.example")
    before = told(process)
    assert all(before.values()), before
    with process.work() as work:
        erasure.erase(work, ana, actor=ACTOR, now=factory.now)
    after = told(process)
    # Of the address there are a topic and a report in a room left, which hang on no registration.
    apart = {"subscriptions.email", "attendance_intervals.email"}
    assert {column for column, said in after.items() if ANA in said} == apart
    with process.read() as work:
        tasks = {request.registration_id: request.state for request in work.db.scalars(sa.select(Request))}
        ratings = work.db.scalars(sa.select(col(SurveyReply.rating))).all()
        left = work.db.scalars(sa.select(col(Answer.registration_id)).distinct()).all()
    assert tasks == {ana: TaskState.none, bert: TaskState.open}
    assert list(ratings) == [4, 4]
    assert list(left) == [bert]


def test_everything_of_a_person_goes_at_once_and_nothing_of_anybody_else(process: Process, factory: Factory) -> None:
    ana, bert = live(process, factory), live(process, factory, "bert@mail.example")
    with process.work() as work:
        work.db.execute(
            sa.text("DELETE FROM suppressions")
        )  # one mark and one topic each: what `live` would make twice
        work.db.execute(sa.text("DELETE FROM subscriptions"))
    later = live(process, factory)
    session_id = factory.session(capacity=1).session.id
    seat = factory.registration(session_id, "Ana@mail.example").registration.id
    waiter = factory.registration(session_id, "carla@mail.example").registration.id
    for _ in range(2):
        with process.work() as work:
            erased = erasure.erase_person(work, ana, actor=ACTOR, now=factory.now)
        assert erased.erased_at == factory.now
    assert all(row(process, each).erased_at for each in (ana, later, seat))
    assert not any(row(process, each).erased_at for each in (bert, waiter))
    assert row(process, waiter).status is RegistrationStatus.offered
    index = process.vault.index("email", ANA)
    assert [column for column, said in told(process).items() if any(ANA in text.lower() for text in said)] == []
    with process.read() as work:
        for table in SQLModel.metadata.sorted_tables:
            for column in table.columns:
                if column.name in {"email_index", "person_index"}:
                    assert work.db.execute(sa.select(column).where(column == index)).all() == [], str(column)
        whole = sa.select(AuditEntry).where(col(AuditEntry.action) == "person.erase")
        assert [note.subject_id for note in work.db.scalars(whole)] == [ana]


def test_counts_are_the_same_before_and_after(process: Process, factory: Factory) -> None:
    ana = live(process, factory)

    def counts() -> dict[str, int]:
        uncounted = {"answers", "audit", "suppressions", "attendance_intervals"}
        with process.read() as work:
            return {
                table.name: work.db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in SQLModel.metadata.sorted_tables
                if table.name not in uncounted
            }

    before = counts()
    with process.work() as work:
        erasure.erase_person(work, ana, actor=ACTOR, now=factory.now)
    assert counts() == before


def test_a_registration_that_became_somebody_elses_meanwhile_stays(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (factory.session(starts_in=timedelta(days=days)).session.id for days in (7, 9))
    ana, mistyped = (factory.registration(session_id, ANA).registration.id for session_id in (first, second))
    lock_sessions = sessions_queries.lock_sessions

    def lock_after_a_correction(db: DbSession, session_ids: Sequence[UUID]) -> dict[UUID, Scheduled]:
        """A host was there first: the session was locked until the address was right."""
        index = process.vault.index("email", "bert@mail.example")
        registrations_queries.update_registration(db, mistyped, {"email_index": index})
        return lock_sessions(db, session_ids)

    monkeypatch.setattr(sessions_queries, "lock_sessions", lock_after_a_correction)
    with process.work() as work:
        erasure.erase_person(work, ana, actor=ACTOR, now=factory.now)
    assert row(process, ana).erased_at is not None
    assert row(process, mistyped).erased_at is None


def test_pressed_at_once_it_is_done_once(process: Process, factory: Factory) -> None:
    ana = live(process, factory)
    factory.registration(factory.session().session.id, ANA)

    def press() -> None:
        with process.work() as work:
            erasure.erase_person(work, ana, actor=ACTOR, now=factory.now)

    at_once([press] * 4)
    with process.read() as work:
        notes = work.db.scalars(
            sa.select(col(AuditEntry.action)).where(col(AuditEntry.action).endswith(".erase"))
        ).all()
    assert sorted(notes) == ["person.erase", "registration.erase", "registration.erase"]
