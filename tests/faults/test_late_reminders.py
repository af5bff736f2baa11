"""Nobody was there to send for two hours: what still helps goes out, what does not is recorded as missed."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.loop import Scheduler
from tests.factories import Factory
from webinars.gateways.mail import MailTransportDown
from webinars.rules.transports import LONGEST_PAUSE
from webinars.services import health, reminder_ledger, transports
from webinars.tables import Message, Transport
from webinars.terms import MessageKind, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

OUTAGE = timedelta(hours=2)


@pytest.mark.parametrize(
    ("back", "day", "hour", "minutes", "subjects"),
    [
        pytest.param(timedelta(hours=-23), "sent", "planned", "planned", ["Tomorrow"], id="the day before"),
        pytest.param(
            timedelta(minutes=-50), "sent", "sent", "planned", ["Tomorrow", "In 50 minutes"], id="an hour before"
        ),
        pytest.param(timedelta(minutes=-5), "sent", "missed", "sent", ["Tomorrow", "In 5 minutes"], id="just in time"),
        pytest.param(
            timedelta(seconds=-20), "sent", "missed", "sent", ["Tomorrow", "Starting now"], id="at the last moment"
        ),
        pytest.param(timedelta(), "sent", "missed", "missed", ["Tomorrow"], id="at the start"),
        pytest.param(timedelta(minutes=30), "sent", "missed", "missed", ["Tomorrow"], id="too late"),
    ],
)
def test_after_an_outage_of_two_hours(
    process: Process,
    factory: Factory,
    clock: SetClock,
    mailer: MemoryMailer,
    back: timedelta,
    day: str,
    hour: str,
    minutes: str,
    subjects: list[str],
) -> None:
    session = factory.session(minutes=120).session
    factory.registration(session.id)
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    mailer.mails.clear()
    ticks = [session.starts_at + timedelta(hours=offset) for offset in range(-26, 1)]
    for moment in (moment for moment in ticks if moment < session.starts_at + back - OUTAGE):
        clock.set(moment)
        scheduler.tick(moment)
    clock.set(session.starts_at + back)
    scheduler.tick(clock.now())
    scheduler.stop()
    with process.read() as work:
        items = reminder_ledger.ledger(work, session.id, clock.now(), cursor=None, limit=10).items
    assert [(item.rule, item.state.value) for item in items] == [
        ("24 h before", day),
        ("1 h before", hour),
        ("10 min before", minutes),
        ("5 min after the start, if not there", "planned"),  # nobody has begun
    ]
    assert {item.reason for item in items if item.state is MessageState.missed} <= {"expired"}
    assert [mail.subject.partition(":")[0] for mail in mailer.mails] == subjects


def test_a_reminder_that_was_planned_but_could_not_be_sent_in_time_is_missed(
    process: Process, factory: Factory, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    for offset in (-60, -30):  # planned while the mail server is away
        clock.set(session.starts_at + timedelta(minutes=offset))
        mailer.failures = [MailTransportDown("away")] * 10
        scheduler.tick(clock.now())
    mailer.failures, sent_before = [], len(mailer.mails)
    clock.set(session.starts_at - timedelta(minutes=5))
    scheduler.tick(clock.now())
    scheduler.stop()
    assert [mail.subject.partition(":")[0] for mail in mailer.mails[sent_before:]] == ["In 5 minutes"]
    with process.read() as work:
        rows = work.db.scalars(
            sa.select(Message).where(col(Message.kind) == MessageKind.reminder).order_by(col(Message.due_at))
        )
        assert [(row.state.value, row.reason) for row in rows] == [("missed", "expired"), ("sent", None)]


@pytest.mark.parametrize(
    ("longest", "state"),
    [
        pytest.param(LONGEST_PAUSE, "sent", id=""),
        pytest.param(timedelta(minutes=15), "missed", id="control: a pause longer than it is of use"),
    ],
)
def test_the_last_reminder_goes_out_though_the_server_was_down_for_hours_when_it_fell_due(
    process: Process,
    factory: Factory,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    longest: timedelta,
    state: str,
) -> None:
    """It is of use for ten minutes, and whoever found the server down last does not know of it."""
    monkeypatch.setattr("webinars.rules.transports.LONGEST_PAUSE", longest)
    session = factory.session().session
    factory.registration(session.id)
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    clock.set(session.starts_at - timedelta(minutes=11))
    scheduler.tick(clock.now())
    down = MailTransportDown("away")
    transports.note_down(process, "memory", down, clock.now(), random.Random(1), is_trial=False)
    with process.work() as work:
        work.db.execute(sa.update(Transport).values(failures=100))
    transports.note_down(process, "memory", down, clock.now(), random.Random(1), is_trial=True)
    while clock.now() < session.starts_at:  # the server is back
        clock.advance(timedelta(minutes=1))
        scheduler.tick(clock.now())
    scheduler.stop()
    with process.read() as work:
        query = sa.select(Message).where(col(Message.due_at) == session.starts_at - timedelta(minutes=10))
        assert [row.state.value for row in work.db.scalars(query)] == [state]


@pytest.mark.parametrize("is_looked_for", [True, False], ids=["", "control: nobody looks"])
def test_while_nothing_can_be_sent_what_becomes_useless_is_said_to_be_missed_within_a_minute(
    process: Process,
    factory: Factory,
    clock: SetClock,
    mailer: MemoryMailer,
    monkeypatch: pytest.MonkeyPatch,
    is_looked_for: bool,
) -> None:
    """The breaker lets one message through now and then; the others must not seem to be on their way."""
    if not is_looked_for:
        monkeypatch.setattr("scheduler.jobs.messages.expire", lambda _process, _now: 0)
    session = factory.session().session
    for _ in range(6):
        factory.registration(session.id)
    scheduler = Scheduler(process)
    scheduler.tick(clock.now())
    mailer.failures = [MailTransportDown("away", 503, retry_after=3600)] * 500
    for minutes in range(-12, 2):
        clock.set(session.starts_at + timedelta(minutes=minutes))
        scheduler.tick(clock.now())
    scheduler.stop()
    with process.read() as work:
        query = sa.select(Message).where(col(Message.due_at) == session.starts_at - timedelta(minutes=10))
        said = [(row.state.value, row.reason) for row in work.db.scalars(query)]
        alarms = health.alarms(work, clock.now())
    assert len(said) == 6
    assert (set(said) == {("missed", "expired")}) is is_looked_for
    assert process.tally.figures()["missed"] >= 6 or not is_looked_for
    assert any("useless by now" in alarm for alarm in alarms) or not is_looked_for
