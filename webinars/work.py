"""A process and its transactions. This is the only place that commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from webinars.clock import Clock, ShiftedClock, SystemClock
from webinars.db import DbSession, Engines
from webinars.errors import Busy
from webinars.gateways.mail import MailTransport, mail_transport
from webinars.rules.rates import TurnedAway
from webinars.settings import Settings
from webinars.vault import Vault

LONGEST_TURN_S = 30.0
"""How long a writer waits for its turn: as long as SQLite itself would wait for another process."""


class Process:
    """What lives as long as the program: settings, database, clock, vault and the ways to the outside world."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, mail: MailTransport | None = None) -> None:
        self.settings = settings
        self.clock = clock or _clock(settings)
        self.engines = Engines(settings.database_url.get_secret_value(), pool_size=settings.database_pool)
        previous = settings.previous_secret_key
        self.vault = Vault(settings.secret(), previous.get_secret_value() if previous else None)
        self.mail = mail or mail_transport(settings.mail_url.get_secret_value(), captured_in=settings.var_dir / "mail")
        self.scheduler_wanted = threading.Event()
        """Set after a commit that leaves something for the scheduler to do at once."""
        self.turned_away = TurnedAway()
        self.write_turn = threading.Lock() if self.engines.is_sqlite else None
        """SQLite lets one writer in; the others sleep and poll for it. In one process they take turns here instead."""

    def work(self) -> Work:
        """A transaction that may change something; it commits when its block ends well."""
        return Work(self)

    def read(self) -> ReadWork:
        """A transaction that changes nothing."""
        return ReadWork(self)

    def close(self) -> None:
        self.mail.close()
        self.engines.dispose()


class ReadWork:
    """One consistent look at the database. It begins with the first use of `db`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.settings = process.settings
        self.vault = process.vault
        self._db: DbSession | None = None

    @property
    def db(self) -> DbSession:
        """The database handle."""
        if self._db is None:
            self._db = self._open()
        return self._db

    def _open(self) -> DbSession:
        return DbSession(self.process.engines.read.execution_options(postgresql_readonly=True), expire_on_commit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._db is not None:
            self._db.close()


class Work(ReadWork):
    """One transaction: all of it happens, or none.

    A writer's turn is taken at the first use, not at the beginning: a request that still waits for its body, or for a
    thread to run in, holds nobody up.
    """

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self._after_commit: list[Callable[[], object]] = []

    def _open(self) -> DbSession:
        turn = self.process.write_turn
        if turn is not None and not turn.acquire(timeout=LONGEST_TURN_S):
            raise Busy(retry_after=1)
        return DbSession(self.process.engines.write, expire_on_commit=False)

    def after_commit(self, deed: Callable[[], object]) -> None:
        """Have something done as soon as this is committed, and only then: it may rely on what was written."""
        self._after_commit.append(deed)

    def wake_scheduler(self) -> None:
        """Ask for the scheduler; before the commit it would find nothing."""
        self.after_commit(self.process.scheduler_wanted.set)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._db is None:
            return
        try:
            if kind is None:
                self._db.commit()
        finally:
            try:
                self._db.close()
            finally:
                if self.process.write_turn is not None:
                    self.process.write_turn.release()
        if kind is None:
            for deed in self._after_commit:
                deed()


def _clock(settings: Settings) -> Clock:
    return ShiftedClock(settings.testing_now) if settings.testing_now else SystemClock()
