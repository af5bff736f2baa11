"""Schedulers in other processes hear at once of what was committed, and nothing is lost where they do not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import make_settings
from tests.factories import Factory
from tests.support.postgres import PostgresServer
from webinars.testing import MemoryMailer, SetClock
from webinars.wakeup import MOST_OFTEN_S, Bell, Listener
from webinars.work import Process


class Heard:
    """Counts bells, and lets a test wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float = 10) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)


@pytest.fixture
def process(postgres_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Process]:
    process = Process(make_settings(postgres_url, tmp_path), clock=clock, mail=MemoryMailer())
    yield process
    process.close()


@pytest.fixture
def heard(process: Process) -> Iterator[Heard]:
    """What another process hears; listening has begun."""
    heard = Heard()
    listener = Listener(process.engines.write.url, heard)
    listener.start()
    assert heard.wait_for(1)  # at its beginning it is told to look, for it may have missed something
    yield heard
    listener.stop()
    listener._thread.join(10)


def test_what_is_committed_is_heard(process: Process, factory: Factory, heard: Heard) -> None:
    factory.registration(factory.session().session.id)
    assert heard.wait_for(2)


def test_what_is_rolled_back_is_not(process: Process, heard: Heard) -> None:
    def fail() -> None:
        with process.work() as work:
            work.db.execute(sa.text("SELECT 1"))
            work.wake_scheduler()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not heard.wait_for(2, 0.3)
    with process.work() as work:  # the control
        work.db.execute(sa.text("SELECT 1"))
        work.wake_scheduler()
    assert heard.wait_for(2)


def test_many_at_once_are_few_calls(process: Process, heard: Heard) -> None:
    bell = process.bell
    assert bell is not None
    bell.ring()
    assert heard.wait_for(2)
    began, count, rings = bell.rung, 0, time.monotonic() + 10 * MOST_OFTEN_S
    while time.monotonic() < rings:
        bell.ring()
        count += 1
        time.sleep(0.001)
    assert count > 50
    assert bell.rung - began <= 11


def test_the_last_one_is_never_swallowed(process: Process, heard: Heard) -> None:
    """A ring right after a call is not told with it: what it is about may have been committed since."""
    bell = process.bell
    assert bell is not None
    bell.ring()
    assert heard.wait_for(2)
    bell.ring()
    assert heard.wait_for(3)


def test_a_listener_that_was_cut_off_listens_again_and_looks_at_once(
    process: Process, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webinars.wakeup._AGAIN_S", 0.05)
    before = heard.count
    with process.engines.write.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))
    assert heard.wait_for(before + 1)
    process.wake_schedulers()
    assert heard.wait_for(before + 2)


def test_a_bell_that_cannot_ring_holds_up_nobody(postgres: PostgresServer) -> None:
    bell = Bell(sa.make_url("postgresql://nobody@127.0.0.1:1/nothing"))
    started = time.monotonic()
    bell.ring()
    assert time.monotonic() - started < 0.2
    bell.close()
    assert bell.rung == 0


def test_a_bell_whose_connection_broke_rings_again(process: Process, heard: Heard) -> None:
    bell = process.bell
    assert bell is not None
    bell.ring()
    assert heard.wait_for(2)
    with process.engines.write.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'NOTIFY%'"))
    deadline = time.monotonic() + 10
    while not heard.wait_for(3, 0.2):
        assert time.monotonic() < deadline, "it never rang again"
        bell.ring()


def test_sqlite_has_no_bell(sqlite_process: Process) -> None:
    assert sqlite_process.bell is None


def test_nothing_is_notified_inside_a_transaction(process: Process, factory: Factory) -> None:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    sa.event.listen(process.engines.write, "before_cursor_execute", note)
    factory.registration(factory.session().session.id)
    assert said
    assert not [statement for statement in said if "notify" in statement.lower()]
