"""Column types and transactions, on both databases alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from tests.concurrency.load import at_once
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.db import Engines, RowInsert, RowUpdate, SealedText, UtcMoment, walk_indexes, without_timeouts
from webinars.errors import TookTooLong
from webinars.queries import sessions as sessions_queries
from webinars.queries.messages import insert_messages
from webinars.services.messages import registration_row
from webinars.tables import Registration, Topic, WebinarSession
from webinars.tables.base import core
from webinars.terms import MessageKind, RegistrationStatus, new_id
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MOMENTS = [
    NOW,
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 8, 9, 0, 0, 1, tzinfo=UTC),
    datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 2, 0, tzinfo=timezone(timedelta(hours=-7))),
]


def test_moments_come_back_as_they_went_in(process: Process) -> None:
    with process.work() as work:
        for number, moment in enumerate(MOMENTS):
            topic = Topic(id=UUID(int=number), slug=f"t{number}", name="T", created_at=moment, updated_at=NOW)
            work.db.add(topic)
    with process.read() as work:
        kept = [work.db.get_one(Topic, UUID(int=number)).created_at for number in range(len(MOMENTS))]
    assert kept == MOMENTS
    assert {moment.tzinfo for moment in kept} == {UTC}


def test_moments_are_compared_as_moments(process: Process) -> None:
    with process.work() as work:
        for number, moment in enumerate(MOMENTS):
            topic = Topic(id=UUID(int=number), slug=f"t{number}", name="T", created_at=moment, updated_at=NOW)
            work.db.add(topic)
    with process.read() as work:
        column = core(Topic).c.created_at
        in_order = list(work.db.scalars(sa.select(column).order_by(column)))
        earlier = work.db.scalar(sa.select(sa.func.count()).where(column < NOW))
    assert in_order == sorted(MOMENTS)
    assert earlier == sum(moment < NOW for moment in MOMENTS)


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_keeps_its_microseconds_on_sqlite(moment: datetime) -> None:
    kind, dialect = UtcMoment(), sqlite.dialect()
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:  # year 1 and year 9999 have an edge
        return
    assert kind.process_result_value(kind.process_bind_param(moment, dialect), dialect) == expected


def test_a_moment_without_a_zone_is_refused(process: Process) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(sa.exc.StatementError, match="a moment needs a zone"), process.work() as work:
        work.db.execute(sa.insert(core(Topic)).values(id=UUID(int=1), slug="t", name="T", created_at=naive))


def test_personal_data_that_was_not_sealed_is_refused(process: Process) -> None:
    table = sa.Table("letters", sa.MetaData(), sa.Column("text", SealedText))
    with process.engines.write.connect() as connection:
        table.create(connection)
        for plain in ("ana@mail.example", b"ana@mail.example"):
            with pytest.raises(sa.exc.StatementError, match="must be sealed"):
                connection.execute(sa.insert(table).values(text=plain))
        sealed = process.vault.seal("letters.text", UUID(int=1), "ana@mail.example")
        connection.execute(sa.insert(table).values(text=sealed))
        assert connection.scalar(sa.select(table.c.text)) == sealed


def test_enums_are_kept_as_their_words(process: Process, factory: Factory) -> None:
    factory.session()
    with process.engines.read.connect() as connection:
        assert connection.scalar(sa.text("SELECT status FROM sessions")) == "scheduled"


def test_the_database_itself_refuses_a_word_that_is_none(process: Process, factory: Factory) -> None:
    factory.session()
    with pytest.raises(sa.exc.IntegrityError), process.work() as work:
        work.db.execute(sa.text("UPDATE sessions SET status = 'perhaps'"))


def test_sqlite_is_durable_and_keeps_references(sqlite_process: Process) -> None:
    for engine in (sqlite_process.engines.write, sqlite_process.engines.read):
        with engine.connect() as connection:
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        assert pragmas == ["wal", 2, 1]


def test_what_a_read_transaction_sees_does_not_change_under_it(
    sqlite_process: Process, sqlite_factory: Factory
) -> None:
    sqlite_factory.topic("knee")
    with sqlite_process.read() as work:
        before = work.db.scalar(sa.select(sa.func.count()).select_from(core(Topic)))
        sqlite_factory.topic("hip")  # a writer is not held up
        assert work.db.scalar(sa.select(sa.func.count()).select_from(core(Topic))) == before == 1
    with sqlite_process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(core(Topic))) == 2


def test_a_read_transaction_on_postgresql_can_change_nothing(postgres_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(postgres_url, tmp_path), mail=MemoryMailer())
    with pytest.raises(sa.exc.InternalError, match="read-only transaction"), process.read() as work:
        work.db.execute(sa.text("DELETE FROM topics"))
    process.close()


def test_a_locked_session_is_changed_by_one_at_a_time(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=1000).session.id

    def count_up() -> None:
        with process.work() as work:
            session = sessions_queries.lock_session(work.db, session_id).session
            session.seats_taken += 1

    at_once([count_up] * 8)
    with process.read() as work:
        assert work.db.get_one(WebinarSession, session_id).seats_taken == 8


def test_for_update_alone_does_not_lock_on_sqlite(sqlite_process: Process, sqlite_factory: Factory) -> None:
    """The control: the same statement, on an engine that begins as the driver does by default."""
    session_id = sqlite_factory.session(capacity=1000).session.id
    url = sqlite_process.engines.write.url
    engine = sa.create_engine(url, connect_args={"timeout": 30}, pool_size=8)
    table, together = core(WebinarSession), threading.Barrier(8)

    def count_up() -> None:
        with engine.begin() as connection:
            query = sa.select(table.c.seats_taken).where(table.c.id == session_id).with_for_update()
            taken = connection.execute(query).scalar_one()
            together.wait(30)
            connection.execute(sa.update(table).values(seats_taken=taken + 1))

    at_once([count_up] * 8)
    engine.dispose()
    with sqlite_process.read() as work:
        assert work.db.get_one(WebinarSession, session_id).seats_taken == 1  # seven were lost


def test_two_that_lock_the_same_sessions_do_not_wait_for_each_other_for_ever(
    process: Process, factory: Factory
) -> None:
    ids = [factory.session().session.id for _ in range(3)]

    def lock(order: list[UUID]) -> int:
        with process.work() as work:
            return len(sessions_queries.lock_sessions(work.db, order))

    assert at_once([lambda order=order: lock(order) for order in [ids, ids[::-1]] * 4]) == [3] * 8  # type: ignore[misc]


def test_an_sqlite_file_is_made_where_it_is_asked_for(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'a' / 'b' / 'webinars.db'}", pool_size=1)
    assert engines.is_sqlite
    with engines.write.begin():
        pass
    engines.dispose()
    assert (tmp_path / "a" / "b" / "webinars.db").exists()


def test_rows_that_are_inserted_at_once_are_what_the_mapper_reads(process: Process, factory: Factory) -> None:
    """Moments, words, JSON, sealed values and nothing at all: every conversion on both databases."""
    session_id = factory.session().session.id
    rows = [_registration_row(process, session_id, number) for number in range(3)]
    rows[1] |= {"phone": None, "confirmed_at": None, "source": {"last": {"src": "b'lög"}}}
    rows[2] |= {"timezone": "", "locale": 'NULL, "{\\x}\n%s', "source": {"first": {'"': "\\"}, "list": [1, None]}}
    insert = RowInsert(dict.fromkeys(("sqlite", "postgresql"), sa.insert(core(Registration))))
    with process.work() as work:
        assert insert.execute(work.db.connection(), rows) == 3
    with process.read() as work:
        for row in rows:
            kept = work.db.get_one(Registration, row["id"])
            assert {name: getattr(kept, name) for name in row} == row


def test_of_rows_that_are_there_already_none_is_counted(process: Process, factory: Factory) -> None:
    session = factory.session().session
    registration = factory.registration(session.id).registration
    row = registration_row(MessageKind.declined, registration, session, NOW)
    for expected in (1, 0):
        with process.work() as work:
            assert insert_messages(work.db, [row | {"id": new_id(NOW)}]) == expected


def test_what_is_too_long_is_refused_and_not_cut_off(postgres_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(postgres_url, tmp_path), mail=MemoryMailer())
    row = {"id": UUID(int=1), "slug": "k" * 81, "name": "Knee", "position": 0, "version": 1}
    insert = RowInsert({"postgresql": sa.insert(core(Topic))})
    with pytest.raises(sa.exc.DataError, match="too long"), process.work() as work:
        insert.execute(work.db.connection(), [row | {"created_at": NOW, "updated_at": NOW}])
    process.close()


def test_rows_must_name_the_same_columns(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    rows = [_registration_row(process, session_id, number) for number in range(2)]
    del rows[1]["locale"]
    insert = RowInsert(dict.fromkeys(("sqlite", "postgresql"), sa.insert(core(Registration))))
    with pytest.raises(KeyError, match="locale"), process.work() as work:
        insert.execute(work.db.connection(), rows)


def test_rows_that_are_updated_one_by_one_are_what_the_mapper_reads(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    rows = [_registration_row(process, session_id, number) for number in range(3)]
    registration = core(Registration)
    names = ("status", "phone", "confirmed_at", "source")
    update = RowUpdate(
        sa.update(registration)
        .where(registration.c.id == sa.bindparam("which"))
        .values(timezone=registration.c.locale, **{name: sa.bindparam(name) for name in names})
    )
    changes: list[dict[str, Any]] = [
        {"status": RegistrationStatus.pending, "phone": None, "confirmed_at": NOW, "source": {"src": "b'lög"}},
        {"status": RegistrationStatus.waitlisted, "phone": rows[1]["phone"], "confirmed_at": None, "source": {}},
    ]
    with process.work() as work:
        RowInsert(dict.fromkeys(("sqlite", "postgresql"), sa.insert(registration))).execute(work.db.connection(), rows)
        which = [{"which": row["id"]} | change for row, change in zip(rows, changes, strict=False)]
        assert update.execute(work.db.connection(), which) == 2
        assert update.execute(work.db.connection(), [which[0] | {"which": new_id(NOW)}]) == 0
    with process.read() as work:
        for row, change in zip(rows, [*changes, {}], strict=True):
            kept = work.db.get_one(Registration, row["id"])
            assert {name: getattr(kept, name) for name in change} == change
            assert kept.timezone == ("en" if change else "America/Denver")


def _registration_row(process: Process, session_id: UUID, number: int) -> dict[str, Any]:
    row_id = new_id(NOW)
    return {
        "id": row_id,
        "session_id": session_id,
        "status": RegistrationStatus.confirmed,
        "email": process.vault.seal("registrations.email", row_id, "ana@mail.example"),
        "email_index": bytes([number]) * 32,
        "name": process.vault.seal("registrations.name", row_id, "Ana"),
        "phone": process.vault.seal("registrations.phone", row_id, "+1"),
        "timezone": "America/Denver",
        "locale": "en",
        "seats": 1,
        "source": {},
        "revision": 0,
        "link_version": 0,
        "has_invite": True,
        "created_at": NOW,
        "updated_at": NOW + timedelta(microseconds=1),
        "confirmed_at": NOW,
    }


def hold_a_session(process: Process, session_id: UUID, until: threading.Event, held: threading.Event) -> None:
    """A program that froze while it held the row."""
    with process.work() as work:
        sessions_queries.lock_sessions(work.db, [session_id])
        held.set()
        until.wait(20)


def wait_for_a_session(process: Process, session_id: UUID) -> float:
    """How long one waits for the row before one is told."""
    started = time.monotonic()
    with pytest.raises(TookTooLong) as caught, process.work() as work:
        sessions_queries.lock_sessions(work.db, [session_id])
    assert caught.value.facts == {"retry_after": 5}
    return time.monotonic() - started


@pytest.fixture
def impatient(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    monkeypatch.setattr("webinars.db.LOCK_TIMEOUT_S", 1)
    monkeypatch.setattr("webinars.db.STATEMENT_TIMEOUT_S", 2)
    monkeypatch.setattr("webinars.db.IDLE_TIMEOUT_S", 3)
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=MemoryMailer())
    yield process
    process.close()


def test_who_waits_for_a_frozen_program_is_told_and_the_lock_does_not_last(impatient: Process) -> None:
    session_id = Factory(impatient).session().session.id
    until, held = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def freeze() -> None:
        try:
            hold_a_session(impatient, session_id, until, held)
        except BaseException as error:  # noqa: BLE001 - looked at below
            failed.append(error)

    thread = threading.Thread(target=freeze)
    thread.start()
    assert held.wait(10)
    assert 0.9 < wait_for_a_session(impatient, session_id) < 2.5
    time.sleep(3.2)  # by now PostgreSQL has ended the transaction that did nothing
    with impatient.work() as work:
        assert sessions_queries.lock_sessions(work.db, [session_id])
    until.set()
    thread.join(10)
    assert len(failed) == 1


def test_control_without_the_timeouts_the_lock_lasts(postgres_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=MemoryMailer())
    session_id = Factory(process).session().session.id
    until, held = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_a_session, args=(process, session_id, until, held))
    thread.start()
    assert held.wait(10)
    with process.engines.write.connect() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '3s'")
        with pytest.raises(TookTooLong):
            connection.execute(sa.select(core(WebinarSession).c.id).with_for_update())
    until.set()
    thread.join(10)
    process.close()


def test_a_statement_that_runs_on_and_on_is_ended_and_a_migration_is_not(impatient: Process) -> None:
    with pytest.raises(TookTooLong), impatient.read() as work:
        work.db.execute(sa.text("SELECT pg_sleep(10)"))
    with impatient.engines.write.begin() as connection:
        without_timeouts(connection)
        connection.execute(sa.text("SELECT pg_sleep(2.3)"))


def test_the_limits_are_those_of_every_connection(postgres_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(postgres_url, tmp_path), mail=MemoryMailer())
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with process.work() as work:
        assert [work.db.scalar(sa.text(f"SHOW {name}")) for name in names] == ["15s", "1min", "1min"]
        told = work.db.connection().connection.dbapi_connection.info.get_parameters()
    process.close()
    assert int(told["tcp_user_timeout"]) / 1000 <= 30  # of a server that is not heard any more
    assert sum(int(told[f"keepalives_{name}"]) for name in ("idle", "interval")) < 30


def test_indexes_are_walked_until_the_transaction_ends(postgres_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(postgres_url, tmp_path, database_pool=2), mail=MemoryMailer())
    show = sa.text("SHOW enable_bitmapscan")
    with process.engines.write.begin() as connection:
        walk_indexes(connection)
        assert connection.scalar(show) == "off"
    with process.engines.write.begin() as connection:
        assert connection.scalar(show) == "on"
    process.close()
