"""A clock that is set, forward and back: nothing goes out twice, nothing is lost, nothing before its time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.clock import FORWARD_JUMP
from webinars.gateways.mail import MailDeferred, MailError, MailTransportDown
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.services.claims import LEASE, claim
from webinars.tables import Message
from webinars.terms import MessageKind, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def scheduler(process: Process) -> Iterator[Scheduler]:
    scheduler = Scheduler(process)
    yield scheduler
    scheduler.stop()


def subjects(mailer: MemoryMailer) -> list[str]:
    return [mail.subject.partition(":")[0] for mail in mailer.mails]


@pytest.mark.parametrize("jump", [MINUTE, DAY, -MINUTE, -DAY], ids=["a minute on", "a day on", "back", "a day back"])
def test_a_clock_that_jumps_and_is_set_right_again_sends_each_message_once(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, mailer: MemoryMailer, jump: timedelta
) -> None:
    session = factory.session(starts_in=timedelta(days=3)).session
    for _ in range(5):
        factory.registration(session.id)
    moments = [NOW, *(session.starts_at - timedelta(hours=hours) for hours in (24, 1)), session.starts_at - 10 * MINUTE]
    for moment in moments:
        for shown in (moment, moment + jump, moment):  # right, wrong, and right again
            clock.set(shown)
            scheduler.tick(clock.now())
    clock.set(session.starts_at)
    scheduler.tick(clock.now())
    sent = [mail.message_id for mail in mailer.mails]
    assert len(set(sent)) == len(sent)
    with process.read() as work:
        rows = list(work.db.scalars(sa.select(Message).where(col(Message.kind) != MessageKind.follow_up)))
    assert {row.state for row in rows} <= {MessageState.sent, MessageState.skipped, MessageState.missed}
    assert len({(row.registration_id, row.rule_id, row.kind) for row in rows}) == len(rows)
    for row in rows:  # by the clock as it stood: a machine has no other
        assert row.sent_at is None or row.sent_at >= row.due_at


def test_what_is_not_due_by_a_clock_that_is_behind_waits(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session(starts_in=timedelta(days=3)).session
    factory.registration(session.id)
    scheduler.tick(NOW)
    clock.set(session.starts_at - DAY - MINUTE)
    scheduler.tick(clock.now())
    assert subjects(mailer) == ["Confirmed"]
    clock.advance(MINUTE)
    scheduler.tick(clock.now())
    assert subjects(mailer)[1:] == ["Tomorrow"]


def test_what_a_worker_held_while_the_clock_was_ahead_goes_out_once_a_lease_has_passed(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, mailer: MemoryMailer
) -> None:
    """It crashed with a lease that ends a day too late. It may as well be sending still: so not at once."""
    session = factory.session(starts_in=timedelta(days=3)).session
    factory.registration(session.id)
    with process.work() as work:
        assert claim(work, NOW + DAY)[1] == 1
    scheduler.tick(NOW)
    clock.set(NOW + LEASE - SECOND)
    scheduler.tick(clock.now())
    assert mailer.mails == []
    clock.advance(SECOND)
    scheduler.tick(clock.now())
    assert subjects(mailer) == ["Confirmed"]


@pytest.mark.parametrize("failures", [[], [MailTransportDown("away")], [MailDeferred("later", 450)]], ids=str)
def test_after_a_clock_was_set_back_mails_go_on_within_a_minute(
    process: Process,
    factory: Factory,
    tmp_path: Path,
    clock: SetClock,
    mailer: MemoryMailer,
    failures: list[MailError],
) -> None:
    """Neither a rate, nor an open breaker, nor a retry waits until the clock has caught up."""
    url = process.settings.database_url.get_secret_value()
    rated = Process(make_settings(url, tmp_path, mail_rate=1), clock=clock, mail=mailer)
    scheduler = Scheduler(rated)
    session_id = factory.session(capacity=50).session.id
    factory.registration(session_id, "before@mail.example")
    mailer.failures = [*failures]
    scheduler.tick(NOW)
    back = NOW - timedelta(hours=2)
    clock.set(back)
    factory.registration(session_id, "after@mail.example")
    while clock.now() <= back + MINUTE:
        scheduler.tick(clock.now())
        clock.advance(5 * SECOND)
    assert sorted(mail.recipient for mail in mailer.mails) == ["after@mail.example", "before@mail.example"]
    scheduler.stop()
    rated.close()


def test_control_without_looking_for_what_waits_too_long_it_waits_until_the_clock_has_caught_up(
    process: Process,
    factory: Factory,
    scheduler: Scheduler,
    clock: SetClock,
    mailer: MemoryMailer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scheduler.jobs.messages.pull_in", lambda _process, _now: 0)
    factory.registration(factory.session().session.id)
    with process.work() as work:
        claim(work, NOW + timedelta(hours=2))
    for minutes in (0, 10, 119):
        clock.set(NOW + minutes * MINUTE)
        scheduler.tick(clock.now())
    assert mailer.mails == []
    clock.advance(3 * MINUTE)
    scheduler.tick(clock.now())
    assert subjects(mailer) == ["Confirmed"]


class SetBack(MemoryMailer):
    """While its first mail is on its way the clock goes back two hours, and another worker looks for what is due."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock
        self.another: Scheduler | None = None

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        another, self.another = self.another, None
        if another is not None:
            self._clock.set(NOW - timedelta(hours=2))
            for _ in range(9):
                another.tick(self._clock.now())
                self._clock.advance(10 * SECOND)
        super().send(mail, before_dot)


@pytest.mark.parametrize("url", ["postgres_url", "sqlite_url"])
def test_what_is_on_its_way_while_the_clock_is_set_back_is_nobody_elses(
    request: pytest.FixtureRequest, url: str, tmp_path: Path, clock: SetClock
) -> None:
    mailer = SetBack(clock)
    settings = make_settings(request.getfixturevalue(url), tmp_path)
    first, second = (Process(settings, clock=clock, mail=mailer) for _ in range(2))
    factory = Factory(first)
    factory.registration(factory.session().session.id)
    one, mailer.another = Scheduler(first), Scheduler(second)
    other = mailer.another
    one.tick(NOW)
    clock.advance(timedelta(minutes=10))
    other.tick(clock.now())
    assert len(mailer.mails) == 1
    for worker in (one, other):
        worker.stop()
    for process in (first, second):
        process.close()


def test_after_a_jump_forward_leases_have_time_to_end(
    process: Process, factory: Factory, clock: SetClock, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker on the same machine may be sending: by the new time its leases seem to have run out."""
    waits: list[float] = []
    scheduler = Scheduler(process)

    def rest(self: Scheduler, seconds: float) -> None:
        waits.append(seconds)
        self.stop()

    monkeypatch.setattr(Scheduler, "_rest", rest)
    running = threading.Thread(target=scheduler.run)
    running.start()
    while not scheduler._last:
        pass
    clock.advance(10 * FORWARD_JUMP)
    running.join(30)
    assert waits == [90.0]
