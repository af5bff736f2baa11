"""Tells schedulers in other processes that there is something to do, over PostgreSQL's NOTIFY.

It is sent after the commit and over a connection of its own: inside the transaction it would cost registrations three
commits of four, for PostgreSQL lets only one transaction that notifies commit at a time. Nothing depends on it: whoever
does not hear it looks again within a second. Behind PgBouncer in transaction mode nobody hears anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import sqlalchemy as sa
import structlog

CHANNEL = "webinars_wake"
MOST_OFTEN_S = 0.05
"""What happens within that time after a call is told with the next one: 20 calls a second at most."""
_LISTEN_S = 1.0
_AGAIN_S = 5.0
_log = structlog.get_logger()


class Bell:
    """Rings for the schedulers of other processes. One per process; safe to use from several threads."""

    def __init__(self, url: sa.URL) -> None:
        self._conninfo = _conninfo(url)
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.rung = 0
        """How often it was heard by the database."""

    def ring(self) -> None:
        """Returns at once: a thread of its own, begun when first needed, does the talking."""
        self._wanted.set()
        if self._thread is None:
            with self._lock:
                if not self._has_begun() and not self._closing.is_set():
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _has_begun(self) -> bool:
        """Asked again below the lock: two threads may have seen that there was none."""
        return self._thread is not None

    def close(self) -> None:
        """Ends the thread and its connection."""
        self._closing.set()
        self._wanted.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(_AGAIN_S)

    def _run(self) -> None:
        connection: psycopg.Connection | None = None
        while True:
            self._wanted.wait()
            if self._closing.is_set():
                break
            self._wanted.clear()
            try:
                if connection is None or connection.closed:
                    connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)
                connection.execute(f"NOTIFY {CHANNEL}")
                self.rung += 1
            except psycopg.Error as error:  # a database that is away has nobody to wake either
                _log.warning("bell.not_rung", error=type(error).__name__)
                _close(connection)
                connection = None
            self._closing.wait(MOST_OFTEN_S)
        _close(connection)


class Listener:
    """Hears the bells of other processes. One per scheduler."""

    def __init__(self, url: sa.URL, heard: Callable[[], object]) -> None:
        """
        Args:
            heard: called for each bell, and once when listening begins: who knows what was missed.
        """
        self._conninfo = _conninfo(url)
        self._heard = heard
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self.is_listening = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends within a second or so; nobody need wait for it."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                _log.warning("listener.deaf", error=type(error).__name__)
            self.is_listening.clear()
            self._stopping.wait(_AGAIN_S)

    def _listen(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self.is_listening.set()
            self._heard()
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=_LISTEN_S, stop_after=1):
                    self._heard()


def _conninfo(url: sa.URL) -> str:
    """As libpq takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _close(connection: psycopg.Connection | None) -> None:
    if connection is not None:
        connection.close()
