"""The desk: where all registrations of a process queue, so that whatever waits becomes one transaction.

A hot session's row is locked until the commit has reached the disk; one transaction per request makes everybody wait
for everybody's disk. One writer thread takes whatever queued while the last commit was under way: no timer, no added
wait, a single request is a batch of one. docs/explanation/figures.md says what that is worth.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

import structlog

from webinars.errors import Busy
from webinars.services.registering import Outcome, Registered, RegistrationRequest, register
from webinars.work import Process

LARGEST_BATCH = 128
LONGEST_QUEUE = 4000
RETRY_AFTER = 3
"""Seconds that somebody turned away at a full queue is asked to wait."""
_log = structlog.get_logger()

_Waiting = Future[Registered] | asyncio.Future[Registered]


class Desk:
    """One per process. Any thread may submit; one thread writes."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._waiting: deque[tuple[RegistrationRequest, _Waiting]] = deque()
        self._something = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="desk", daemon=True)
        self._thread.start()

    def submit(self, request: RegistrationRequest) -> Future[Registered]:
        """Queue a request. The future answers after the commit, with what was decided or the refusal.

        Raises:
            Busy: if the queue is full or the process is ending.
        """
        future: Future[Registered] = Future()
        self._enqueue(request, future)
        return future

    async def register(self, request: RegistrationRequest) -> Registered:
        """`submit` for an event loop."""
        answer: asyncio.Future[Registered] = asyncio.get_running_loop().create_future()
        self._enqueue(request, answer)
        return await answer

    def close(self) -> None:
        """Serve all who wait, then end."""
        with self._something:
            self._closing = True
            self._something.notify()
        self._thread.join()

    def _enqueue(self, request: RegistrationRequest, future: _Waiting) -> None:
        with self._something:
            if self._closing or len(self._waiting) >= LONGEST_QUEUE:
                raise Busy(retry_after=RETRY_AFTER)
            self._waiting.append((request, future))
            self._something.notify()

    def _serve(self) -> None:
        while True:
            with self._something:
                while not self._waiting and not self._closing:
                    self._something.wait()
                if not self._waiting:
                    return
                size = min(len(self._waiting), LARGEST_BATCH)
                batch = [self._waiting.popleft() for _ in range(size)]
            outcomes = self._decide([request for request, _ in batch])
            _hand_out([(future, outcome) for (_, future), outcome in zip(batch, outcomes, strict=True)])

    def _decide(self, requests: Sequence[RegistrationRequest]) -> Sequence[Outcome | Exception]:
        """All in one transaction; if that fails, one by one, so that one bad request cannot fail its neighbours."""
        try:
            return self._commit(requests)
        except Busy as busy:  # each would wait as long again
            return [busy] * len(requests)
        except Exception as error:  # noqa: BLE001 - whatever it is, its sender must get an answer
            if len(requests) == 1:
                _log.warning("desk.failed", error=type(error).__name__)
                return [error]
            return [self._decide([request])[0] for request in requests]

    def _commit(self, requests: Sequence[RegistrationRequest]) -> Sequence[Outcome]:
        with self._process.work() as work:
            return register(work, requests, self._process.clock.now())


def _hand_out(answers: Sequence[tuple[_Waiting, Outcome | Exception]]) -> None:
    """Each gets its answer. An event loop is woken once for all of its own: for each it would cost more than to answer
    them."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Registered], Outcome | Exception]]] = {}
    for future, outcome in answers:
        if isinstance(future, asyncio.Future):
            by_loop.setdefault(future.get_loop(), []).append((future, outcome))
        elif future.set_running_or_notify_cancel():  # else nobody waits for it any more; what was decided stands
            _set(future, outcome)
    for loop, own in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(_answer, own)


def _answer(answers: Sequence[tuple[asyncio.Future[Registered], Outcome | Exception]]) -> None:
    for future, outcome in answers:
        if not future.cancelled():  # the client went away; what was decided stands
            _set(future, outcome)


def _set(future: _Waiting, outcome: Outcome | Exception) -> None:
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
