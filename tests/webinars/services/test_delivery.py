"""Sending what is due: under a lease, in order, checked once more, and completed one by one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from scheduler.jobs import reminders as reminders_job
from tests.concurrency.load import at_once
from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import ledger
from webinars.documents.mails import Mail, MailFacts
from webinars.gateways.mail import MailDeferred, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.rules.sessions import wall_time
from webinars.services import delivery, messages, registering, registrations, sessions
from webinars.services.claims import LEASE, Claimed, claim
from webinars.services.delivery import Sender
from webinars.tables import Message
from webinars.terms import MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process, Work

MINUTE = timedelta(minutes=1)


def move(process: Process, session_id: UUID, starts_at: datetime) -> None:
    with process.work() as work:
        wall = wall_time(starts_at, "America/Denver")
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor=ACTOR, now=process.clock.now())


def test_what_is_due_is_sent_once(process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer) -> None:
    factory.registration(factory.session().session.id, "ana@mail.example")
    assert sender.send_due(NOW) == 1
    assert sender.send_due(NOW) == 0
    assert len(mailer.to("ana@mail.example")) == 1
    assert ledger(process) == [("confirmation", "sent", None)]


def test_all_batches_go_out_in_one_call(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(120)], NOW)
    assert sender.send_due(NOW) == 120
    assert len({mail.recipient for mail in mailer.mails}) == len(mailer.mails) == 120


def test_one_person_gets_calendar_messages_in_order_and_all_in_one_call(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registration_id = factory.registration(session.id, "ana@mail.example").registration.id
    clock.advance(timedelta(seconds=1))
    move(process, session.id, session.starts_at + timedelta(hours=1))
    clock.advance(timedelta(seconds=1))
    with process.work() as work:
        registrations.withdraw(work, registration_id, clock.now())
        registering.register(work, [factory.request(session.id, "ana@mail.example")], clock.now())
    sender.send_due(clock.now())
    subjects = [mail.subject.partition(":")[0] for mail in mailer.to("ana@mail.example")]
    assert subjects == ["New time", "Confirmed"]  # the first one had not gone out, and is no longer true


def test_a_calendar_message_waits_for_the_one_before_it(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    """Some calendars go back to an older entry when its invite comes late."""
    session = factory.session().session
    factory.registration(session.id)
    mailer.failures = [MailDeferred("busy", 450)]
    sender.send_due(NOW)
    move(process, session.id, session.starts_at + timedelta(hours=1))
    sender.send_due(NOW + timedelta(seconds=1))
    assert mailer.mails == []
    sender.send_due(NOW + MINUTE)
    assert [mail.subject.partition(":")[0] for mail in mailer.mails] == ["Confirmed", "New time"]


def test_a_reminder_does_not_wait_for_a_calendar_message(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    due = session.starts_at - timedelta(hours=1)
    with process.work() as work:  # the confirmation is being tried again, much later
        work.db.execute(sa.update(Message).values(next_attempt_at=session.starts_at))
    reminders_job.run(process, due)
    sender.send_due(due)
    assert [mail.subject.partition(":")[0] for mail in mailer.mails] == ["In 1 hour"]


def test_answers_go_before_reminders(process: Process, factory: Factory, mailer: MemoryMailer, tmp_path: Path) -> None:
    one_at_a_time = Process(
        make_settings(process.settings.database_url.get_secret_value(), tmp_path, mail_connections=1),
        clock=process.clock,
        mail=mailer,
    )
    session = factory.session().session
    factory.registration(session.id)
    with process.work() as work:
        work.db.execute(sa.update(Message).values(state=MessageState.sent))
    reminders_job.run(process, session.starts_at - timedelta(hours=1))
    later = factory.session().session
    factory.registration(later.id)
    sender = Sender(one_at_a_time)
    sender.send_due(session.starts_at - timedelta(minutes=55))
    sender.stop()
    one_at_a_time.close()
    assert [mail.subject.partition(":")[0] for mail in mailer.mails] == ["Confirmed", "In 1 hour"]


def test_who_lost_the_lease_completes_nothing(
    process: Process, factory: Factory, sender: Sender, capsys: pytest.CaptureFixture[str]
) -> None:
    factory.registration(factory.session().session.id)
    with process.work() as work:
        slow, _ = claim(work, NOW)
    with process.work() as work:
        claim(work, NOW + LEASE)
    sender._send(slow, NOW, slow.ready[0])  # the mail went out, and now nobody believes it
    assert ledger(process) == [("confirmation", "sending", None)]
    assert "message.late_completion" in capsys.readouterr().out


def test_many_workers_share_the_work_and_nobody_does_it_twice(
    process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(200)], NOW)
    senders = [Sender(process) for _ in range(4)]
    counts = at_once([lambda sender=sender: sender.send_due(NOW) for sender in senders])  # type: ignore[misc]
    for sender in senders:
        sender.stop()
    assert sum(counts) == 200
    assert len({mail.message_id for mail in mailer.mails}) == len(mailer.mails) == 200


def test_what_a_refusal_says_is_kept_and_it_can_be_tried_again(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    factory.registration(factory.session().session.id)
    mailer.failures = [MailRefused("unknown", 550)]
    sender.send_due(NOW)
    assert ledger(process) == [("confirmation", "failed", "refused")]
    with process.work() as work:
        (message,) = messages.list_messages(work, states=[MessageState.failed], cursor=None, limit=5).items
        messages.retry(work, message.id, NOW)
    sender.send_due(NOW)
    assert ledger(process) == [("confirmation", "sent", None)]
    assert len(mailer.mails) == 1


def test_a_repeat_is_the_same_mail(process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer) -> None:
    factory.registration(factory.session().session.id)
    mailer.failures = [MailUnconfirmed("no reply")]
    sender.send_due(NOW)
    sender.send_due(NOW + MINUTE)
    first, repeat = mailer.mails
    assert repeat.raw == first.raw


def test_when_the_transport_is_down_the_rest_is_handed_back_untried(
    process: Process, factory: Factory, mailer: MemoryMailer, tmp_path: Path
) -> None:
    single = Process(
        make_settings(process.settings.database_url.get_secret_value(), tmp_path, mail_connections=1),
        clock=process.clock,
        mail=mailer,
    )
    session_id = factory.session(capacity=50).session.id
    for _ in range(5):
        factory.registration(session_id)
    sender = Sender(single)
    mailer.failures = [MailTransportDown("away")]
    sender.send_due(NOW)
    assert mailer.mails == []
    with process.read() as work:
        rows = list(work.db.scalars(sa.select(Message)))
    untried = {(row.state, row.attempts, row.lease, row.first_attempt_at) for row in rows}
    assert untried == {(MessageState.planned, 0, None, None)}
    sender.send_due(NOW + MINUTE)
    sender.stop()
    single.close()
    assert len(mailer.mails) == 5


def test_a_message_that_cannot_be_made_fails_alone(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = delivery.compose_mail

    def compose_or_fail(facts: MailFacts) -> Mail:
        if facts.email == "bad@mail.example":
            raise LookupError("a template that is not there")
        return compose(facts)

    monkeypatch.setattr(delivery, "compose_mail", compose_or_fail)
    session_id = factory.session().session.id
    factory.registration(session_id, "bad@mail.example")
    factory.registration(session_id, "ana@mail.example")
    sender.send_due(NOW)
    assert ledger(process) == [("confirmation", "failed", "internal"), ("confirmation", "sent", None)]


class SlowMailer(MemoryMailer):
    """Takes its first mail and does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.has_one, self.let_go = threading.Event(), threading.Event()

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        self.has_one.set()
        assert self.let_go.wait(30)
        super().send(mail, before_dot)


