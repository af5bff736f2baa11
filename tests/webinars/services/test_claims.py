"""What is taken from the ledger, by whom, and what is looked at once more."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import reminders as reminders_job
from tests.conftest import NOW
from tests.factories import Factory
from tests.webinars.services.looks import ledger
from webinars.services import attendance, registrations
from webinars.services.claims import LEASE, claim
from webinars.services.delivery import Sender
from webinars.tables import Message, Registration
from webinars.terms import MessageKind
from webinars.testing import MemoryMailer
from webinars.work import Process


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
