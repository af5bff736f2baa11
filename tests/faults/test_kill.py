"""kill -9 at any moment: nothing is lost, nothing is planned twice, and hardly anything is sent twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col

from scheduler.loop import Scheduler
from tests.factories import Factory
from tests.support.commands import environment, running_command
from tests.support.smtp import SmtpSink
from webinars.services import registering
from webinars.tables import Message, WebinarSession
from webinars.terms import MessageKind, MessageState
from webinars.testing import SetClock
from webinars.work import Process

LATER = timedelta(minutes=2)
"""A lease lasts 90 s: two minutes later another worker may take what a dead one had claimed."""
Worker = Callable[[datetime], dict[str, str]]


@pytest.fixture
def at(process: Process, sink: SmtpSink) -> Worker:
    """The environment of a `webinars work` whose clock starts at a moment."""
    return lambda now: environment(
        process.settings, mail_url=sink.url, testing_now=now.isoformat(), mail_connections="1"
    )


@pytest.fixture
def due_at(process: Process, factory: Factory, clock: SetClock) -> datetime:
    """When 1,000 reminders fall due; their confirmations went out long ago."""
    return remind_later(process, factory, 1000)


def remind_later(process: Process, factory: Factory, people: int) -> datetime:
    session = factory.session(capacity=people).session
    with process.work() as work:
        registering.register(work, [factory.request(session.id) for _ in range(people)], factory.now)
    with process.work() as work:
        work.db.execute(sa.update(Message).values(state=MessageState.sent, sent_at=factory.now))
    return session.starts_at - timedelta(hours=24)


def drain(process: Process, sink: SmtpSink, now: datetime) -> None:
    """Do all that is due, in this process."""
    settings = process.settings.model_copy(update={"mail_url": SecretStr(sink.url)})
    worker = Process(settings, clock=SetClock(now))
    Scheduler(worker).tick(now)
    worker.close()


def reminders_by_state(process: Process) -> Counter[MessageState]:
    with process.read() as work:
        return Counter(work.db.scalars(sa.select(col(Message.state)).where(col(Message.kind) == MessageKind.reminder)))


def reminded(process: Process) -> list[tuple[UUID, str]]:
    with process.read() as work:
        rows = work.db.execute(
            sa.select(col(Message.registration_id), col(Message.dedupe_key)).where(
                col(Message.kind) == MessageKind.reminder
            )
        )
        return [(row[0], row[1]) for row in rows]


@pytest.mark.long
def test_killing_the_worker_loses_nothing_and_doubles_nothing(
    process: Process, sink: SmtpSink, at: Worker, due_at: datetime, tmp_path: Path
) -> None:
    spread = random.Random(7)
    points = [1, *sorted(spread.sample(range(20, 980), 2)), 985]
    now = due_at + timedelta(seconds=1)
    for point in points:
        with running_command("work", variables=at(now), log=tmp_path / "work.log") as worker:
            sink.wait_for(point)  # the worker has not been told that this one was taken: the worst moment
            worker.kill()
            assert worker.wait() == -signal.SIGKILL
        now += LATER
    drain(process, sink, now)

    assert reminders_by_state(process) == {MessageState.sent: 1000}
    people, keys = zip(*reminded(process), strict=True)
    assert (len(set(people)), len(set(keys))) == (1000, 1000)
    arrived = sink.message_ids()
    repeats = arrived.total() - len(arrived)
    print(f"{repeats} repeats on the wire after {len(points)} kills")  # noqa: T201 - a figure to be seen with -s
    assert len(arrived) == 1000
    assert repeats <= len(points)
    for message_id in (message_id for message_id, count in arrived.items() if count > 1):
        first, repeat = (mail for mail in sink.mails if mail.message_id == message_id)
        assert repeat.dated_at == first.dated_at  # what makes a reader's mail program take it for the same mail


@pytest.mark.long
def test_asked_to_end_a_worker_finishes_what_is_under_way_and_hands_back_the_rest(
    process: Process, factory: Factory, sink: SmtpSink, at: Worker, tmp_path: Path
) -> None:
    now = remind_later(process, factory, 300) + timedelta(seconds=1)
    for number in (signal.SIGTERM, signal.SIGINT):
        with running_command("work", variables=at(now), log=tmp_path / "work.log") as worker:
            sink.wait_for(len(sink.mails) + 20)
            worker.send_signal(number)
            assert worker.wait(30) == 0
        states = reminders_by_state(process)
        assert states[MessageState.sent] == len(sink.mails) < 300
        assert states[MessageState.sending] == 0
    drain(process, sink, now + timedelta(seconds=30))  # earlier than any lease would end
    assert reminders_by_state(process) == {MessageState.sent: 300}
    assert set(sink.message_ids().values()) == {1}


@pytest.mark.long
def test_killing_a_process_that_registers_leaves_all_of_a_batch_or_nothing(
    process: Process, factory: Factory, sink: SmtpSink, at: Worker, tmp_path: Path
) -> None:
    session = factory.session(capacity=10_000).session
    script = (
        "import sys, uuid\n"
        "from tests.concurrency.load import request_of\n"
        "from webinars.services.registering import register\n"
        "from webinars.settings import load_settings\n"
        "from webinars.work import Process\n"
        "process, number = Process(load_settings()), 0\n"
        "while True:\n"
        "    with process.work() as work:\n"
        "        people = range(number, number + 10)\n"
        "        register(work, [request_of(uuid.UUID(sys.argv[1]), n) for n in people], process.clock.now())\n"
        "    number += 10\n"
        "    print(number, flush=True)\n"
    )
    line = [sys.executable, "-c", script, str(session.id)]
    with subprocess.Popen(line, env=at(factory.now), stdout=subprocess.PIPE, text=True) as registering:
        assert registering.stdout is not None
        told = [int(registering.stdout.readline()) for _ in range(20)][-1]
        registering.kill()
        told += sum(10 for line in registering.stdout if line.strip())
    with process.read() as work:
        seats = work.db.get_one(WebinarSession, session.id).seats_taken
        kinds = Counter(work.db.scalars(sa.select(col(Message.kind))))
    assert seats % 10 == 0
    assert told <= seats <= told + 10  # what was answered is there; one batch may have lost its answer
    assert kinds == {MessageKind.confirmation: seats}
