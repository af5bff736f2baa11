"""kill -9 at any moment: nothing is lost, nothing is planned twice, and at most one mail a kill is sent twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col

from scheduler.jobs import reminders as reminders_job
from tests.factories import Factory
from tests.support.commands import STARTS_WITHIN_S, environment, running_command
from tests.support.scheduling import tick
from tests.support.smtp import SmtpSink
from webinars import tables
from webinars.queries import messages as messages_queries
from webinars.queries import reminders as reminders_queries
from webinars.services import delivery, registering
from webinars.services.claims import LEASE
from webinars.tables import Message, WebinarSession
from webinars.tables.base import core
from webinars.terms import MessageKind, MessageState, ReminderState
from webinars.testing import SetClock
from webinars.work import Process

LATER = timedelta(minutes=2)
"""A lease lasts 90 s: two minutes later another worker may take what a dead one had claimed."""
Worker = Callable[[datetime], dict[str, str]]


@pytest.fixture
def at(process: Process, sink: SmtpSink) -> Worker:
    """The environment of a `webinars work` whose clock starts at a moment."""
    return lambda now: environment(process.settings, mail_url=sink.url, testing_now=now.isoformat())


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
    tick(worker, now)
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


def has_begun(process: Process, worker: subprocess.Popen[bytes]) -> bool:
    """Whether a worker has told the ledger that it is there: what comes next is sending."""
    with process.read() as work:
        return any(
            place.endswith(f":{worker.pid}") for place in work.db.scalars(sa.select(core(tables.Worker).c.place))
        )


def wait_until_it_sends(process: Process, worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not has_begun(process, worker):
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "the worker did not start"
        time.sleep(0.02)


def remind_everybody(process: Process, factory: Factory, people: int, due_at: datetime) -> None:
    """Plan what is due, so that a run is about sending alone."""
    assert reminders_job.run(process, due_at) > 0
    assert reminders_by_state(process) == {MessageState.planned: people}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_twenty_kills_among_ten_thousand_messages(
    process: Process, factory: Factory, sink: SmtpSink, at: Worker, tmp_path: Path
) -> None:
    """As it is run: five connections each. On PostgreSQL a second worker goes on while the first one is killed."""
    people, kills = 10_000, 20
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - to run the same again
    spread = random.Random(seed)
    now = remind_later(process, factory, people) + timedelta(seconds=1)
    remind_everybody(process, factory, people, now)
    sink.seconds_to_answer = 0.03  # most kills fall into the gap, and workers are started again before all is sent
    with ExitStack() as stack:
        if not process.engines.is_sqlite:
            log = tmp_path / "other.log"
            stack.enter_context(running_command("work", variables=at(now), log=log))
        started = time.monotonic()
        for number in range(kills):
            # Two at work must agree on the time; one alone may find the leases of the dead run out.
            passed = LATER * number if process.engines.is_sqlite else timedelta(seconds=time.monotonic() - started)
            with running_command("work", variables=at(now + passed), log=tmp_path / "work.log") as worker:
                wait_until_it_sends(process, worker)
                sink.wait_for(len(sink.mails) + spread.randint(1, 60))
                time.sleep(spread.uniform(0, 0.05))  # any moment, not that of an arrival
                worker.kill()
                assert worker.wait() == -signal.SIGKILL
    sink.seconds_to_answer = 0
    drain(process, sink, now + LATER * kills)
    assert reminders_by_state(process) == {MessageState.sent: people}
    registrations, keys = zip(*reminded(process), strict=True)
    assert (len(set(registrations)), len(set(keys))) == (people, people)
    arrived = sink.message_ids()
    repeats = arrived.total() - len(arrived)
    print(f"{repeats} repeats on the wire after {kills} kills")  # noqa: T201 - a figure to be seen with -s
    assert len(arrived) == people
    assert repeats <= kills
    assert all(
        len({mail.dated_at for mail in sink.mails if mail.message_id == message_id}) == 1
        for message_id in (message_id for message_id, count in arrived.items() if count > 1)
    )


@pytest.mark.parametrize(("has_turns", "in_doubt"), [(True, 1), (False, 5)])
def test_a_server_that_takes_mails_and_does_not_answer_has_one_in_doubt(
    process: Process, factory: Factory, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch, has_turns: bool, in_doubt: int
) -> None:
    """Killed now, one would come twice. Without turns, the control: one a connection."""
    if not has_turns:
        monkeypatch.setattr(delivery, "is_pressing", lambda *_: True)
    due_at = remind_later(process, factory, 20)
    remind_everybody(process, factory, 20, due_at)
    sink.may_answer.clear()
    sending = threading.Thread(target=drain, args=(process, sink, due_at))
    sending.start()
    try:
        sink.wait_for(in_doubt)
        time.sleep(1)  # for one more, if there were one
        assert len(sink.mails) == in_doubt
    finally:
        sink.may_answer.set()
        sending.join()


def test_without_the_lease_the_count_finds_what_was_sent_twice(process: Process, factory: Factory) -> None:
    """The control of the run above: to a worker that is a lease ahead of the first, nothing seems held."""
    people = 60
    due_at = remind_later(process, factory, people)
    remind_everybody(process, factory, people, due_at)
    with SmtpSink() as sink:
        sink.seconds_a_mail = 0.2
        first = threading.Thread(target=drain, args=(process, sink, due_at))
        first.start()
        sink.wait_for(1)
        drain(process, sink, due_at + LEASE + timedelta(seconds=1))
        first.join()
        arrived = sink.message_ids()
    assert len(arrived) == people
    assert arrived.total() > people


def test_without_the_unique_key_the_count_finds_what_was_planned_twice(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the run above: planning begins anew, does not look who has theirs, and each row gets a key of its
    own."""
    people = 10
    due_at = remind_later(process, factory, people)
    monkeypatch.setattr(reminders_queries, "list_reminded", lambda *_: set())
    for _ in range(2):
        plan_anew(process, due_at)
    assert len(reminded(process)) == people  # the key holds
    insert = messages_queries.insert_messages
    monkeypatch.setattr(
        messages_queries,
        "insert_messages",
        lambda db, rows: insert(db, [row | {"dedupe_key": uuid4().hex} for row in rows]),
    )
    plan_anew(process, due_at)
    reminded_people, _ = zip(*reminded(process), strict=True)
    assert len(reminded_people) > len(set(reminded_people)) == people


def plan_anew(process: Process, due_at: datetime) -> None:
    """Plan as if nothing had been planned before."""
    with process.work() as work:
        work.db.execute(sa.update(core(tables.Reminder)).values(state=ReminderState.planned, cursor=None))
    reminders_job.run(process, due_at)


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
