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
from threading import Barrier, BrokenBarrierError, Thread
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
from webinars.terms import MessageKind, MessageState
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
_RULES = sa.select(ReminderRule).order_by(col(ReminderRule.id).desc())
_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


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


def wait_for_each_other(monkeypatch: pytest.MonkeyPatch, workers: int, patience_s: float = 0.5) -> None:
    """Nobody writes down what they have decided before the others have decided, too, or are seen not to come."""
    together, plan = Barrier(workers), messages.plan

    def plan_together(*given: Any) -> int:
        with suppress(BrokenBarrierError):
            together.wait(patience_s)
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
    wait_for_each_other(monkeypatch, 2, PATIENCE_S)
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
    """Both may have something to say to the same person. The control is the same a moment later."""
    fill(workers[0], 7 * DAY, 7 * DAY)
    job.run(workers[0], DUE)
    assert told(workers[0]) == {SHARED: PEOPLE}
    with workers[0].work() as work:
        fails = sa.update(Message).where(col(Message.state) == MessageState.planned)
        work.db.execute(fails.values(state=MessageState.failed))
    with workers[0].work() as work, workers[1].work() as other:
        assert reminders_queries.begin_planning(work.db)
        reminders.weigh_merged_again(other, DUE)
    assert told(workers[0]) == {(("failed", None), ("skipped", "merged")): PEOPLE}
    with workers[1].work() as other:
        reminders.weigh_merged_again(other, DUE)
    assert told(workers[0]) == {(("failed", None), ("planned", None)): PEOPLE}


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


def delete_while_planned(workers: list[Process], step: Callable[..., bool]) -> None:
    """Delete the last webinar's rule of the day before while a step in which its messages are made is not committed."""

    def delete() -> None:
        with workers[1].work() as work:
            rule = next(rule for rule in work.db.scalars(_RULES) if rule.offset_minutes == -24 * 60)
            reminder_rules.delete_rule(work, rule.id, version=None, actor=ACTOR, now=DUE)

    def waits() -> int:
        with workers[2].read() as work:
            return work.db.scalar(sa.text(_WAITERS)) or 0

    host = Thread(target=delete)
    with workers[0].work() as work:
        step(work, DUE)
        work.db.flush()
        host.start()
        assert until(lambda: waits() or not host.is_alive())
    host.join(PATIENCE_S)
    assert not host.is_alive()


def test_a_rule_deleted_while_its_messages_are_planned_sends_none_of_them(workers: list[Process]) -> None:
    fill(workers[0], 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    delete_while_planned(workers, reminders.plan_due)
    assert told(workers[0]) == {(("skipped", "superseded"),): PEOPLE}


def test_control_a_host_who_does_not_wait_for_the_planner_overlooks_what_it_plans(
    workers: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = reminders_queries.list_reminders
    monkeypatch.setattr(reminders_queries, "list_reminders", lambda *of, **__: listed(*of))
    fill(workers[0], 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    delete_while_planned(workers, reminders.plan_due)
    assert told(workers[0]) == {(("planned", None),): PEOPLE}


def test_a_rule_deleted_while_merged_messages_of_it_are_weighed_again_sends_none_of_them(
    workers: list[Process],
) -> None:
    fill(workers[0], 7 * DAY, 7 * DAY)
    job.run(workers[0], DUE - MINUTE)
    job.run(workers[0], DUE)
    with workers[0].work() as work:
        work.db.execute(sa.update(Message).where(col(Message.state) == "planned").values(state="failed"))
    delete_while_planned(workers, reminders.weigh_merged_again)
    assert told(workers[0]) == {(("failed", None), ("skipped", "superseded")): PEOPLE}


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
