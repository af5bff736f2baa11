"""The schema that migrations make is the one the tables say, however often and by however many it is made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from tests.conftest import make_settings
from tests.support.postgres import PostgresServer
from webinars.services import schema
from webinars.tables import ReminderRule
from webinars.testing import MemoryMailer
from webinars.work import Process


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def empty(empty_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(make_settings(empty_url, tmp_path), mail=MemoryMailer())
    yield process
    process.close()


def test_the_migrations_leave_nothing_different_from_the_tables(process: Process) -> None:
    assert schema.differences(process) == []
    assert schema.is_current(process)


def test_the_newest_is_the_last_of_the_files() -> None:
    assert schema.last_migration() == schema.NEWEST


def test_a_difference_is_seen(process: Process) -> None:
    """The control."""
    with process.engines.write.begin() as connection:
        connection.execute(sa.text("DROP TABLE workers"))
    assert [difference[0] for difference in schema.differences(process)] == ["add_table", "add_index"]


def test_an_empty_database_becomes_the_newest_and_twice_is_once(empty: Process) -> None:
    assert not schema.is_current(empty)
    assert schema.migrate(empty) == schema.NEWEST
    assert schema.is_current(empty)
    assert schema.differences(empty) == []
    assert schema.migrate(empty) == schema.NEWEST


@pytest.mark.long
def test_two_processes_that_migrate_at_once_wait_for_each_other(empty: Process, empty_url: str, tmp_path: Path) -> None:
    other = Process(make_settings(empty_url, tmp_path), mail=MemoryMailer())
    both, troubles = threading.Barrier(2), []

    def migrate(process: Process) -> None:
        both.wait()
        try:
            schema.migrate(process)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            troubles.append(error)

    threads = [threading.Thread(target=migrate, args=(process,)) for process in (empty, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert troubles == []
    assert schema.differences(empty) == []


def test_the_migrations_keep_every_check_of_the_tables(process: Process) -> None:
    """The comparison does not see CHECKs, and SQLite copies a table to alter it."""
    inspector = sa.inspect(process.engines.read)
    for table in SQLModel.metadata.sorted_tables:
        wanted = [str(item.name) for item in table.constraints if isinstance(item, sa.CheckConstraint) and item.name]
        wanted = [name if name.startswith("ck_") else f"ck_{table.name}_{name}" for name in wanted]
        found = [str(check["name"]) for check in inspector.get_check_constraints(table.name)]
        assert sorted(found) == sorted(wanted), table.name


def test_migrating_keeps_what_is_stored(empty: Process) -> None:
    """On SQLite a table is dropped on the way, and with foreign keys on all that refers to it would go along."""
    schema.migrate(empty, to="0001")
    ids = {name: uuid4().hex for name in ("webinar", "session", "registration", "message")}
    with empty.engines.write.begin() as connection:
        for row in _ROWS_OF_0001.split(";"):
            connection.execute(sa.text(row.format(at=_moment(connection), **ids)))
    assert schema.migrate(empty) == schema.NEWEST
    with empty.engines.read.connect() as connection:
        for table in ("webinars", "sessions", "registrations", "messages"):
            assert connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) == 1, table
        assert connection.scalar(sa.text("SELECT kind FROM messages")) == "confirmation"
        assert not connection.scalar(sa.text("SELECT has_questions FROM webinars"))
    assert schema.differences(empty) == []


def test_a_rules_own_words_become_its_english_ones(empty: Process) -> None:
    schema.migrate(empty, to="0005")
    ids = {name: uuid4().hex for name in ("webinar", "worded", "usual", "own")}
    with empty.engines.write.begin() as connection:
        for row in _ROWS_OF_0005.split(";"):
            connection.execute(sa.text(row.format(at=_moment(connection), **ids)))
    schema.migrate(empty)
    with empty.read() as work:
        rules = {rule.id.hex: rule for rule in work.db.scalars(sa.select(ReminderRule))}
    words = {name: rules[ids[name]].texts for name in ("worded", "usual", "own")}
    assert words == {"worded": {"en": "It's “soon”."}, "usual": {}, "own": {"en": "It's “soon”."}}
    assert rules[ids["own"]].origin_id == rules[ids["worded"]].id
    assert schema.differences(empty) == []


def _moment(connection: sa.Connection) -> str:
    return "now()" if connection.dialect.name == "postgresql" else "1700000000000000"


_ROWS_OF_0001 = """
INSERT INTO webinars (id, slug, title, public_title, summary, description, status, needs_approval, asks_question,
replay_url, version, created_at, updated_at)
VALUES ('{webinar}', 'a', 'A', 'A', '', '', 'published', false, false, '', 1, {at}, {at});
INSERT INTO sessions (id, webinar_id, status, starts_at_local, timezone, duration_minutes, starts_at, ends_at,
capacity, seats_taken, waitlisted, waitlist_open, room_url, schedule_version, version, created_at, updated_at)
VALUES ('{session}', '{webinar}', 'scheduled', '2026-01-01 18:00:00', 'UTC', 60, {at}, {at},
5, 1, 0, true, '', 0, 1, {at}, {at});
INSERT INTO registrations (id, session_id, status, email, email_index, name, timezone, locale, seats, source,
revision, link_version, has_invite, created_at, updated_at)
VALUES ('{registration}', '{session}', 'confirmed', '1', '2', '3', 'UTC', 'en', 1, '{{}}', 0, 0, true, {at}, {at});
INSERT INTO messages (id, dedupe_key, kind, channel, registration_id, session_id, schedule_version, sequence,
facts, priority, state, due_at, next_attempt_at, deadline_at, attempts, created_at)
VALUES ('{message}', 'k', 'promoted', 'email', '{registration}', '{session}', 0, 0, '{{}}', 0, 'sent',
{at}, {at}, {at}, 1, {at})
"""
_ROWS_OF_0005 = """
INSERT INTO webinars (id, slug, title, public_title, summary, description, status, needs_approval, asks_question,
has_questions, frees_declined_seats, replay_url, packet_url, version, created_at, updated_at)
VALUES ('{webinar}', 'a', 'A', 'A', '', '', 'published', false, false, false, false, '', '', 1, {at}, {at});
INSERT INTO reminder_rules (id, webinar_id, origin_id, name, anchor, offset_days, offset_minutes, audience, text,
channel, is_enabled, version, created_at)
VALUES ('{worded}', '{webinar}', NULL, 'r', 'start', 0, -60, 'everyone', 'It''s “soon”.', 'email', true, 1, {at}),
('{usual}', '{webinar}', NULL, 'r', 'start', 0, -60, 'everyone', '', 'email', true, 1, {at}),
('{own}', '{webinar}', '{worded}', 'r', 'start', 0, -60, 'everyone', 'It''s “soon”.', 'email', true, 1, {at})
"""
