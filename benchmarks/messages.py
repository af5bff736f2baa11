"""Due reminders until they are handed to an SMTP server, beside a bare loop that sends ready-made bytes to it."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.data import add_registrations, add_sessions, apart, database, present, process_on
from benchmarks.report import Row
from benchmarks.servers import free_port
from scheduler.loop import Scheduler
from webinars.gateways.mail import mail_transport
from webinars.queries.messages import count_by_state
from webinars.tables import Message
from webinars.tables.base import core
from webinars.terms import MessageState

CONNECTIONS = 5


def measure(name: str, folder: Path, *, rounds: int, count: int) -> Row:
    """Messages per second: planned, claimed, looked at once more, composed, sent and completed one by one."""
    ours: list[float] = []
    raw: list[float] = []
    with _sink() as port:
        for number in range(rounds):
            if number % 2:
                raw.append(count / apart(_send_bare, port, count))
            ours.append(count / _drain_once(name, folder, port, count))
            if not number % 2:
                raw.append(count / apart(_send_bare, port, count))
    note = f"{count:,} reminders, one worker, {CONNECTIONS} connections"
    return Row(f"due messages, {name}", "/s", ours, raw, note)


def _drain_once(name: str, folder: Path, port: int, count: int) -> float:
    now = present()
    with database(name, folder) as url:
        _make_due(url, folder, now, count)
        return apart(_drain, url, folder, now, port, count)


def _make_due(url: str, folder: Path, now: datetime, count: int) -> None:
    """A session whose reminder falls due an hour from `now`, with everybody registered and confirmations long gone."""
    with process_on(url, folder, now) as process:
        session_id = add_sessions(process, 1, capacity=count, starts_in=timedelta(hours=2))[0]
        add_registrations(process, session_id, count)
        with process.work() as work:
            work.db.execute(sa.delete(core(Message)))


def _drain(url: str, folder: Path, now: datetime, port: int, count: int) -> float:
    with process_on(url, folder, now) as process:
        process.mail = mail_transport(f"smtp://127.0.0.1:{port}", captured_in=folder)
        scheduler = Scheduler(process)
        started = time.perf_counter()
        scheduler.tick(now + timedelta(hours=1))
        seconds = time.perf_counter() - started
        scheduler.stop()
        with process.read() as work:
            assert count_by_state(work.db) == {MessageState.sent: count}, "not all were sent"
    return seconds


def _send_bare(port: int, count: int) -> float:
    body = b"Subject: In 1 hour: Your webinar\r\n\r\n" + b"x" * 70 + b"\r\n"
    body += (b"y" * 70 + b"\r\n") * 60  # as long as a composed reminder

    def send(share: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as connection:
            for _ in range(share):
                connection.sendmail("webinars@clinic.example", "ana@mail.example", body)

    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, [count // CONNECTIONS] * CONNECTIONS))
    return time.perf_counter() - started


@contextmanager
def _sink() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink", str(port)], cwd=Path(__file__).parent.parent)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=1).quit()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the sink did not start")
