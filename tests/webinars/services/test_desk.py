"""The desk: what waits becomes one transaction, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.factories import Factory
from webinars.errors import Busy, NotFound, SessionFull, TookTooLong
from webinars.services import desk as desk_module
from webinars.services.desk import Desk
from webinars.services.registering import Registered, RegistrationRequest
from webinars.tables import Registration
from webinars.terms import RegistrationStatus
from webinars.work import Process

Result = TypeVar("Result")


@pytest.fixture
def desk(process: Process) -> Iterator[Desk]:
    desk = Desk(process)
    yield desk
    desk.close()


class Door:
    """Holds the desk's writer up, by a lock on the row it needs, until it is opened."""

    def __init__(self, process: Process) -> None:
        self._process, self._open, self._held = process, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with self._process.work() as work:
            work.db.execute(sa.text("UPDATE sessions SET version = version"))
            self._held.set()
            self._open.wait(30)

    def __enter__(self) -> None:
        self._thread.start()
        assert self._held.wait(30)

    def __exit__(self, *_: object) -> None:
        self._open.set()
        self._thread.join()


def test_each_gets_its_own_answer(desk: Desk, factory: Factory) -> None:
    session_id = factory.session(capacity=1, waitlist_open=False).session.id
    futures = [desk.submit(factory.request(each)) for each in (session_id, session_id, UUID(int=1))]
    assert futures[0].result(30).public_status is RegistrationStatus.confirmed
    with pytest.raises(SessionFull):
        futures[1].result(30)
    with pytest.raises(NotFound):
        futures[2].result(30)


def test_what_waits_is_one_transaction(process: Process, desk: Desk, factory: Factory) -> None:
    session_id = factory.session(capacity=100).session.id
    commits: list[object] = []

    def note(connection: sa.Connection) -> None:
        commits.append(connection)

    with Door(process):
        sa.event.listen(process.engines.write, "commit", note)
        futures = [desk.submit(factory.request(session_id)) for _ in range(100)]
    assert {future.result(30).public_status for future in futures} == {RegistrationStatus.confirmed}
    sa.event.remove(process.engines.write, "commit", note)
    assert len(commits) <= 3  # the door's, what came first, all the others


def test_an_answer_comes_after_the_commit(process: Process, desk: Desk, factory: Factory) -> None:
    session_id = factory.session().session.id
    seen: list[int] = []

    def look(future: Future[Registered]) -> None:
        with process.read() as work:
            seen.append(work.db.scalar(sa.select(sa.func.count()).select_from(Registration)) or 0)

    future = desk.submit(factory.request(session_id))
    future.add_done_callback(look)
    future.result(30)
    desk.close()
    assert seen == [1]


def test_a_request_that_breaks_the_transaction_fails_alone(process: Process, desk: Desk, factory: Factory) -> None:
    session_id = factory.session(capacity=100).session.id
    broken: Any = object()
    with Door(process):
        desk.submit(factory.request(session_id))
        futures = [desk.submit(factory.request(session_id)) for _ in range(5)]
        bad = desk.submit(factory.request(session_id, source={"utm_source": broken}))  # no JSON
        futures += [desk.submit(factory.request(session_id)) for _ in range(5)]
    assert {future.result(30).public_status for future in futures} == {RegistrationStatus.confirmed}
    with pytest.raises((TypeError, sa.exc.StatementError)):
        bad.result(30)


def test_a_full_queue_asks_to_come_back_and_loses_nobody(
    process: Process, desk: Desk, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "LONGEST_QUEUE", 10)
    session_id = factory.session(capacity=100).session.id
    taken, refused = [], 0
    with Door(process):
        for _ in range(30):  # the writer holds a batch of its own besides the ten that wait
            try:
                taken.append(desk.submit(factory.request(session_id)))
            except Busy:
                refused += 1
    assert {future.result(30).public_status for future in taken} == {RegistrationStatus.confirmed}
    assert refused + len(taken) == 30
    assert 10 <= len(taken) <= 20


