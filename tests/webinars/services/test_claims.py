"""What is taken from the ledger, by whom, and what is looked at once more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as reminders_job
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.webinars.services.looks import ledger
from webinars.gateways.mail import MailDeferred, MailError, MailTransportDown
from webinars.rules.messages import MOST_ATTEMPTS
from webinars.rules.transports import CLOCKS_DIFFER
from webinars.services import attendance, claims, health, messages, registering, registrations
from webinars.services.claims import LEASE, claim
from webinars.services.delivery import Sender
from webinars.tables import Message, Registration
from webinars.terms import Channel, MessageKind, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process, Work


def test_what_makes_no_sense_any_more_is_skipped_with_the_reason(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    leaves, stays, joins = (factory.registration(session.id).registration.id for _ in range(3))
    sender.send_due(NOW)
    mailer.mails.clear()
    due = session.starts_at - timedelta(minutes=10)
    reminders_job.run(process, due)
    with process.work() as work:
        registrations.withdraw(work, leaves, due)
        registration, _ = registrations.get_registration(work, joins)
        attendance.note_click(work, registration, due)
    sender.send_due(due)
    with process.read() as work:
        query = sa.select(Message).where(col(Message.kind) == MessageKind.reminder, col(Message.due_at) == due)
        said = {message.registration_id: (message.state.value, message.reason) for message in work.db.scalars(query)}
    assert said == {
        leaves: ("skipped", "cancelled"),
        stays: ("sent", None),
        joins: ("skipped", "joined"),
    }


def test_what_is_past_its_deadline_is_missed_not_sent(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    sender.send_due(session.ends_at)
    assert mailer.mails == []
    assert ledger(process) == [("confirmation", "missed", "expired")]


def test_a_claimed_message_is_nobody_elses_until_its_lease_ends(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    with process.work() as work:
        claimed, count = claim(work, NOW)
    assert (len(claimed.ready), count) == (1, 1)
    with process.work() as work:
        assert claim(work, NOW + LEASE - timedelta(seconds=1))[1] == 0
    with process.work() as work:
        again, count = claim(work, NOW + LEASE)
    assert count == 1
    first, repeat = claimed.ready[0][1], again.ready[0][1]
    assert (repeat.message_id, repeat.composed_at) == (first.message_id, first.composed_at)  # the same mail
    assert again.ready[0][0].message.attempts == 2


def test_a_row_that_cannot_be_read_fails_alone(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session_id = factory.session().session.id
    broken = factory.registration(session_id, "broken@mail.example").registration.id
    with process.work() as work:
        other = process.vault.seal("registrations.email", UUID(int=1), "somebody else's row")
        work.db.execute(sa.update(Registration).where(col(Registration.id) == broken).values(email=other))
    factory.registration(session_id, "ana@mail.example")
    sender.send_due(NOW)
    assert [mail.recipient for mail in mailer.mails] == ["ana@mail.example"]
    assert ledger(process) == [("confirmation", "failed", "internal"), ("confirmation", "sent", None)]
    assert process.tally.figures()["refused_at"] == NOW.isoformat()


def test_a_kind_that_this_program_does_not_know_holds_up_nobody(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    """As a newer program leaves it behind that was taken back. It waits, which is an alarm, for who knows it."""
    session_id = factory.session().session.id
    strange = factory.registration(session_id).registration.id
    with process.work() as work:
        work.db.execute(
            sa.text("UPDATE messages SET kind = 'of_tomorrow' WHERE registration_id = :id"),
            {"id": strange.bytes.hex() if process.engines.is_sqlite else strange},
        )
    factory.registration(session_id, "ana@mail.example")
    sender.send_due(NOW)
    assert [mail.recipient for mail in mailer.mails] == ["ana@mail.example"]
    with process.read() as work:
        assert health.alarms(work, NOW + 6 * MINUTE) == ["A message has waited for 6 minutes longer than it should."]


def test_a_message_that_ends_whoever_takes_it_is_given_up(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    now, claims_of_it = NOW, 0
    while True:
        with process.work() as work:
            _, taken = claim(work, now)  # and the worker is no more
        if not taken:
            break
        claims_of_it += 1
        now += LEASE
    assert claims_of_it == MOST_ATTEMPTS + 1
    assert ledger(process) == [("confirmation", "failed", "internal")]
    assert process.tally.figures()["refused_at"] is not None


HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def expire(process: Process, now: datetime) -> int:
    with process.work() as work:
        return claims.expire(work, now)


def pull_in(process: Process, now: datetime) -> int:
    with process.work() as work:
        return claims.pull_in(work, now)


def waits(process: Process) -> list[tuple[str, datetime]]:
    with process.read() as work:
        rows = work.db.execute(sa.select(col(Message.state), col(Message.next_attempt_at)).order_by(col(Message.id)))
        return [(state.value, moment) for state, moment in rows]


def test_what_is_useless_is_completed_though_nothing_can_be_sent(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    """With the reason that holds by now: who has left, or is in the room, has missed nothing."""
    session = factory.session(starts_in=2 * HOUR).session
    stays, leaves, put_off = (factory.registration(session.id).registration.id for _ in range(3))
    with process.work() as work:
        registrations.withdraw(work, leaves, NOW)
        work.db.execute(sa.update(Message).where(col(Message.registration_id) == leaves).values(state="planned"))
        work.db.execute(  # by a breaker, beyond its deadline
            sa.update(Message)
            .where(col(Message.registration_id) == put_off)
            .values(next_attempt_at=session.ends_at + 10 * MINUTE)
        )
    assert expire(process, session.ends_at - MINUTE) == 0
    assert expire(process, session.ends_at) == 3  # not the farewell, which is of use for days
    assert expire(process, session.ends_at) == 0
    with process.read() as work:
        query = sa.select(Message).where(col(Message.kind) == MessageKind.confirmation)
        said = {row.registration_id: (row.state.value, row.reason, row.attempts) for row in work.db.scalars(query)}
    assert said == {
        stays: ("missed", "expired", 0),
        leaves: ("skipped", "cancelled", 0),
        put_off: ("missed", "expired", 0),
    }
    assert process.tally.figures()["missed"] == 2
    assert mailer.mails == []


def test_what_somebody_is_sending_does_not_expire_in_their_hands(process: Process, factory: Factory) -> None:
    session = factory.session(starts_in=2 * HOUR).session
    factory.registration(session.id)
    with process.work() as work:
        claim(work, session.ends_at - MINUTE)
    assert expire(process, session.ends_at) == 0
    assert expire(process, session.ends_at - MINUTE + LEASE) == 1  # they died


@pytest.mark.parametrize("step", [claims.expire, claims.pull_in])
def test_what_waits_is_found_along_its_index(process: Process, step: Callable[[Work, datetime], int]) -> None:
    """Beside millions of messages that are done, the steps of each minute look at those that wait alone."""
    ran: list[tuple[str, Any]] = []
    with process.work() as work:
        connection = work.db.connection()
        sa.event.listen(connection, "before_cursor_execute", lambda *said: ran.append((said[2], said[3])))
        step(work, NOW)
        statement, values = ran[-1]
        explain = "EXPLAIN QUERY PLAN" if process.engines.is_sqlite else "EXPLAIN"
        plan = [str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", values)]
    assert any("ix_messages_ready" in line for line in plan), plan
    assert not any("Seq Scan on messages" in line for line in plan), plan


def test_a_lease_by_a_clock_that_was_set_back_ends_in_a_lease(process: Process, factory: Factory) -> None:
    """Whoever has the message may be sending it: nobody else gets it before they have let go."""
    factory.registration(factory.session().session.id)
    with process.work() as work:
        claim(work, NOW + 2 * HOUR)
    assert pull_in(process, NOW) == 1
    assert pull_in(process, NOW) == 0
    assert waits(process) == [("sending", NOW + LEASE)]
    with process.work() as work:
        assert claim(work, NOW + LEASE - timedelta(seconds=1))[1] == 0
    with process.work() as work:
        assert claim(work, NOW + LEASE)[1] == 1


def test_a_lease_by_a_clock_that_is_a_little_ahead_is_left_alone(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    with process.work() as work:
        claim(work, NOW + CLOCKS_DIFFER)
    assert pull_in(process, NOW) == 0
    assert waits(process) == [("sending", NOW + CLOCKS_DIFFER + LEASE)]


@pytest.mark.parametrize(
    ("error", "made_at", "tried_at"),
    [
        pytest.param(None, NOW + 2 * HOUR, None, id="made while the clock was ahead"),
        pytest.param(MailDeferred("later", 450), NOW, NOW + 2 * HOUR, id="postponed"),
        pytest.param(MailTransportDown("away"), NOW, NOW + 2 * HOUR, id="not even tried"),
    ],
)
def test_what_waits_for_a_clock_that_was_set_back_is_due_now(
    process: Process,
    factory: Factory,
    sender: Sender,
    mailer: MemoryMailer,
    clock: SetClock,
    error: MailError | None,
    made_at: datetime,
    tried_at: datetime | None,
) -> None:
    session_id = factory.session(starts_in=24 * HOUR).session.id
    clock.set(made_at)
    factory.registration(session_id)
    if error is not None and tried_at is not None:
        mailer.failures = [error]
        sender.send_due(tried_at)
    clock.set(NOW)
    assert waits(process)[0][1] >= NOW + 2 * HOUR  # the control
    assert pull_in(process, NOW) == 1
    assert pull_in(process, NOW) == 0
    assert waits(process) == [("planned", NOW)]
    sender.send_due(NOW)
    (mail,) = mailer.mails
    date = parsedate_to_datetime(str(message_from_bytes(mail.raw)["Date"]))
    assert timedelta() <= date - NOW < MINUTE  # not of a day that is yet to come


def test_what_honestly_waits_is_left_alone(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    """A retry, an open breaker, and a reminder that was planned while the clock was ahead: its time stays its time."""
    session = factory.session(starts_in=timedelta(days=3)).session
    factory.registration(session.id)
    mailer.failures = [MailDeferred("later", 450, retry_after=6 * 3600)]
    sender.send_due(NOW)
    factory.registration(session.id)
    mailer.failures = [MailTransportDown("later", 429, retry_after=3600)]
    sender.send_due(NOW)
    with process.work() as work:
        row = messages.message_row(
            MessageKind.reminder,
            dedupe_key="early",
            registration_id=factory.registration(session.id).registration.id,
            revision=0,
            session=session,
            now=NOW + timedelta(days=1),
            due_at=NOW + timedelta(days=2),
        )
        messages.plan(work, [row])
    before = waits(process)
    assert max(moment for _, moment in before) == NOW + timedelta(days=2)
    assert pull_in(process, NOW) == 0
    assert waits(process) == before


def test_a_batch_may_begin_with_what_is_less_urgent_and_is_full_all_the_same(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session(capacity=50).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(30)], NOW)
        ids = list(work.db.scalars(sa.select(col(Message.id)).order_by(col(Message.id))))
        for ranked, rank in ((ids[10:20], 2), (ids[20:], 3)):
            work.db.execute(sa.update(Message).where(col(Message.id).in_(ranked)).values(priority=rank))
    with process.work() as work:
        claimed, count = claim(work, NOW, 15, least=2)
        assert (count, {item[0].message.id for item in claimed.ready}) == (15, {*ids[10:25]})
    with process.work() as work:
        claimed, count = claim(work, NOW, 15, least=1)
        assert (count, {item[0].message.id for item in claimed.ready}) == (15, {*ids[25:], *ids[:10]})


@pytest.mark.parametrize("rate", [1000, 30])
def test_a_text_does_not_wait_behind_mails_that_are_less_urgent(
    process: Process, factory: Factory, tmp_path: Path, rate: int
) -> None:
    """`MAIL_RATE` is about mails alone; whatever it is, the first batch has the text."""
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(120)], NOW)
        text_id = work.db.scalars(sa.select(col(Message.id)).order_by(col(Message.id).desc()).limit(1)).one()
        work.db.execute(sa.update(Message).values(priority=3))
        work.db.execute(sa.update(Message).where(col(Message.id) == text_id).values(channel=Channel.sms, priority=1))
    url = process.settings.database_url.get_secret_value()
    rated = Process(make_settings(url, tmp_path, mail_rate=rate), clock=process.clock, mail=process.mail)
    with rated.work() as work:
        _, count = claim(work, NOW)
        assert work.db.get_one(Message, text_id).state is not MessageState.planned
    rated.close()
    assert count == min(rate + 1, 50)


@pytest.mark.parametrize("is_told_apart", [True, False], ids=["", "control: by time alone"])
def test_a_reminder_that_is_soon_useless_goes_before_one_that_can_wait(
    process: Process, factory: Factory, is_told_apart: bool
) -> None:
    """Of 900 "Tomorrow" and one "10 min before", due a minute later, a slow server would be handed the 900 first."""
    session = factory.session(starts_in=10 * MINUTE).session
    tomorrow = factory.session(starts_in=24 * HOUR).session
    with process.work() as work:
        rows = [
            messages.message_row(
                MessageKind.reminder,
                dedupe_key=f"reminder:{of.id.hex}",
                registration_id=factory.registration(of.id).registration.id,
                revision=0,
                session=of,
                now=due_at,
                due_at=due_at,
            )
            for of, due_at in ((tomorrow, NOW - MINUTE), (session, NOW))
        ]
        work.db.execute(sa.update(Message).values(state=MessageState.sent, sent_at=NOW - HOUR))
        messages.plan(work, rows)
        if not is_told_apart:
            work.db.execute(sa.update(Message).values(priority=1))
    with process.work() as work:
        claim(work, NOW, 1)
        (message,) = work.db.scalars(
            sa.select(Message).where(col(Message.state) != MessageState.planned, sa.text("attempts > 0"))
        )
    assert (message.session_id == session.id) is is_told_apart
