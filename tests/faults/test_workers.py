"""Several workers on one ledger: every message goes out once, and the most urgent ones first."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from tests.concurrency.load import at_once
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.documents.mails import message_id_for
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.queries import claims as claims_queries
from webinars.queries import messages as messages_queries
from webinars.rules.messages import priority
from webinars.services import registering
from webinars.services.claims import BATCH, LEASE
from webinars.services.delivery import Sender
from webinars.tables import Message, Registration, WebinarSession
from webinars.tables.base import core
from webinars.terms import AttendanceState, Channel, MessageKind, MessageState, new_id
from webinars.testing import SetClock
from webinars.work import Process

KINDS = (
    (MessageKind.resent, timedelta(days=7)),
    (MessageKind.reminder, timedelta(minutes=59)),
    (MessageKind.reminder, timedelta(hours=23)),
    (MessageKind.follow_up, timedelta(days=7)),
)
"""From the most urgent to the least, each with how long it is of use. None is a minute from being useless as the test
runs."""
LEFT_TO_LESS_URGENT = 0.1
"""Of all messages, at most: of ten batches one begins with them."""
MEMORY_BOUND = 24 * 2**20
"""A worker has at most a batch in hand and a few caches of fixed size, whatever the ledger holds: 100,000 rows kept
would be some 100 MiB and more."""


class OrderKeeper:
    """Takes every mail and keeps nothing but whose it was, in order."""

    name = "memory"

    def __init__(self) -> None:
        self.message_ids: list[str] = []

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str | None:
        self.message_ids.append(mail.message_id)
        return None

    def close(self) -> None:
        """Nothing to let go of."""

    def check(self) -> str:
        return "kept in memory"


@pytest.fixture
def keeper() -> OrderKeeper:
    return OrderKeeper()


@pytest.fixture
def workers(database_url: str, tmp_path: Path, keeper: OrderKeeper) -> Iterator[list[Process]]:
    """Four processes' worth of workers: each with its own connections, as processes have."""
    settings = make_settings(database_url, tmp_path, database_pool=8)
    workers = [Process(settings, clock=SetClock(NOW), mail=keeper) for _ in range(4)]
    yield workers
    for worker in workers:
        worker.close()


