"""Saying no to reminders and follow-ups, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.test_suppressions import ANA, correct, ledger
from webinars.errors import LinkInvalid
from webinars.gateways.sendable import SendableMail
from webinars.queries.sessions import Scheduled
from webinars.services import consents, erasure, messages, registrations, unsubscribing
from webinars.services.consents import CONSENT_TEXTS
from webinars.services.delivery import Sender
from webinars.services.registering import Registered
from webinars.services.unsubscribing import REMINDERS
from webinars.tables import Consent, Message
from webinars.terms import LinkPurpose, MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

HOUR = timedelta(hours=1)
NETWORK = "203.0.113.0/24"


@pytest.fixture
def sender(process: Process) -> Iterator[Sender]:
    sender = Sender(process)
    yield sender
    sender.stop()


def plan(process: Process, registered: Registered, kind: MessageKind, number: int = 1) -> None:
    """Have something due now that was planned before."""
    with process.work() as work:
        registration, item = registrations.get_registration(work, registered.registration.id)
        row = messages.message_row(
            kind,
            dedupe_key=f"{kind}:{registration.id.hex}:{number}",
            registration_id=registration.id,
            revision=0,
            session=item.session,
            now=process.clock.now(),
            deadline_at=item.session.ends_at,
            facts={"segment": "attended"} if kind is MessageKind.follow_up else None,
        )
        messages.plan(work, [row])


def header(mail: SendableMail, name: str) -> str | None:
    return message_from_bytes(mail.raw)[name]


def token_of(mail: SendableMail) -> str:
    url = header(mail, "List-Unsubscribe")
    assert url is not None
    return url.strip("<>").rpartition("/")[2]


def say(process: Process, token: str, *, is_wanted: bool) -> bool:
    with process.work() as work:
        choice = unsubscribing.find_choice(work, token)
        return unsubscribing.choose(
            work,
            choice,
            is_wanted=is_wanted,
            method="unsubscribe",
            language="en",
            address_block=NETWORK,
            now=process.clock.now(),
        )


@pytest.fixture
def here(factory: Factory) -> Scheduled:
    return factory.session()


@pytest.fixture
def ana(process: Process, factory: Factory, here: Scheduled, sender: Sender, clock: SetClock) -> Registered:
    """Somebody who has had a reminder."""
    registered = factory.registration(here.session.id, ANA)
    sender.send_due(process.clock.now())
    clock.advance(HOUR)  # a reminder does not follow other news at once
    plan(process, registered, MessageKind.reminder)
    sender.send_due(process.clock.now())
    return registered


@pytest.fixture
def token(ana: Registered, mailer: MemoryMailer) -> str:
    return token_of(mailer.mails[-1])


def test_only_what_is_no_answer_can_be_stopped(ana: Registered, mailer: MemoryMailer) -> None:
    confirmation, reminder = mailer.mails
    assert header(confirmation, "List-Unsubscribe") is None
    assert header(confirmation, "List-Unsubscribe-Post") is None
    url = header(reminder, "List-Unsubscribe")
    assert url is not None
    assert url.startswith("<http://127.0.0.1:8000/u/")
    assert f"List-Unsubscribe: {url}\r\n".encode() in reminder.raw  # on one line
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in reminder.raw


def test_a_no_is_evidence_and_ends_what_is_planned(
    process: Process, ana: Registered, token: str, sender: Sender, mailer: MemoryMailer
) -> None:
    plan(process, ana, MessageKind.reminder, 2)
    plan(process, ana, MessageKind.not_there)
    plan(process, ana, MessageKind.follow_up)
    assert say(process, token, is_wanted=False)
    assert not say(process, token, is_wanted=False)
    sender.send_due(process.clock.now())
    skipped = [(kind, reason) for kind, state, reason in ledger(process) if state == "skipped"]
    assert skipped == [("reminder", "consent"), ("not_there", "consent")]
    assert ledger(process)[-1][:2] == ("follow_up", "sent")  # that is another list
    with process.read() as work:
        consent = work.db.scalars(sa.select(Consent)).one()
        (text,) = (text for text in CONSENT_TEXTS if (text.purpose, text.channel) == (REMINDERS, "email"))
        assert (consent.purpose, consent.channel, consent.is_granted) == ("reminders", "email", False)
        assert (consent.method, consent.address_block, consent.text_hash) == (
            "unsubscribe",
            NETWORK,
            text.digest_in("en-US"),
        )


def test_control_without_a_no_they_are_sent(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    plan(process, ana, MessageKind.reminder, 2)
    sender.send_due(process.clock.now())
    assert [state for _, state, _ in ledger(process)] == ["sent"] * 3


def test_answers_and_changes_are_sent_all_the_same(
    process: Process, ana: Registered, token: str, sender: Sender, mailer: MemoryMailer
) -> None:
    say(process, token, is_wanted=False)
    with process.work() as work:
        registrations.resend(work, ana.registration.id, NOW)
    sender.send_due(process.clock.now())
    assert len(mailer.mails) == 3


def test_it_can_be_taken_back(
    process: Process, ana: Registered, token: str, sender: Sender, mailer: MemoryMailer
) -> None:
    say(process, token, is_wanted=False)
    assert say(process, token, is_wanted=True)
    plan(process, ana, MessageKind.reminder, 2)
    sender.send_due(process.clock.now())
    assert len(mailer.mails) == 3


def test_follow_ups_have_a_list_of_their_own_that_holds_for_the_next_webinar(
    process: Process, factory: Factory, ana: Registered, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    plan(process, ana, MessageKind.follow_up)
    sender.send_due(process.clock.now())
    say(process, token_of(mailer.mails[-1]), is_wanted=False)
    again = factory.registration(factory.session().session.id, ANA)
    sender.send_due(clock.now())
    clock.advance(HOUR)
    plan(process, again, MessageKind.follow_up)
    plan(process, again, MessageKind.reminder)
    sender.send_due(process.clock.now())
    assert {row for row in ledger(process) if row[1] == "skipped"} == {("follow_up", "skipped", "consent")}
    with process.read() as work:
        registration, _ = registrations.get_registration(work, again.registration.id)
        assert not unsubscribing.wants(work, registration, "follow_ups")
        assert unsubscribing.wants(work, registration, "reminders")


def test_a_no_is_for_that_person_alone(
    process: Process,
    factory: Factory,
    here: Scheduled,
    ana: Registered,
    token: str,
    sender: Sender,
    clock: SetClock,
) -> None:
    bert = factory.registration(here.session.id, "bert@mail.example")
    sender.send_due(clock.now())
    clock.advance(HOUR)
    say(process, token, is_wanted=False)
    plan(process, bert, MessageKind.reminder)
    sender.send_due(process.clock.now())
    assert [state for _, state, _ in ledger(process)] == ["sent"] * 4


def test_a_yes_to_text_messages_is_another_answer(
    process: Process, ana: Registered, token: str, sender: Sender, mailer: MemoryMailer
) -> None:
    say(process, token, is_wanted=False)
    with process.work() as work:
        answer = consents.ConsentAnswer("reminders", "sms", is_granted=True, method="form")
        consents.answer(work, ana.registration.id, [answer], address_block="", actor=ACTOR, now=NOW)
    plan(process, ana, MessageKind.reminder, 2)
    sender.send_due(process.clock.now())
    assert ledger(process)[-1] == ("reminder", "skipped", "consent")


def test_only_the_token_of_that_mail_opens_it(process: Process, ana: Registered, token: str) -> None:
    vault, registration = process.vault, ana.registration
    with process.read() as work:
        confirmation, reminder = work.db.scalars(sa.select(Message).order_by(col(Message.id)))
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "x" * 43,
        "",
        vault.link_token(LinkPurpose.bounce, reminder.id, 0),
        vault.link_token(LinkPurpose.manage, registration.id, 0),
        vault.link_token(LinkPurpose.unsubscribe, registration.id, 0),
        vault.link_token(LinkPurpose.unsubscribe, reminder.id, 1),
    ]
    for attempt in wrong:
        with process.read() as work, pytest.raises(LinkInvalid):
            unsubscribing.find_choice(work, attempt)
    with process.read() as work:
        assert unsubscribing.find_choice(work, token).registration.id == registration.id
        assert unsubscribing.unsubscribe_url(process.settings, vault, confirmation, 0) is None


def test_links_end_when_the_address_is_corrected_or_the_person_erased(
    process: Process, ana: Registered, token: str
) -> None:
    correct(process, ana, "anna@mail.example")
    with process.read() as work, pytest.raises(LinkInvalid):
        unsubscribing.find_choice(work, token)
    with process.work() as work:
        erasure.erase(work, ana.registration.id, actor=ACTOR, now=NOW)
    with process.read() as work, pytest.raises(LinkInvalid):
        unsubscribing.find_choice(work, token)
