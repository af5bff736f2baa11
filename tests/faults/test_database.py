"""A database that goes away under a running scheduler and comes back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.postgres import PostgresServer
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.queries.messages import count_by_state
from webinars.services import registering
from webinars.services.claims import LEASE
from webinars.services.delivery import Sender
from webinars.services.desk import Desk
from webinars.terms import MessageState, RegistrationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

RECOVERS_WITHIN_S = 30


@pytest.fixture
def postgres_process(postgres_url: str, tmp_path: Path, mailer: MemoryMailer) -> Iterator[Process]:
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=mailer)
    yield process
    process.close()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RECOVERS_WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not recover"
        time.sleep(0.02)


@pytest.mark.long
def test_scheduler_and_desk_survive_a_crash_of_the_database(
    postgres: PostgresServer, postgres_process: Process, mailer: MemoryMailer
) -> None:
    if not postgres.can_restart:
        pytest.skip("the server at TEST_DATABASE_URL is not ours to crash")
    factory = Factory(postgres_process)
    session_id = factory.session().session.id
    scheduler, desk = Scheduler(postgres_process), Desk(postgres_process)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        desk.submit(factory.request(session_id, "before@mail.example")).result(RECOVERS_WITHIN_S)
        until(lambda: bool(mailer.to("before@mail.example")))
        postgres.restart()
        answered: list[RegistrationStatus] = []

        def registers() -> bool:
            with suppress(sa.exc.DBAPIError):  # the first may still find a broken connection: its sender tries again
                answer = desk.submit(factory.request(session_id, "after@mail.example")).result(RECOVERS_WITHIN_S)
                answered.append(answer.registration.status)
            return bool(answered)

        until(registers)
        until(lambda: bool(mailer.to("after@mail.example")))
        assert answered == [RegistrationStatus.confirmed]
        assert thread.is_alive()
    finally:
        scheduler.stop()
        thread.join()
        desk.close()
    assert [len(mailer.to(f"{when}@mail.example")) for when in ("before", "after")] == [1, 1]


class SteadyMailer(MemoryMailer):
    """Takes a moment over each mail, so that some are under way whenever something happens."""

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        time.sleep(0.01)
        super().send(mail, before_dot)


def register(process: Process, people: int) -> None:
    factory = Factory(process)
    session_id = factory.session(capacity=people).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(people)], NOW)


def send_until_done(process: Process, people: int) -> None:
    """As the scheduler does: what goes wrong in one round is tried again in the next. Leases run out meanwhile."""
    sender, moment = Sender(process), NOW

    def is_done() -> bool:
        nonlocal moment
        with suppress(sa.exc.DBAPIError):
            sender.send_due(moment)
            moment += LEASE
            with process.read() as work:
                return count_by_state(work.db) == {MessageState.sent: people}
        return False

    until(is_done)
    sender.stop()


@pytest.mark.long
def test_what_was_sent_as_the_database_crashed_is_not_sent_again(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    if not postgres.can_restart:
        pytest.skip("the server at TEST_DATABASE_URL is not ours to crash")
    people, mailer = 400, SteadyMailer()
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=mailer)
    register(process, people)
    sending = threading.Thread(target=send_until_done, args=(process, people))
    sending.start()
    until(lambda: len(mailer.mails) >= 50)
    postgres.restart()
    sending.join()
    process.close()
    assert len({mail.message_id for mail in mailer.mails}) == people
    # Completions wait for the database: only a commit whose answer was lost leaves a doubt, and that one was written.
    assert len(mailer.mails) == people


def test_a_file_that_another_program_locks_for_seconds_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    people, mailer = 100, SteadyMailer()
    process = Process(make_settings(sqlite_url, tmp_path), clock=SetClock(NOW), mail=mailer)
    register(process, people)
    script = (
        "import sqlite3, sys, time\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "print('locked', flush=True)\n"
        "time.sleep(3)\n"
    )
    sending = threading.Thread(target=send_until_done, args=(process, people))
    sending.start()
    until(lambda: len(mailer.mails) >= 10)
    line = [sys.executable, "-c", script, sqlite_url.removeprefix("sqlite:///")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "locked"
        before = len(mailer.mails)
        time.sleep(1)
        # A connection that has sent waits for its own to be written: so many, and no more, go out under the lock.
        assert len(mailer.mails) - before <= process.settings.mail_connections
    sending.join()
    process.close()
    assert len({mail.message_id for mail in mailer.mails}) == len(mailer.mails) == people
