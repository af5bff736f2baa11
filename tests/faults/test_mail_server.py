"""A mail server that is away, refuses, postpones or breaks off: nothing is lost, and a repeat is the same mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.loop import Scheduler
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.smtp import DROP, SmtpSink
from webinars.rules.messages import LAST_TRY
from webinars.tables import Message
from webinars.terms import MessageState
from webinars.testing import SetClock
from webinars.work import Process


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, sink: SmtpSink) -> Iterator[Process]:
    """On the real transport."""
    process = Process(make_settings(database_url, tmp_path, mail_url=sink.url, mail_connections=1), clock=clock)
    yield process
    process.close()


@pytest.fixture
def scheduler(process: Process) -> Iterator[Scheduler]:
    scheduler = Scheduler(process)
    yield scheduler
    scheduler.stop()


def ledger(process: Process) -> list[tuple[MessageState, str | None, int]]:
    with process.read() as work:
        rows = work.db.scalars(sa.select(Message).order_by(sa.text("messages.id")))
        return [(message.state, message.reason, message.attempts) for message in rows]


def tick(scheduler: Scheduler, clock: SetClock, after: timedelta) -> datetime:
    clock.advance(after)
    scheduler.tick(clock.now())
    return clock.now()


def test_what_fell_due_while_the_server_was_away_goes_out_when_it_is_back(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    session_id = factory.session(capacity=100).session.id
    sink.stop()
    for number in range(60):
        factory.registration(session_id, f"person{number:02}@mail.example")
        clock.advance(timedelta(seconds=1))
    for _ in range(8):
        tick(scheduler, clock, timedelta(minutes=15))  # no pause is longer
    assert ledger(process) == [(MessageState.planned, None, 0)] * 60  # what reached nobody is no attempt
    sink.start()
    back = tick(scheduler, clock, timedelta(minutes=15))
    assert ledger(process) == [(MessageState.sent, None, 1)] * 60
    assert all(timedelta() <= mail.dated_at - back < timedelta(minutes=1) for mail in sink.mails)
    in_order = [f"person{number:02}@mail.example" for number in range(60)]
    arrived = [mail.recipient for mail in sink.mails]
    assert sorted(arrived) == in_order
    # The eight that found the server away lined up again behind others: if one was the cause, it holds up nobody.
    assert [recipient for recipient in arrived if recipient not in in_order[:8]] == in_order[8:]


def test_a_server_that_is_away_is_left_alone_for_half_a_minute(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    factory.registration(factory.session().session.id)
    sink.stop()
    tick(scheduler, clock, timedelta())
    sink.start()
    tick(scheduler, clock, timedelta(seconds=23))  # 30 s, less up to a fifth
    assert sink.mails == []
    tick(scheduler, clock, timedelta(seconds=8))
    assert len(sink.mails) == 1


def test_a_refused_recipient_fails_and_holds_up_nobody(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, "nobody@mail.example")
    factory.registration(session_id, "ana@mail.example")
    sink.answers["RCPT"] = ["550 5.1.1 <nobody@mail.example> unknown"]
    tick(scheduler, clock, timedelta())
    assert ledger(process) == [(MessageState.failed, "refused", 1), (MessageState.sent, None, 1)]
    tick(scheduler, clock, timedelta(days=1))
    assert [mail.recipient for mail in sink.mails] == ["ana@mail.example"]
    with process.read() as work:
        said = work.db.scalars(sa.select(Message).order_by(sa.text("messages.id"))).first()
        assert said is not None
        assert said.last_error == "5.1.1 <(address)> unknown"  # no address in what logs and hosts see


def test_a_postponed_mail_comes_later_as_the_same_mail(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    factory.registration(factory.session().session.id)
    sink.answers["DATA"] = ["450 4.2.0 come back later"]
    tick(scheduler, clock, timedelta())
    assert ledger(process) == [(MessageState.planned, None, 1)]
    tick(scheduler, clock, timedelta(seconds=23))  # 30 s, spread by 20 %: not before 24
    assert sink.mails == []
    tick(scheduler, clock, timedelta(seconds=14))
    (mail,) = sink.mails
    assert ledger(process) == [(MessageState.sent, None, 2)]
    assert mail.dated_at == NOW  # the first attempt's


def test_what_a_server_may_have_had_keeps_its_date_over_an_outage(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    """The reply was lost, and then the server is away for hours: the repeat is still the same mail."""
    factory.registration(factory.session().session.id)
    sink.answers["DATA"] = [DROP]
    tick(scheduler, clock, timedelta())
    sink.stop()
    for _ in range(3):
        tick(scheduler, clock, timedelta(hours=1))
    sink.start()
    tick(scheduler, clock, timedelta(hours=1))
    first, repeat = sink.mails
    assert (repeat.raw, repeat.dated_at) == (first.raw, NOW)


def test_a_mail_whose_reply_was_lost_is_repeated_byte_for_byte(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    factory.registration(factory.session().session.id)
    sink.answers["DATA"] = [DROP]
    tick(scheduler, clock, timedelta())
    assert len(sink.mails) == 1
    assert ledger(process) == [(MessageState.planned, None, 1)]
    tick(scheduler, clock, timedelta(minutes=1))
    first, repeat = sink.mails
    assert repeat.raw == first.raw
    assert ledger(process) == [(MessageState.sent, None, 2)]


def test_who_keeps_postponing_is_tried_less_and_less_until_it_is_useless(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    session = factory.session(starts_in=timedelta(hours=10)).session
    factory.registration(session.id)
    with process.work() as work:  # the reminders have mails of their own
        work.db.execute(sa.text("DELETE FROM reminders"))
        work.db.execute(sa.text("DELETE FROM reminder_rules"))
    sink.answers["DATA"] = ["450 4.2.0 never"] * 100
    tries, answers = [], sink.answers["DATA"]
    for step in [5] * 130 + [1] * 20:
        left = len(answers)
        moment = tick(scheduler, clock, timedelta(minutes=step))
        tries += [session.ends_at - moment] * (left - len(answers))
    (state, reason, attempts) = ledger(process)[0]
    assert (state, reason) == (MessageState.missed, "expired")
    # At once, then after 30 s, 2 min, 10 min, 30 min, 2 h, 6 h; and when that would be too late, once before it is.
    assert attempts == len(tries) == 8
    assert tries[-1] == LAST_TRY
    assert sink.mails == []


def test_a_server_that_makes_strangers_wait_five_minutes_gets_the_last_reminder_in_time(
    process: Process, factory: Factory, scheduler: Scheduler, clock: SetClock, sink: SmtpSink
) -> None:
    """Greylisting: whoever comes back after five minutes is let in."""
    session = factory.session(starts_in=timedelta(minutes=40)).session
    factory.registration(session.id)
    tick(scheduler, clock, timedelta())
    clock.set(session.starts_at - timedelta(minutes=10))
    sink.answers["RCPT"] = ["450 4.2.0 greylisted"] * 3  # after 30 s and 2 min more it is too early
    tick(scheduler, clock, timedelta())
    for _ in range(20):
        tick(scheduler, clock, timedelta(seconds=30))
    assert sink.answers["RCPT"] == []
    assert [mail.subject.partition(":")[0] for mail in sink.mails] == ["Confirmed", "Starting now"]
