"""A process and its transactions. This is the only place that commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import sqlalchemy as sa

from webinars.clock import Clock, ShiftedClock, SystemClock
from webinars.db import DbSession, Engines
from webinars.errors import Busy
from webinars.gateways.mail import MailTransport, mail_transport
from webinars.gateways.provider_reports import Sns
from webinars.gateways.short_texts import TextTransport, text_transport
from webinars.rules.branding import KeptBrand
from webinars.rules.rates import TurnedAway
from webinars.settings import Settings
from webinars.tally import Tally
from webinars.vault import Vault

if TYPE_CHECKING:
    from webinars.wakeup import Bell

Found = TypeVar("Found")
LONGEST_TURN_S = 30.0
"""How long a writer waits for its turn: as long as SQLite itself would wait for another process."""


class Process:
    """What lives as long as the program: settings, database, clock, vault and the ways to the outside world."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        mail: MailTransport | None = None,
        texts: TextTransport | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or _clock(settings)
        self.engines = Engines(settings.database_url.get_secret_value(), pool_size=settings.database_pool)
        previous = settings.previous_secret_key
        self.vault = Vault(settings.secret(), previous.get_secret_value() if previous else None)
        self.mail = mail or mail_transport(settings.mail_url.get_secret_value(), captured_in=settings.var_dir / "mail")
        self.texts = texts or text_transport(
            settings.message_webhook_url.get_secret_value(),
            settings.message_webhook_secret.get_secret_value(),
            allows_private=settings.message_webhook_private,
        )
        self.sns = Sns()
        self.scheduler_wanted = threading.Event()
        """Set after a commit that leaves something for the scheduler to do at once."""
        self.bell = _bell(self.engines)
        """Rings for the schedulers of other processes; None on SQLite, where there are none worth waking."""
        self.turned_away = TurnedAway()
        self.brand = KeptBrand()
        self.tally = Tally()
        self.write_turn = threading.Lock() if self.engines.is_sqlite else None
        """SQLite lets one writer in; the others sleep and poll for it. In one process they take turns here instead."""

    def work(self) -> Work:
        """A transaction that may change something; it commits when its block ends well."""
        return Work(self)

    def read(self) -> ReadWork:
        """A transaction that changes nothing."""
        return ReadWork(self)

    def until_done(self, step: Callable[[Work], int]) -> int:
        """Take a step again and again, each time in a transaction of its own, until it does nothing more.

        Args:
            step: returns how much it has done.

        Returns:
            How much was done in all.
        """
        done = 0
        while True:
            with self.work() as work:
                count = step(work)
            if not count:
                return done
            done += count

    def wake_schedulers(self) -> None:
        """Have what was just committed looked at, in this process and in others."""
        self.scheduler_wanted.set()
        if self.bell is not None:
            self.bell.ring()

    def close(self) -> None:
        if self.bell is not None:
            self.bell.close()
        self.mail.close()
        if self.texts is not None:
            self.texts.close()
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
        self.after_commit(self.process.wake_schedulers)

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


class KeptWork:
    """Single statements that follow upon each other, each a transaction of its own, over a connection that is kept:
    what a handle and a connection from the pool cost each time is a third of what it takes to send a mail. For one
    thread at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._connection: sa.Connection | None = None

    def run(self, statement: Callable[[sa.Connection], Found]) -> Found:
        """Run one statement, and commit it. After an error the next one gets a new connection.

        Raises:
            Busy: if other writers of this process would not let us in.
        """
        turn = self._process.write_turn
        if turn is not None and not turn.acquire(timeout=LONGEST_TURN_S):
            raise Busy(retry_after=1)
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.begin():
                return statement(self._connection)
        except BaseException:
            self.close()
            raise
        finally:
            if turn is not None:
                turn.release()

    def _connect(self) -> sa.Connection:
        connection = self._process.engines.write.connect()
        if self._process.engines.is_sqlite:
            return connection
        # PostgreSQL commits a statement without being told to: one way there and back instead of three.
        return connection.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Gives the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _bell(engines: Engines) -> Bell | None:
    if engines.is_sqlite:
        return None
    from webinars.wakeup import Bell  # noqa: PLC0415 - the driver takes time to load, which SQLite does without

    return Bell(engines.write.url)


def _clock(settings: Settings) -> Clock:
    return ShiftedClock(settings.testing_now) if settings.testing_now else SystemClock()
