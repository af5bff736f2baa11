"""A mail server that is silent, hangs up or says no at each stage of a delivery: what the ledger says, and what comes
of it once the server behaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.loop import Scheduler
from tests.conftest import make_settings
from tests.factories import Factory
from tests.support.scripted_smtp import DROP, SILENT, ScriptedServer
from webinars.gateways.smtp import SmtpServer, SmtpTransport
from webinars.services import transports
from webinars.tables import Message
from webinars.testing import SetClock
from webinars.work import Process

UNTRIED = ("planned", None, 0)
"""It is the server's fault: the message keeps its attempts, and the way is left alone for a while."""
TRIED = ("planned", None, 1)
REFUSED = ("failed", "refused", 1)
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")
DEEDS = {
    SILENT: (UNTRIED, UNTRIED, TRIED, TRIED, TRIED, TRIED),
    DROP: (UNTRIED, UNTRIED, TRIED, TRIED, TRIED, TRIED),
    "421 4.3.2 closing": (UNTRIED, UNTRIED, UNTRIED, UNTRIED, UNTRIED, UNTRIED),
    # At MAIL it is we who are not welcome: that says nothing about the message.
    "450 4.2.0 later": (UNTRIED, UNTRIED, UNTRIED, TRIED, TRIED, TRIED),
    "550 5.7.1 no": (UNTRIED, UNTRIED, UNTRIED, REFUSED, REFUSED, REFUSED),
}
CASES = [
    (stage, deed, outcome) for deed, outcomes in DEEDS.items() for stage, outcome in zip(STAGES, outcomes, strict=True)
]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, server: ScriptedServer) -> Iterator[Process]:
    """On the real transport, with little patience."""
    place = SmtpServer(
        "127.0.0.1",
        server.port,
        tls=False,
        connect_seconds=1.0,
        reply_seconds=0.5,
        mail_seconds=4.0,
        dot_seconds=0.5,
    )
    process = Process(make_settings(database_url, tmp_path), clock=clock, mail=SmtpTransport(place))
    yield process
    process.close()


def entry(process: Process) -> tuple[str, str | None, int]:
    with process.read() as work:
        (message,) = work.db.scalars(sa.select(Message))
        return message.state.value, message.reason, message.attempts


@pytest.mark.long
@pytest.mark.parametrize(("stage", "deed", "outcome"), CASES)
def test_trouble_at_a_stage(
    process: Process,
    factory: Factory,
    clock: SetClock,
    server: ScriptedServer,
    stage: str,
    deed: str,
    outcome: tuple[str, str | None, int],
) -> None:
    factory.registration(factory.session().session.id)
    scheduler = Scheduler(process)
    server.stage, server.deed = stage, deed
    scheduler.tick(clock.now())
    assert entry(process) == outcome
    came_before = len(server.mails)
    assert came_before == (1 if stage == "dot" else 0)
    server.behave()
    clock.advance(timedelta(minutes=10))
    scheduler.tick(clock.now())
    scheduler.stop()
    if outcome == REFUSED:
        assert entry(process) == REFUSED  # once and for all
        assert len(server.mails) == came_before
        return
    assert entry(process) == ("sent", None, outcome[2] + 1)
    assert len(server.mails) == came_before + 1
    assert len({message_from_bytes(raw)["Message-ID"] for raw in server.mails}) == 1
    if came_before and outcome != UNTRIED:  # the server may have it: what comes again is the same mail byte for byte
        assert server.mails[0] == server.mails[1]


@pytest.mark.parametrize(
    ("stage", "deed"),
    [
        *product(["MAIL", "RCPT", "DATA", "dot"], [SILENT, DROP]),
        ("RCPT", "451 4.3.0 Temporary lookup failure"),
        ("dot", "452 insufficient storage"),
    ],
)
def test_a_server_that_hangs_over_everybody_is_left_alone_and_nobody_pays(
    process: Process, factory: Factory, clock: SetClock, server: ScriptedServer, stage: str, deed: str
) -> None:
    """Over one (above) it may be that one's doing, and costs an attempt; over three in a row the breaker opens. So does
    what a server says of itself."""
    session_id = factory.session().session.id
    for _ in range(12):
        factory.registration(session_id)
    scheduler = Scheduler(process)
    server.stage, server.deed = stage, deed
    scheduler.tick(clock.now())
    with process.read() as work:
        (way,) = transports.list_transports(work)
        assert (way.failures, way.paused_until is not None) == (1, True)
        rows = work.db.execute(sa.text("SELECT state, attempts FROM messages"))
        assert {tuple(row) for row in rows} == {("planned", 0)}
    tried = server.tried
    assert 3 <= tried <= 12
    clock.advance(timedelta(seconds=20))
    scheduler.tick(clock.now())
    assert server.tried == tried
    server.behave()
    clock.advance(timedelta(minutes=1))
    scheduler.tick(clock.now())
    scheduler.stop()
    with process.read() as work:
        rows = work.db.execute(sa.text("SELECT state, attempts FROM messages"))
        assert {tuple(row) for row in rows} == {("sent", 1)}


def test_what_is_useless_when_the_server_behaves_again_is_missed(
    process: Process, factory: Factory, clock: SetClock, server: ScriptedServer
) -> None:
    session = factory.session(starts_in=timedelta(minutes=40), minutes=30).session
    factory.registration(session.id)
    with process.work() as work:  # the reminders have mails of their own
        work.db.execute(sa.text("DELETE FROM reminders"))
        work.db.execute(sa.text("DELETE FROM reminder_rules"))
    scheduler = Scheduler(process)
    server.stage, server.deed = "RCPT", "450 4.2.0 later"
    scheduler.tick(clock.now())
    server.behave()
    clock.set(session.ends_at)
    scheduler.tick(clock.now())
    scheduler.stop()
    assert entry(process)[:2] == ("missed", "expired")
    assert server.mails == []
