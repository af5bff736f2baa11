"""A clock that is set, forward and back: nothing goes out twice, nothing is lost, nothing before its time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.loop import Scheduler
from tests.conftest import NOW
from tests.factories import Factory
from webinars.clock import FORWARD_JUMP
from webinars.services.claims import claim
from webinars.tables import Message
from webinars.terms import MessageKind, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


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


def test_what_a_worker_held_while_the_clock_was_ahead_goes_out_when_that_time_has_come(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, mailer: MemoryMailer
) -> None:
    """It crashed with a lease that ends a day too late. Late, but not lost."""
    session = factory.session(starts_in=timedelta(days=3)).session
    factory.registration(session.id)
    with process.work() as work:
        assert claim(work, NOW + DAY)[1] == 1
    scheduler.tick(NOW)
    assert mailer.mails == []
    clock.set(NOW + DAY + 2 * MINUTE)
    scheduler.tick(clock.now())
    assert subjects(mailer) == ["Confirmed"]


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
