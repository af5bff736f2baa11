"""A database that goes away under a running scheduler and comes back."""

from __future__ import annotations

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
from webinars.services.desk import Desk
from webinars.terms import RegistrationStatus
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
