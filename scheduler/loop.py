"""The heartbeat: everything that is due now, then a pause until there may be more."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import structlog

from scheduler.jobs import alerts, follow_ups, messages, reminders, retention, waitlist_offers, zones
from webinars.clock import FORWARD_JUMP, JumpWatch, Present
from webinars.services import health
from webinars.services.claims import LEASE
from webinars.services.delivery import Sender
from webinars.work import Process

PAUSE_SECONDS = 1.0
_EVERY_MINUTE = timedelta(minutes=1)
_EVERY_HOUR = timedelta(hours=1)
_EVERY_DAY = timedelta(days=1)
_BEAT = timedelta(seconds=10)
_SENDING_FOR = timedelta(seconds=5)
_log = structlog.get_logger()


@dataclass(slots=True)
class Scheduler:
    """One scheduler process, or the part of a `serve` process that is one. Any number may run: none is the leader."""

    process: Process
    sender: Sender = field(init=False)
    worker_id: UUID = field(default_factory=uuid4)
    _last: dict[str, datetime] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watch: JumpWatch = field(default_factory=JumpWatch)

    def __post_init__(self) -> None:
        self.sender = Sender(self.process)

    def tick(self, now: datetime, *, sending_for: timedelta | None = None) -> int:
        """Do all that is due at `now`. Every step may be done by several workers at once, or again after a crash.

        Args:
            now: the present moment.
            sending_for: leave what has not been sent after this time to the next tick.

        Returns:
            How many steps there were, messages included.

        Raises:
            ExceptionGroup: of what went wrong, once every job has had its turn.
        """
        troubles: list[Exception] = []
        # A job may take minutes, and what the next one leases must not be over as it begins.
        present = Present(self.process.clock, now)
        steps = sum(_try(partial(job, present.now()), troubles) for job in self._jobs(now, sending_for))
        if not troubles:
            self.process.tally.note_tick(present.now())
        if self._is_time("beat", _BEAT, now):
            _try(partial(self._beat, present.now()), troubles)
        if troubles:
            raise ExceptionGroup("jobs failed", troubles)
        return steps

    def _jobs(self, now: datetime, sending_for: timedelta | None) -> Iterator[Callable[[datetime], int]]:
        """What has its turn at `now`, in order: what earlier jobs plan, the last one sends."""
        if self._is_time("reconcile", _EVERY_MINUTE, now):
            yield partial(messages.pull_in, self.process)
            yield partial(messages.expire, self.process)
            yield partial(reminders.reconcile, self.process)
            yield partial(waitlist_offers.serve, self.process)
            yield partial(alerts.run, self.process)
        if self._is_time("zones", _EVERY_DAY, now):
            yield partial(zones.retime, self.process)
        if self._is_time("clearing", _EVERY_DAY, now):
            yield partial(retention.clear, self.process)
        if self._is_time("retention", _EVERY_HOUR, now):
            yield partial(retention.run, self.process)
            yield partial(alerts.ask_consenting, self.process)
        yield partial(waitlist_offers.end_offers, self.process)
        yield partial(reminders.run, self.process)
        yield partial(follow_ups.run, self.process)
        if self._watch.ahead(self.process.clock.now()) <= FORWARD_JUMP:  # else the next tick waits for leases to end
            yield partial(self.sender.send_due, for_at_most=sending_for)

    def _beat(self, now: datetime) -> int:
        with self.process.work() as work:
            health.beat(work, self.worker_id, f"{platform.node()}:{os.getpid()}", now)
        return 0

    def run(self) -> None:
        """Tick until `stop`. What goes wrong in one tick is logged and tried again in the next."""
        threading.Thread(target=self._keep_beating, name="beat", daemon=True).start()
        with self._listening():
            self._keep_ticking()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hear of what other processes commit; who hears nothing looks again within a second."""
        if self.process.engines.is_sqlite:
            yield
            return
        from webinars.wakeup import Listener  # noqa: PLC0415 - SQLite does without PostgreSQL's driver

        listener = Listener(self.process.engines.write.url, self.process.scheduler_wanted.set)
        listener.start()
        try:
            yield
        finally:
            listener.stop()

    def _keep_ticking(self) -> None:
        while not self._stopping.is_set():
            self.process.scheduler_wanted.clear()
            now = self.process.clock.now()
            if (jump := self._watch.jumped(now)) > FORWARD_JUMP:
                # By the new time the leases of whoever is sending beside us seem to have run out.
                _log.warning("scheduler.clock_jump", seconds=round(jump.total_seconds()))
                self._rest(LEASE.total_seconds())
                continue
            try:
                steps = self.tick(now, sending_for=_SENDING_FOR)
            except ExceptionGroup as troubles:  # a database that is away for a moment must not end the scheduler
                for error in troubles.exceptions:
                    _log.error("scheduler.job_failed", **_named(error))
                self._stopping.wait(PAUSE_SECONDS)
            else:
                self.process.scheduler_wanted.wait(0 if steps else PAUSE_SECONDS)

    def _rest(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _keep_beating(self) -> None:
        """A mail server that hangs holds up a tick, but a scheduler that waits for it is alive."""
        while not self._stopping.wait(_BEAT.total_seconds()):
            try:
                self._beat(self.process.clock.now())
            except Exception as error:  # noqa: BLE001 - the next beat may come through
                _log.warning("scheduler.beat_failed", **_named(error))

    def stop(self) -> None:
        """End after what is being sent; the rest goes back to the ledger."""
        self._stopping.set()
        self.process.scheduler_wanted.set()
        self.sender.stop()

    def _is_time(self, job: str, every: timedelta, now: datetime) -> bool:
        last = self._last.get(job)
        if last is not None and abs(now - last) < every:
            return False
        self._last[job] = now
        return True


def _named(error: Exception) -> dict[str, str]:
    """What a log may say of an error: its words may hold what a row holds."""
    return {"error": type(error).__name__, "sqlstate": getattr(getattr(error, "orig", None), "sqlstate", None) or ""}


def _try(job: Callable[[], int], troubles: list[Exception]) -> int:
    """How many steps it took; 0 if something went wrong, which is added to the troubles."""
    try:
        return job()
    except Exception as error:  # noqa: BLE001 - what is wrong with one job must not hold up the others
        troubles.append(error)
        return 0