def test_asked_to_stop_it_finishes_what_is_under_way_and_hands_back_the_rest(
    process: Process, factory: Factory, tmp_path: Path
) -> None:
    mailer = SlowMailer()
    single = Process(
        make_settings(process.settings.database_url.get_secret_value(), tmp_path, mail_connections=1),
        clock=process.clock,
        mail=mailer,
    )
    session_id = factory.session(capacity=50).session.id
    for _ in range(5):
        factory.registration(session_id)
    sender = Sender(single)
    sending = threading.Thread(target=sender.send_due, args=(NOW,))
    sending.start()
    assert mailer.has_one.wait(30)
    stopping = threading.Thread(target=sender.stop)
    stopping.start()
    while not sender._stopping.is_set():
        pass
    mailer.let_go.set()
    sending.join()
    stopping.join()
    single.close()
    assert len(mailer.mails) == 1
    assert sorted(state for _, state, _ in ledger(process)) == ["planned"] * 4 + ["sent"]


def test_with_too_little_lease_left_a_message_is_handed_back(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory.registration(factory.session().session.id)
    with process.work() as work:
        claimed, _ = claim(work, NOW)
    monkeypatch.setattr(delivery, "_LEAST_LEASE_LEFT", 1000.0)
    sender._send(claimed, NOW, claimed.ready[0])
    assert mailer.mails == []
    assert ledger(process) == [("confirmation", "planned", None)]


def test_what_is_left_after_the_time_for_sending_waits_for_the_next_call(
    process: Process, factory: Factory, sender: Sender
) -> None:
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(60)], NOW)
    assert sender.send_due(NOW, for_at_most=timedelta()) == 50
    assert sender.send_due(NOW) == 10


def test_a_batch_is_claimed_at_the_moment_at_which_it_is(
    process: Process,
    factory: Factory,
    sender: Sender,
    mailer: MemoryMailer,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not at that at which it was asked for: with a slow server a minute lies between them."""
    lag: list[timedelta] = []
    send, take = mailer.send, delivery.claim

    def send_slowly(mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        clock.advance(timedelta(seconds=1))
        send(mail, before_dot)

    def note(work: Work, now: datetime, *rest: int, **more: int) -> tuple[Claimed, int]:
        lag.append(clock.now() - now)
        return take(work, now, *rest, **more)

    monkeypatch.setattr(mailer, "send", send_slowly)
    monkeypatch.setattr(delivery, "claim", note)
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(60)], NOW)
    sender.send_due(NOW)
    assert len({mail.recipient for mail in mailer.mails}) == len(mailer.mails) == 60
    assert clock.now() == NOW + MINUTE
    assert max(lag) <= timedelta(seconds=process.settings.mail_connections)  # they go on sending meanwhile


def test_what_was_in_hand_while_the_machine_was_paused_is_handed_back(
    process: Process,
    factory: Factory,
    clock: SetClock,
    sender: Sender,
    mailer: MemoryMailer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It counts fewer seconds than have passed, and others have taken over by then. The control is the next call."""
    session_id = factory.session(capacity=500).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(60)], NOW)
    send = mailer.send
    monkeypatch.setattr(clock, "steady", lambda: 0.0)

    def pause_first(mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        if clock.now() == NOW:
            clock.advance(5 * MINUTE)
        send(mail, before_dot)

    monkeypatch.setattr(mailer, "send", pause_first)
    assert sender.send_due(NOW) == 50
    assert len(mailer.mails) <= process.settings.mail_connections
    assert {state for _, state, _ in ledger(process)} == {"sent", "planned"}
    sender.send_due(clock.now())
    assert len({mail.recipient for mail in mailer.mails}) == len(mailer.mails) == 60
