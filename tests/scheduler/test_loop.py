"""The heartbeat: what is due is done, what fails is tried again, and nothing that fails holds up the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler import loop
from scheduler.loop import Scheduler
from tests.concurrency.load import at_once
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.zones import new_zone_data
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.queries import workers as workers_queries
from webinars.services import health
from webinars.tables import FollowUp, IdempotencyKey, Message, Registration, Reminder, WebinarSession, Worker
from webinars.tables.base import core
from webinars.terms import MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MINUTE = timedelta(minutes=1)


@pytest.fixture
def scheduler(process: Process) -> Iterator[Scheduler]:
    scheduler = Scheduler(process)
    yield scheduler
    scheduler.stop()


def test_a_tick_does_all_that_is_due(
    process: Process, factory: Factory, scheduler: Scheduler, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id, "ana@mail.example")
    moments = [NOW, *(session.starts_at - timedelta(minutes=minutes) for minutes in (1440, 60, 10))]
    moments += [session.ends_at + 120 * MINUTE]
    for moment in moments:
        scheduler.tick(moment)
    assert [mail.subject.partition(":")[0] for mail in mailer.to("ana@mail.example")] == [
        "Confirmed",
        "Tomorrow",
        "In 1 hour",
        "In 10 minutes",
        "Sorry we missed you",
    ]


def test_what_one_job_took_the_next_one_knows(
    scheduler: Scheduler, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a lease of a minute and a half would be over as it begins, and a reminder go out after the start."""
    told: list[datetime] = []

    def plan_for_long(_: Process, now: datetime) -> int:
        told.append(now)
        clock.advance(timedelta(seconds=100))
        return 0

    monkeypatch.setattr("scheduler.loop.reminders.run", plan_for_long)
    monkeypatch.setattr(scheduler.sender, "send_due", lambda now, **_: told.append(now) or 0)
    scheduler.tick(NOW)
    assert told == [NOW, NOW + timedelta(seconds=100)]


