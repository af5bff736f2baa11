"""From a registration's commit until its mail has arrived at a mail server, beside a bare hand-over of ready bytes.

On PostgreSQL the mail is sent by another process, which a NOTIFY wakes; on SQLite by the scheduler in the same process.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from benchmarks.data import add_sessions, database, present, process_on
from benchmarks.report import Row
from benchmarks.servers import environment
from scheduler.loop import Scheduler
from tests.support.smtp import SmtpSink
from webinars.clock import SystemClock
from webinars.gateways.mail import mail_transport
from webinars.services import registering
from webinars.services.registering import RegistrationRequest
from webinars.work import Process

PAUSE_S = 0.15
"""Between registrations: an idle clinic, not a storm."""


def measure(name: str, folder: Path, *, rounds: int, count: int = 40) -> Row:
    """Milliseconds until 95 of 100 mails have arrived, over all rounds; the median is in the note."""
    ours: list[float] = []
    raw: list[float] = []
    medians: list[float] = []
    with SmtpSink() as sink, database(name, folder) as url, process_on(url, folder, present()) as process:
        process.mail, process.clock = mail_transport(sink.url, captured_in=folder), SystemClock()
        session_id = add_sessions(process, 1, capacity=rounds * count + count, starts_in=timedelta(days=2))[0]
        with _scheduler(name, process, url, folder, sink):
            _arrivals(process, sink, session_id, 3, "warm-up")  # connections are made, code is loaded
            for number in range(rounds):
                waits = _arrivals(process, sink, session_id, count, f"round{number}")
                ours.append(_share(waits, 0.95))
                medians.append(_share(waits, 0.5))
                raw.append(_share(_bare(sink, count), 0.95))
    note = f"p95 of {count} at rest; p50 {_share(medians, 0.5):.0f} ms"
    return Row(f"commit to arrival, {name}", "ms", ours, raw, note)


def _arrivals(process: Process, sink: SmtpSink, session_id: UUID, count: int, prefix: str) -> list[float]:
    waits = []
    for number in range(count):
        request = RegistrationRequest(
            session_id=session_id,
            email=f"{prefix}-{number}@mail.example",
            name="Ana Example",
            timezone="America/Denver",
        )
        arrived = len(sink.mails)
        with process.work() as work:
            registering.register(work, [request], present())
        committed = time.perf_counter()
        sink.wait_for(arrived + 1, 30)
        waits.append((time.perf_counter() - committed) * 1000)
        time.sleep(PAUSE_S)
    return waits


def _bare(sink: SmtpSink, count: int) -> list[float]:
    """What a mail costs that is ready, over a connection that is open."""
    waits = []
    body = b"Subject: Confirmed\r\n\r\n" + (b"y" * 70 + b"\r\n") * 200
    with smtplib.SMTP("127.0.0.1", sink.port) as connection:
        for _ in range(count):
            arrived, started = len(sink.mails), time.perf_counter()
            connection.sendmail("webinars@clinic.example", "ana@mail.example", body)
            sink.wait_for(arrived + 1)
            waits.append((time.perf_counter() - started) * 1000)
    return waits


@contextmanager
def _scheduler(name: str, process: Process, url: str, folder: Path, sink: SmtpSink) -> Iterator[None]:
    """On PostgreSQL a `webinars work` of its own; on SQLite a thread, as `webinars serve` has it."""
    if name == "SQLite":
        scheduler = Scheduler(process)
        thread = threading.Thread(target=scheduler.run)
        thread.start()
        try:
            yield
        finally:
            scheduler.stop()
            thread.join()
        return
    env = environment(url, folder, WEBINARS_MAIL_URL=sink.url)
    command = [sys.executable, "-m", "webinars", "work"]
    worker = subprocess.Popen(command, env={**os.environ, **env}, cwd=Path(__file__).parent.parent)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(30)


def _share(values: list[float], share: float) -> float:
    """What this share of the values does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