def test_closing_serves_who_waits_and_takes_nobody_else(process: Process, factory: Factory) -> None:
    desk = Desk(process)
    session_id = factory.session(capacity=100).session.id
    with Door(process):
        futures = [desk.submit(factory.request(session_id)) for _ in range(20)]
        closing = threading.Thread(target=desk.close)
        closing.start()
    closing.join()
    assert all(future.done() for future in futures)
    with pytest.raises(Busy) as busy:
        desk.submit(factory.request(session_id))
    assert busy.value.facts == {"retry_after": 3}


def test_an_answer_that_nobody_waits_for_ends_nothing(process: Process, desk: Desk, factory: Factory) -> None:
    session_id = factory.session().session.id
    with Door(process):
        desk.submit(factory.request(session_id))
        assert desk.submit(factory.request(session_id)).cancel()
        later = desk.submit(factory.request(session_id))
    assert later.result(30).scheduled.session.seats_taken == 3  # what was decided stands


def run(work: Coroutine[object, object, Result]) -> Result:
    """In an event loop of its own thread: the main one may have a loop already, as a browser's driver leaves one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(60)


def test_an_event_loop_waits_without_blocking(desk: Desk, factory: Factory) -> None:
    session_id = factory.session(capacity=5).session.id

    async def register_some() -> list[RegistrationStatus]:
        answers = await asyncio.gather(*(desk.register(factory.request(session_id)) for _ in range(8)))
        return [answer.public_status for answer in answers]

    said = run(register_some())
    assert said == [RegistrationStatus.confirmed] * 5 + [RegistrationStatus.waitlisted] * 3


def test_a_client_that_went_away_keeps_what_was_decided(process: Process, desk: Desk, factory: Factory) -> None:
    session_id = factory.session().session.id

    async def register_and_leave() -> None:
        with Door(process):
            waiting = asyncio.create_task(desk.register(factory.request(session_id)))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    run(register_and_leave())
    desk.close()
    with process.read() as work:
        statuses = list(work.db.scalars(sa.select(Registration.status)))  # type: ignore[call-overload]
    assert statuses == [RegistrationStatus.confirmed]


def test_an_event_loop_is_woken_once_for_all_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever went away, or waits in a thread, gets in nobody's way."""
    refusals = [SessionFull(), NotFound(), Busy(retry_after=1)]

    async def hand_out() -> list[BaseException | None]:
        loop = asyncio.get_running_loop()
        woken, wake = [], loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *call: woken.append(call) or wake(*call))
        waiting: list[asyncio.Future[Registered]] = [loop.create_future() for _ in range(3)]
        elsewhere: Future[Registered] = Future()
        waiting[1].cancel()
        both = [*zip(waiting, refusals, strict=True), (elsewhere, SessionFull())]
        await asyncio.to_thread(desk_module._hand_out, both)
        assert [len(call[1]) for call in woken if call[0] is desk_module._answer] == [3]
        assert isinstance(elsewhere.exception(0), SessionFull)
        await asyncio.sleep(0)
        return [waiting[place].exception() for place in (0, 2)]

    assert run(hand_out()) == [refusals[0], refusals[2]]


@pytest.mark.parametrize(("error", "tries"), [(TookTooLong(retry_after=5), 1), (RuntimeError("one is bad"), 4)])
def test_a_batch_that_waited_too_long_does_not_wait_once_for_each(
    desk: Desk, factory: Factory, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int
) -> None:
    """The second case is the control: what may be one request's own fault is tried one by one."""
    tried = []

    def fail(requests: Sequence[RegistrationRequest]) -> None:
        tried.append(len(requests))
        raise error

    monkeypatch.setattr(desk, "_commit", fail)
    session_id = factory.session().session.id
    outcomes = desk._decide([factory.request(session_id) for _ in range(3)])
    assert outcomes == [error] * 3
    assert len(tried) == tries
