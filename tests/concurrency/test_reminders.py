"""Several workers whose reminders fall due at once: what one says to somebody the others know of."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as job
from tests.concurrency.load import PATIENCE_S, at_once
from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from webinars.db import DbSession
from webinars.queries import reminders as reminders_queries
from webinars.services import messages, registering, reminder_rules, reminders
from webinars.settings import Settings
from webinars.tables import Message, Registration, Reminder, ReminderRule, WebinarSession
from webinars.terms import MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

PEOPLE = 12
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DUE = NOW + 6 * DAY
FREED_WITHIN_S = 10
Said = tuple[tuple[str, str | None], ...]
SHARED: Said = (("planned", None), ("skipped", "merged"))
CAPPED: Said = (("planned", None), ("skipped", "capped"))
BOTH: Said = (("planned", None), ("planned", None))


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Settings:
    """Of PostgreSQL, for SQLite lets one write at a time."""
    return make_settings(postgres_url, tmp_path, reminders_per_week=1)


@pytest.fixture
def workers(settings: Settings) -> Iterator[list[Process]]:
    """Each with its own connections, as processes have."""
    workers = [Process(settings, clock=SetClock(NOW), mail=MemoryMailer()) for _ in range(4)]
    yield workers
    for worker in workers:
        worker.close()


def fill(process: Process, *starts_in: timedelta, due: datetime = DUE) -> list[UUID]:
    """Sessions that the same people have a seat in, each with a reminder that falls due at the same moment."""
    factory = Factory(process)
    held = []
    for wait in starts_in:
        webinar = factory.webinar(f"webinar-{len(held)}")
        with process.work() as work:
            facts = {"offset_minutes": (due - NOW - wait) // MINUTE}
            if wait != due + DAY - NOW:  # a day before, every webinar reminds anyway
                reminder_rules.create_rule(work, webinar, facts, actor=ACTOR, now=NOW)
        held.append(factory.session(webinar, starts_in=wait, capacity=PEOPLE).session.id)
        with process.work() as work:
            people = [factory.request(held[-1], f"person{number}@mail.example") for number in range(PEOPLE)]
            registering.register(work, people, NOW)
    return held


def wait_for_each_other(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Nobody writes down what they have decided before the others have decided, too, or are seen not to come."""
    together, plan = Barrier(workers), messages.plan

    def plan_together(*given: Any) -> int:
        with suppress(BrokenBarrierError):
            together.wait(0.5)
        return plan(*given)

    monkeypatch.setattr(messages, "plan", plan_together)


