"""The schema that migrations make is the one the tables say, however often and by however many it is made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.conftest import make_settings
from tests.support.postgres import PostgresServer
from webinars.services import schema
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