def chunks(rows: Iterator[dict[str, object]], size: int = 2000) -> Iterator[list[dict[str, object]]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def fill_ledger(process: Process, count: int) -> None:
    """So many messages of four kinds that fell due one after the other, in no order of usefulness. All go to the same
    people, each of whom gets all kinds: more than four workers have in hand, for nobody gets two answers at once."""
    people = 501  # an odd number, or each would get one kind
    factory = Factory(process)
    session = factory.session(capacity=people).session
    with process.work() as work:
        registering.register(work, [factory.request(session.id) for _ in range(people)], NOW)
        work.db.execute(sa.delete(core(Message)))
    with process.read() as work:
        registrations = list(work.db.scalars(sa.select(core(Registration).c.id)))
    for chunk in chunks(_row(number, registrations, session) for number in range(count)):
        with process.work() as work:
            messages_queries.insert_messages(work.db, chunk)


def _row(number: int, registrations: Sequence[UUID], session: WebinarSession) -> dict[str, object]:
    kind, useful_for = KINDS[(number * 7) % len(KINDS)]
    due_at = NOW - timedelta(minutes=20) + timedelta(milliseconds=10 * number)
    return {
        "id": new_id(due_at),
        "dedupe_key": f"test:{number}",
        "kind": kind,
        "channel": Channel.email,
        "registration_id": registrations[number % len(registrations)],
        "session_id": session.id,
        "rule_id": None,
        "schedule_version": session.schedule_version,
        "sequence": 0,
        "facts": {"segment": AttendanceState.attended.value} if kind is MessageKind.follow_up else {},
        "priority": priority(kind, due_at, due_at + useful_for),
        "state": MessageState.planned,
        "due_at": due_at,
        "next_attempt_at": due_at,
        "deadline_at": due_at + useful_for,
        "attempts": 0,
        "created_at": NOW,
    }


def drain(workers: Sequence[Process], now: datetime) -> None:
    senders = [Sender(worker) for worker in workers]
    at_once([lambda sender=sender: sender.send_due(now) for sender in senders])  # type: ignore[misc]
    for sender in senders:
        sender.stop()


def states(process: Process) -> dict[MessageState, int]:
    with process.read() as work:
        return messages_queries.count_by_state(work.db)


def out_of_turn(keeper: OrderKeeper, process: Process, in_hand: int) -> float:
    """Which part of the messages went out before more than `in_hand` messages that were more urgent, or as urgent and
    due earlier.

    As many are in the workers' hands: save for the batches that are left to what is less urgent, nobody claims a
    message while a more urgent one is free. How late one of them goes out has no such bound: others go on while the
    server thinks it over.
    """
    domain = process.settings.mail_from
    with process.read() as work:
        message = core(Message).c
        rows = list(work.db.execute(sa.select(message.dedupe_key, message.kind, message.due_at, message.deadline_at)))
    # Not by the rows' own priorities: those are what is looked at here.
    rows.sort(key=lambda row: (KINDS.index((row.kind, row.deadline_at - row.due_at)), row.due_at))
    turn = {message_id_for(row.dedupe_key, domain): place for place, row in enumerate(rows)}
    later: list[int] = []
    count = 0
    for message_id in reversed(keeper.message_ids):
        count += bisect_left(later, turn[message_id]) > in_hand
        insort(later, turn[message_id])
    return count / len(rows)


class Memory:
    """Watches the memory of this process while it is used."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def grown(self) -> int:
        """From the first tenth, when caches have filled, to the most there was."""
        warm = len(self.samples) // 10
        return max(self.samples[warm:]) - self.samples[warm]

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.samples.append(pages * os.sysconf("SC_PAGE_SIZE"))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_however_many_workers_everything_goes_out_once_and_in_order(
    workers: list[Process], keeper: OrderKeeper, count: int
) -> None:
    fill_ledger(workers[0], 1500)
    drain(workers[:count], NOW)
    assert states(workers[0]) == {MessageState.sent: 1500}
    assert len(set(keeper.message_ids)) == len(keeper.message_ids) == 1500
    assert out_of_turn(keeper, workers[0], count * BATCH) <= LEFT_TO_LESS_URGENT


def test_the_count_of_turns_finds_a_ledger_that_is_drained_by_time_alone(
    workers: list[Process], keeper: OrderKeeper
) -> None:
    """The control: of reminders those that are useless within the hour wait behind those that can wait for a day."""
    fill_ledger(workers[0], 1500)
    with workers[0].work() as work:
        is_reminder = core(Message).c.kind == MessageKind.reminder
        work.db.execute(sa.update(core(Message)).where(is_reminder).values(priority=1))
    drain(workers[:1], NOW)
    assert out_of_turn(keeper, workers[0], BATCH) > LEFT_TO_LESS_URGENT + 0.05


@pytest.fixture
def uncounted(postgres_url: str, tmp_path: Path, keeper: OrderKeeper) -> Iterator[Process]:
    """PostgreSQL, with thousands of messages of which it has no statistics, as in the first minute after many were
    planned."""
    process = Process(make_settings(postgres_url, tmp_path), clock=SetClock(NOW), mail=keeper)
    with process.work() as work:
        work.db.execute(sa.text("ALTER TABLE messages SET (autovacuum_enabled = false)"))
    fill_ledger(process, 16_000)
    yield process
    process.close()


def rows_of_a_claim(process: Process) -> float:
    """How many rows and entries of indexes PostgreSQL goes through to claim a batch."""

    def explain(connection: object, cursor: object, statement: str, values: Any, *_: object) -> tuple[str, Any]:
        return "EXPLAIN (ANALYZE, FORMAT JSON) " * statement.startswith("WITH") + statement, values

    with process.work() as work:
        sa.event.listen(work.db.connection(), "before_cursor_execute", explain, retval=True)
        answer: list[Any] = claims_queries.claim_messages(
            work.db, lease=uuid4(), now=NOW, until=NOW + LEASE, limit=BATCH
        )
    return _rows_of(answer[0][0]["Plan"])


def _rows_of(plan: Mapping[str, Any]) -> float:
    reads = "Relation Name" in plan or "Index Name" in plan
    dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    below = sum(_rows_of(part) for part in plan.get("Plans", ()))
    return below + reads * plan["Actual Loops"] * (plan["Actual Rows"] + dropped)


def test_a_claim_looks_at_few_rows_before_the_database_has_counted_them(
    uncounted: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that goes through all of them locks on its way what others have claimed meanwhile, and they cannot complete
    it. The control: as PostgreSQL would do it by itself."""
    assert max(rows_of_a_claim(uncounted) for _ in range(4)) <= 5 * BATCH
    monkeypatch.setattr(claims_queries, "walk_indexes", lambda _: None)
    assert max(rows_of_a_claim(uncounted) for _ in range(4)) > 16_000


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_hundred_thousand_due_messages(workers: list[Process], keeper: OrderKeeper) -> None:
    """By four workers on PostgreSQL. SQLite lets one write at a time: one worker there, and a fifth of them."""
    on_sqlite = workers[0].engines.is_sqlite
    people, count = (1, 20_000) if on_sqlite else (4, 100_000)
    fill_ledger(workers[0], count)
    with Memory() as memory:
        drain(workers[:people], NOW)
    early = out_of_turn(keeper, workers[0], people * BATCH)
    print(f"grown by {memory.grown() / 2**20:.1f} MiB, out of turn: {early:.1%}")  # noqa: T201 - figures to be seen with -s
    assert states(workers[0]) == {MessageState.sent: count}
    assert len(set(keeper.message_ids)) == len(keeper.message_ids) == count
    assert early <= LEFT_TO_LESS_URGENT
    assert memory.grown() < MEMORY_BOUND