def claim_naively(db: DbSession, now: datetime) -> tuple[Reminder, ReminderRule, WebinarSession] | None:
    """What a first draft does: whoever comes takes the first that nobody else has in hand."""
    row = db.execute(
        sa.select(Reminder, ReminderRule, WebinarSession)
        .join(ReminderRule, col(ReminderRule.id) == col(Reminder.rule_id))
        .join(WebinarSession, col(WebinarSession.id) == col(Reminder.session_id))
        .where(sa.text("reminders.state IN ('planned', 'running')"), col(Reminder.plan_at) <= now)
        .order_by(col(Reminder.plan_at), col(WebinarSession.starts_at), col(WebinarSession.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=Reminder)
    ).first()
    return (row[0], row[1], row[2]) if row else None


def plan_at_once(workers: Sequence[Process], now: datetime = DUE) -> int:
    """Returns how many steps there were in all."""
    return sum(at_once([partial(job.run, worker, now) for worker in workers]))


def told(process: Process) -> Counter[Said]:
    """What the ledger has of the reminders of each person, and for how many people it is that."""
    said: dict[bytes, list[tuple[str, str | None]]] = {}
    with process.read() as work:
        rows = work.db.execute(
            sa.select(col(Registration.email_index), col(Message.state), col(Message.reason))
            .join(Registration, col(Registration.id) == col(Message.registration_id))
            .where(col(Message.kind) == MessageKind.reminder)
            .order_by(col(Message.state), col(Message.id))
        )
        for index, state, reason in rows:
            said.setdefault(bytes(index), []).append((state.value, reason))
    return Counter(tuple(of_one) for of_one in said.values())


CASES = pytest.mark.parametrize(
    ("starts_in", "due", "look_at", "said"),
    [
        pytest.param((7 * DAY, 7 * DAY), DUE, DUE, SHARED, id="of one day"),
        pytest.param((7 * DAY - 2 * HOUR,) * 2, DUE - 2 * HOUR, DUE - 11 * HOUR, SHARED, id="the evening before"),
        pytest.param((7 * DAY, 9 * DAY), DUE, DUE, CAPPED, id="of one week, with a cap of one mail"),
    ],
)
"""DUE is at eight in the morning where all of them live, an hour or more before which they have a night."""


@CASES
def test_who_has_two_sessions_gets_one_mail_however_many_plan(
    workers: list[Process],
    monkeypatch: pytest.MonkeyPatch,
    starts_in: Sequence[timedelta],
    due: datetime,
    look_at: datetime,
    said: Said,
) -> None:
    fill(workers[0], *starts_in, due=due)
    for worker in workers:
        job.run(worker, look_at - MINUTE)  # evenings that are nobody's
    wait_for_each_other(monkeypatch, 2)
    while plan_at_once(workers[:2], look_at):
        pass
    assert told(workers[0]) == {said: PEOPLE}


@CASES
def test_control_where_each_takes_what_is_free_everybody_gets_two(
    workers: list[Process],
    monkeypatch: pytest.MonkeyPatch,
    starts_in: Sequence[timedelta],
    due: datetime,
    look_at: datetime,
    said: Said,
) -> None:
    fill(workers[0], *starts_in, due=due)
    job.run(workers[0], look_at - MINUTE)
    monkeypatch.setattr(reminders_queries, "begin_planning", lambda _: True)
    monkeypatch.setattr(reminders_queries, "claim_due_reminder", claim_naively)
    wait_for_each_other(monkeypatch, 2)
    plan_at_once(workers[:2], look_at)
    assert told(workers[0]) == {BOTH: PEOPLE} != {said: PEOPLE}


def test_small_steps_of_four_workers_come_to_the_same(workers: list[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    fill(workers[0], *[7 * DAY] * 3)
    monkeypatch.setattr(reminders, "_CHUNK", 5)
    job.run(workers[0], DUE - MINUTE)
    while plan_at_once(workers):
        pass
    assert told(workers[0]) == {(*SHARED, ("skipped", "merged")): PEOPLE}


def test_what_is_weighed_again_waits_for_whoever_plans(workers: list[Process]) -> None:
    """Both may have something to say to the same person."""
    fill(workers[0], 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    with workers[0].work() as work, workers[1].work() as other:
        assert reminders.plan_due(work, DUE)
        assert not reminders_queries.begin_planning(other.db)
    with workers[1].work() as other:
        assert reminders_queries.begin_planning(other.db)


def test_while_the_first_session_is_being_changed_the_second_does_not_get_ahead_of_it(workers: list[Process]) -> None:
    first, _ = fill(workers[0], 7 * DAY, 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    with workers[0].work() as work:
        assert reminders_queries.list_reminders(work.db, first, 0, locked=True)
        assert job.run(workers[1], DUE) == 0  # and does not wait
    assert job.run(workers[1], DUE) == 2
    assert told(workers[0]) == {SHARED: PEOPLE}


def test_what_is_due_of_an_earlier_session_comes_first_even_if_it_was_to_be_looked_at_later(
    workers: list[Process],
) -> None:
    """It was moved there a moment ago, say, and nobody has looked since."""
    first, _ = fill(workers[0], 7 * DAY, 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    with workers[0].work() as work:
        of_first = (col(Reminder.session_id) == first, col(Reminder.due_at) == DUE)
        work.db.execute(sa.update(Reminder).where(*of_first).values(plan_at=DUE + MINUTE))
    job.run(workers[0], DUE + MINUTE)
    assert told(workers[0]) == {SHARED: PEOPLE}


@pytest.mark.long
def test_a_worker_that_is_killed_while_it_plans_holds_nobody_up(settings: Settings, workers: list[Process]) -> None:
    fill(workers[0], 7 * DAY, 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    context = multiprocessing.get_context("spawn")
    is_planning = context.Event()
    killed = context.Process(target=_plan_for_ever, args=(settings, is_planning))
    killed.start()
    assert is_planning.wait(PATIENCE_S)
    assert job.run(workers[0], DUE) == 0
    killed.kill()
    killed.join(PATIENCE_S)
    assert until(lambda: job.run(workers[0], DUE))
    assert told(workers[0]) == {SHARED: PEOPLE}


def _plan_for_ever(settings: Settings, is_planning: Any) -> None:
    process = Process(settings, clock=SetClock(DUE), mail=MemoryMailer())
    with process.work() as work:
        assert reminders.plan_due(work, DUE)
        is_planning.set()
        time.sleep(PATIENCE_S)


def until(found: Callable[[], int]) -> int:
    """What is found, as soon as there is something; 0 if there is nothing for too long."""
    deadline = time.monotonic() + FREED_WITHIN_S
    while not (count := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return count