def test_after_a_pause_of_the_machine_within_a_tick_nothing_is_sent_before_the_next(
    factory: Factory, scheduler: Scheduler, clock: SetClock, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one waits until leases that others hold by the new time have ended. The control is a pause of a second."""
    factory.registration(factory.session().session.id)
    pause = timedelta(minutes=5)
    monkeypatch.setattr("scheduler.loop.follow_ups.run", lambda *_: clock.advance(pause) or 0)
    scheduler._watch.jumped(clock.now())
    scheduler.tick(clock.now())
    assert mailer.mails == []
    pause = timedelta(seconds=1)
    scheduler._watch.jumped(clock.now())
    scheduler.tick(clock.now())
    assert len(mailer.mails) == 1


def test_when_nothing_is_due_a_tick_does_nothing(factory: Factory, scheduler: Scheduler) -> None:
    factory.session()
    assert [scheduler.tick(NOW + timedelta(seconds=second)) for second in range(3)] == [0, 0, 0]


def test_a_worker_says_that_it_is_alive_every_ten_seconds(process: Process, scheduler: Scheduler) -> None:
    beats = []
    for second in (0, 5, 9, 10, 15):
        scheduler.tick(NOW + timedelta(seconds=second))
        with process.read() as work:
            last = workers_queries.last_beat_at(work.db)
            assert last is not None
            beats.append((last - NOW).seconds)
    assert beats == [0, 0, 0, 10, 10]
    with process.read() as work:
        assert list(work.db.scalars(sa.select(col(Worker.id)))) == [scheduler.worker_id]


def test_a_worker_whose_ticks_fail_beats_and_says_so(
    process: Process, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[str]:
        with process.read() as work:
            return health.alarms(work, NOW + MINUTE)

    for second in (0, 10, 20):
        scheduler.tick(NOW + timedelta(seconds=second))
    monkeypatch.setattr(scheduler.sender, "send_due", lambda *_, **__: 1 // 0)
    for second in (30, 40):
        with pytest.raises(ExceptionGroup):
            scheduler.tick(NOW + timedelta(seconds=second))
        assert found() == []
    with pytest.raises(ExceptionGroup):
        scheduler.tick(NOW + MINUTE)
    assert found() == ["A scheduler is there, but does not get through what it has to do."]
    with process.read() as work:
        beat_at = workers_queries.last_beat_at(work.db)
    assert beat_at
    assert NOW + MINUTE <= beat_at < NOW + 2 * MINUTE


def test_what_is_missing_is_healed_within_a_minute(process: Process, factory: Factory, scheduler: Scheduler) -> None:
    scheduler.tick(NOW)
    factory.session()
    with process.work() as work:
        work.db.execute(sa.delete(Reminder))
    scheduler.tick(NOW + timedelta(seconds=59))
    assert count(process, Reminder) == 0
    scheduler.tick(NOW + MINUTE)
    assert count(process, Reminder) == 4


def test_old_keys_are_forgotten_every_hour(process: Process, scheduler: Scheduler) -> None:
    with process.work() as work:
        for age in (23, 25):
            key = {
                "id": UUID(int=age),
                "key_hash": bytes([age]) * 32,
                "request_hash": b"r" * 32,
                "outcome": "confirmed",
            }
            key |= {"subject_id": UUID(int=1), "created_at": NOW - timedelta(hours=age)}
            work.db.execute(sa.insert(core(IdempotencyKey)).values(**key))
    scheduler.tick(NOW)
    assert count(process, IdempotencyKey) == 1


def test_what_was_kept_long_enough_is_cleared_every_day(
    process: Process, factory: Factory, scheduler: Scheduler
) -> None:
    session = factory.session().session
    factory.registration(session.id, question="Will it hurt?")
    scheduler.tick(session.ends_at + timedelta(days=30, minutes=-1))

    def is_kept() -> bool:
        with process.read() as work:
            return work.db.scalars(sa.select(col(Registration.question))).one() is not None

    assert is_kept()
    scheduler.tick(session.ends_at + timedelta(days=30, hours=23))  # its time has come, but not its turn
    assert is_kept()
    scheduler.tick(session.ends_at + timedelta(days=31))
    assert not is_kept()


def test_new_time_zone_data_is_noticed_within_a_day(
    process: Process, factory: Factory, scheduler: Scheduler, tmp_path: Path
) -> None:
    session = factory.session(starts_in=timedelta(days=9)).session
    scheduler.tick(NOW)
    with new_zone_data(tmp_path / "zones") as decree:
        decree("America/Denver", "America/Chicago")
        moved = []
        for hours in (23, 24):
            scheduler.tick(NOW + timedelta(hours=hours))
            with process.read() as work:
                moved.append(work.db.get_one(WebinarSession, session.id).schedule_version)
    assert moved == [0, 1]


def count(process: Process, table: type[Reminder | IdempotencyKey | Message]) -> int:
    with process.read() as work:
        return work.db.scalar(sa.select(sa.func.count()).select_from(core(table))) or 0


def test_a_job_that_fails_holds_up_no_other(
    process: Process, factory: Factory, scheduler: Scheduler, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    with process.work() as work:  # settling will find no place to write to, and clearing none to look through
        work.db.execute(sa.text(f"DROP TABLE {core(FollowUp).name}"))
    other = factory.session(starts_in=timedelta(days=20)).session
    factory.registration(other.id, "ana@mail.example")
    with pytest.raises(ExceptionGroup) as troubles:
        scheduler.tick(session.ends_at + 120 * MINUTE)
    assert [type(error) for error in troubles.value.exceptions] in (
        [sa.exc.OperationalError] * 2,
        [sa.exc.ProgrammingError] * 2,
    )
    assert len(mailer.to("ana@mail.example")) == 1


def test_several_schedulers_at_once_do_everything_once(
    process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    session = factory.session(capacity=100).session
    for _ in range(40):
        factory.registration(session.id)
    schedulers = [Scheduler(process) for _ in range(4)]
    for moment in (NOW, session.starts_at - timedelta(hours=24), session.ends_at + 120 * MINUTE):
        at_once([lambda each=each, moment=moment: each.tick(moment) for each in schedulers])  # type: ignore[misc]
    for each in schedulers:
        each.stop()
    assert len({mail.message_id for mail in mailer.mails}) == len(mailer.mails) == 3 * 40
    with process.read() as work:
        assert set(work.db.scalars(sa.select(col(Message.state)))) == {MessageState.sent}


class TellingMailer(MemoryMailer):
    """Says when it has taken a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.has_one = threading.Event()

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        super().send(mail, before_dot)
        self.has_one.set()


def test_it_runs_until_it_is_stopped_and_wakes_for_what_is_new(
    database_url: str, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = TellingMailer()
    process = Process(make_settings(database_url, tmp_path), clock=clock, mail=mailer)
    factory = Factory(process)
    monkeypatch.setattr(loop, "PAUSE_SECONDS", 3600.0)  # without being woken it would sleep through the test
    scheduler = Scheduler(process)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    factory.registration(factory.session().session.id)
    assert mailer.has_one.wait(30)
    scheduler.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert len(mailer.mails) == 1
    process.close()


def test_after_a_jump_of_the_clock_jobs_have_their_turn_again(
    process: Process, scheduler: Scheduler, clock: SetClock
) -> None:
    for moment in (NOW, NOW - timedelta(hours=2)):  # somebody set the clock back
        scheduler.tick(moment)
        with process.read() as work:
            beat_at = work.db.get_one(Worker, scheduler.worker_id).beat_at
        assert moment <= beat_at < moment + MINUTE
