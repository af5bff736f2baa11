"""Marked addresses: nothing more goes there, until somebody puts it right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as reminders_job
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import ledger
from webinars.errors import NotFound
from webinars.gateways.mail import MailRefused
from webinars.gateways.mail_errors import RecipientRefused
from webinars.rules.registrations import same_person
from webinars.rules.suppressions import STRIKES_WITHIN
from webinars.services import corrections, follow_ups, messages, registrations, sessions, suppressions
from webinars.services.delivery import Sender
from webinars.services.registering import Registered
from webinars.tables import AuditEntry, FollowUp, InboundEvent, Message, Registration, Suppression
from webinars.terms import MessageKind, MessageState, SuppressionReason
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANA = "ana@mail.example"
NO_SUCH_USER = RecipientRefused("5.1.1 <ana@mail.example>: no such user", 550)


@pytest.fixture
def ana(factory: Factory) -> Registered:
    return factory.registration(factory.session().session.id, ANA)


def index_of(process: Process, email: str) -> bytes:
    return process.vault.index("email", same_person(email))


def mark(process: Process, email: str, reason: SuppressionReason = SuppressionReason.bounced) -> None:
    with process.work() as work:
        suppressions.mark(
            work, index_of(process, email), reason, "5.1.1 no such user", message_id=None, now=process.clock.now()
        )


def marks(process: Process) -> list[tuple[bytes, SuppressionReason, str]]:
    with process.read() as work:
        rows = work.db.scalars(sa.select(Suppression).order_by(col(Suppression.created_at)))
        return [(bytes(row.email_index), row.reason, row.detail) for row in rows]


def correct(process: Process, registered: Registered, email: str) -> None:
    with process.work() as work:
        corrections.update_registration(
            work, registered.registration.id, {"email": email}, version=None, actor=ACTOR, now=process.clock.now()
        )


def lift(process: Process, registration_id: UUID) -> bool:
    with process.work() as work:
        return suppressions.lift(work, registration_id, actor=ACTOR, now=process.clock.now())


def test_what_is_due_at_a_marked_address_is_skipped(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, ANA)
    factory.registration(session_id, "bert@mail.example")
    mark(process, "ANA@Mail.example")
    sender.send_due(NOW)
    assert [mail.recipient for mail in mailer.mails] == ["bert@mail.example"]
    assert ledger(process) == [("confirmation", "skipped", "suppressed"), ("confirmation", "sent", None)]


def test_control_without_a_mark_it_is_sent(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    mark(process, "somebody.else@mail.example")
    sender.send_due(NOW)
    assert [mail.recipient for mail in mailer.mails] == [ANA]


def test_after_a_complaint_answers_and_changes_are_sent_and_reminders_are_not(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id, ANA)
    mark(process, ANA, SuppressionReason.complained)
    sender.send_due(NOW)
    due = session.starts_at - HOUR
    reminders_job.run(process, due)
    sender.send_due(due)
    with process.work() as work:
        sessions.cancel_session(work, session.id, version=None, actor=ACTOR, now=due)
    sender.send_due(due)
    assert [mail.subject.partition(":")[0] for mail in mailer.to(ANA)] == ["Confirmed", "Cancelled"]


def test_a_refused_recipient_is_marked(process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer) -> None:
    mailer.failures = [NO_SUCH_USER]
    sender.send_due(NOW)
    assert ledger(process) == [("confirmation", "failed", "refused")]
    bounced = SuppressionReason.bounced
    assert marks(process) == [(index_of(process, ANA), bounced, "5.1.1 <(address)>: no such user")]


@pytest.mark.parametrize(
    "refusal",
    [
        RecipientRefused("5.7.515 Access denied, sending domain does not meet the required level", 550),
        RecipientRefused("5.7.26 the sender is unauthenticated", 550),
        RecipientRefused("5.2.2 mailbox full", 552),
        MailRefused("message looks like spam", 554),
    ],
)
def test_a_refusal_that_is_not_about_the_address_marks_nothing(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer, refusal: MailRefused
) -> None:
    mailer.failures = [refusal]
    sender.send_due(NOW)
    assert ledger(process) == [("confirmation", "failed", "refused")]
    assert marks(process) == []


def test_a_mailbox_that_is_full_three_times_in_a_fortnight_is_marked(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    for number in range(3):
        assert marks(process) == []
        factory.registration(factory.session(starts_in=60 * DAY).session.id, ANA)
        mailer.failures = [RecipientRefused("5.2.2 mailbox full", 552)]
        sender.send_due(clock.now())
        clock.advance(STRIKES_WITHIN / 3 if number < 2 else HOUR)
    assert [reason for _, reason, _ in marks(process)] == ["bounced"]


def test_control_three_times_over_a_longer_time_is_not(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    for _ in range(3):
        factory.registration(factory.session(starts_in=60 * DAY).session.id, ANA)
        mailer.failures = [RecipientRefused("5.2.2 mailbox full", 552)]
        sender.send_due(clock.now())
        clock.advance(STRIKES_WITHIN / 2 + HOUR)
    assert marks(process) == []


def test_that_it_takes_no_mail_outweighs_a_complaint_whichever_comes_first(process: Process) -> None:
    mark(process, ANA, SuppressionReason.complained)
    mark(process, ANA, SuppressionReason.bounced)
    mark(process, ANA, SuppressionReason.complained)
    assert [reason for _, reason, _ in marks(process)] == ["bounced"]


def test_the_right_address_gets_the_invite_once_and_the_old_one_stays_marked(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    mailer.failures = [NO_SUCH_USER]
    sender.send_due(NOW)
    clock.advance(HOUR)
    correct(process, ana, "anna@mail.example")
    correct(process, ana, "anna@mail.example")
    sender.send_due(clock.now())
    assert [mail.subject.partition(":")[0] for mail in mailer.to("anna@mail.example")] == ["Confirmed"]
    assert [index for index, _, _ in marks(process)] == [index_of(process, ANA)]
    assert ledger(process) == [("confirmation", "failed", "refused"), ("confirmation", "sent", None)]


def test_the_right_address_gets_one_mail_for_all_reminders_that_were_missed(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registered = factory.registration(session.id, ANA)
    sender.send_due(NOW)
    mark(process, ANA)
    for before in (24 * HOUR, HOUR):
        clock.set(session.starts_at - before)
        reminders_job.run(process, clock.now())
        sender.send_due(clock.now())
    assert ledger(process)[1:] == [("reminder", "skipped", "suppressed")] * 2
    clock.advance(timedelta(minutes=5))
    correct(process, registered, "anna@mail.example")
    correct(process, registered, "anne@mail.example")
    sender.send_due(clock.now())
    assert mailer.to("anna@mail.example") == []
    assert [mail.subject.partition(":")[0] for mail in mailer.to("anne@mail.example")] == ["Confirmed"]


def refuse_after(
    mailer: MemoryMailer, patch: pytest.MonkeyPatch, refusal: MailRefused, deed: Callable[[], None]
) -> None:
    """The next recipient is refused once the server has thought about it; meanwhile somebody does something."""

    def send(*_: object) -> None:
        patch.undo()
        deed()
        raise refusal

    patch.setattr(mailer, "send", send)


def test_the_right_address_is_not_blamed_for_what_the_old_one_was_refused_for(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_after(mailer, monkeypatch, NO_SUCH_USER, lambda: correct(process, ana, "anna@mail.example"))
    sender.send_due(NOW)
    sender.send_due(NOW)
    assert [mail.subject.partition(":")[0] for mail in mailer.to("anna@mail.example")] == ["Confirmed"]
    assert marks(process) == []  # nobody here has the old one any more
    assert ledger(process) == [("confirmation", "failed", "refused"), ("confirmation", "sent", None)]


def test_the_old_one_is_marked_where_another_registration_has_it(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory.registration(factory.session().session.id, ANA)
    sender.send_due(NOW)
    ana = factory.registration(factory.session().session.id, ANA)
    refuse_after(mailer, monkeypatch, NO_SUCH_USER, lambda: correct(process, ana, "anna@mail.example"))
    sender.send_due(NOW)
    assert [index for index, _, _ in marks(process)] == [index_of(process, ANA)]
    assert len(mailer.to("anna@mail.example")) == 1


def test_nor_does_it_count_against_the_right_address_that_the_old_mailbox_was_full(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = RecipientRefused("5.2.2 mailbox full", 552)
    for number in range(3):
        registered = factory.registration(factory.session(starts_in=60 * DAY).session.id, f"old{number}@mail.example")
        refuse_after(mailer, monkeypatch, full, partial(correct, process, registered, "anna@mail.example"))
        sender.send_due(NOW)
    assert marks(process) == []


def test_what_is_useless_by_now_is_not_planned_again(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registered = factory.registration(session.id, ANA)
    mailer.failures = [NO_SUCH_USER]
    sender.send_due(NOW)
    clock.set(session.ends_at + 2 * HOUR)
    correct(process, registered, "anna@mail.example")
    sender.send_due(clock.now())
    assert mailer.mails == []


def test_a_follow_up_reaches_the_right_address_and_the_hosts_list_shows_it(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registered = factory.registration(session.id, ANA)
    sender.send_due(NOW)
    mark(process, ANA)
    clock.set(session.ends_at + 2 * HOUR)
    with process.work() as work:
        follow_ups.settle_due(work, clock.now())
        work.db.execute(sa.update(Message).where(col(Message.kind) == MessageKind.reminder).values(deadline_at=NOW))
        planned = work.db.scalars(sa.select(Message).where(col(Message.kind) == MessageKind.follow_up)).all()
        if not planned:  # nobody knows whether they came: a host says so by hand
            row = messages.message_row(
                MessageKind.follow_up,
                dedupe_key="follow_up:1",
                registration_id=registered.registration.id,
                revision=0,
                session=session,
                now=clock.now(),
                facts={"segment": "attended"},
            )
            messages.plan(work, [row])
            work.db.execute(sa.update(FollowUp).values(message_id=row["id"]))
    with process.work() as work:
        work.db.execute(sa.text("DELETE FROM attendance"))
    sender.send_due(clock.now())
    assert ledger(process)[-1] == ("follow_up", "skipped", "suppressed")
    correct(process, registered, "anna@mail.example")
    sender.send_due(clock.now())
    assert len(mailer.to("anna@mail.example")) == 1
    with process.read() as work:
        item = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=10).items[0]
        assert item.message is not None
        assert item.message.state is MessageState.sent


def test_a_host_lifts_a_mark_and_what_was_missed_is_sent(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    mailer.failures = [NO_SUCH_USER]
    sender.send_due(NOW)
    clock.advance(HOUR)
    assert lift(process, ana.registration.id)
    assert not lift(process, ana.registration.id)
    sender.send_due(clock.now())
    assert [mail.subject.partition(":")[0] for mail in mailer.to(ANA)] == ["Confirmed"]
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.action) == "suppression.lift")).all()
        assert [(note.actor, note.subject_id) for note in notes] == [(ACTOR, ana.registration.id)]


def test_lifting_a_mark_after_which_nothing_was_missed_sends_nothing(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    sender.send_due(NOW)
    mark(process, ANA)
    assert lift(process, ana.registration.id)
    sender.send_due(NOW)
    assert len(mailer.mails) == 1


def test_nothing_can_be_lifted_of_nobody(process: Process) -> None:
    with pytest.raises(NotFound):
        lift(process, UUID(int=1))


def test_hosts_are_told_of_sessions_that_are_not_over(process: Process, factory: Factory, clock: SetClock) -> None:
    soon, later = factory.session(starts_in=DAY).session, factory.session(starts_in=2 * DAY).session
    factory.registration(soon.id, ANA)
    for email in (ANA, "bert@mail.example", "cleo@mail.example"):
        factory.registration(later.id, email)
    gone = factory.registration(later.id, "dora@mail.example")
    for email in (ANA, "bert@mail.example", "dora@mail.example"):
        mark(process, email)
    with process.work() as work:
        registrations.withdraw(work, gone.registration.id, NOW)
    with process.read() as work:
        told = [(item.session.id, count) for item, count in suppressions.list_troubled(work, NOW)]
        assert told == [(soon.id, 1), (later.id, 2)]
        assert [count for _, count in suppressions.list_troubled(work, soon.ends_at)] == [2]
        assert suppressions.count_marked(work, later.id) == 2
        people = work.db.scalars(sa.select(Registration).where(col(Registration.session_id) == later.id)).all()
        assert len(suppressions.marks_of(work, people)) == 3


def test_reports_are_forgotten_after_thirty_days(process: Process, clock: SetClock) -> None:
    with process.work() as work:
        assert suppressions.take_in(work, "ses", "1", NOW)
        assert not suppressions.take_in(work, "ses", "1", NOW)
        assert suppressions.take_in(work, "mailgun", "1", NOW)
    with process.work() as work:
        assert suppressions.forget_old_events(work, NOW + 30 * DAY) == 0
        assert suppressions.forget_old_events(work, NOW + 30 * DAY + HOUR) == 2
        assert work.db.scalars(sa.select(InboundEvent)).all() == []
