"""Reminders by text: only for who agreed and has a number, over the adapter, told once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from tests.support.providers import Answer, ProviderServer
from webinars.errors import InvalidField, RegistrationNotActive
from webinars.services import erasure, messages, registrations, short_texts
from webinars.services.consents import ConsentAnswer
from webinars.services.delivery import Sender
from webinars.tables import Consent, Message, Registration, WebinarSession
from webinars.terms import Channel, MessageKind, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.translations import words_of
from webinars.work import Process

SECRET = f"whsec_{b64encode(b'k' * 32).decode()}"
AGREED = ConsentAnswer("reminders", "sms", is_granted=True, method="form")
TAKEN_BACK = ConsentAnswer("reminders", "sms", is_granted=False, method="form")
OTHERS = ConsentAnswer("topic_alerts", "email", is_granted=True, method="form")


@pytest.fixture
def adapter() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(202, {"id": "SM1"})) as adapter:
        yield adapter


@pytest.fixture
def texting(
    process: Process, adapter: ProviderServer, tmp_path: Path, clock: SetClock, mailer: MemoryMailer
) -> Iterator[Process]:
    """A worker that has an adapter."""
    settings = make_settings(
        process.settings.database_url.get_secret_value(),
        tmp_path,
        message_webhook_url=f"{adapter.url}/texts",
        message_webhook_secret=SECRET,
        message_webhook_private=True,
    )
    texting = Process(settings, clock=clock, mail=mailer)
    yield texting
    texting.close()


def plan_text(process: Process, factory: Factory, *consents: ConsentAnswer, phone: str | None) -> UUID:
    """A reminder by text that is due now; the confirmation by mail went out long ago."""
    session_id = factory.session().session.id
    registered = factory.registration(session_id, consents=list(consents), phone=phone)
    with process.work() as work:
        work.db.execute(sa.delete(Message))
        session = work.db.get_one(WebinarSession, session_id)
        registration = work.db.get_one(Registration, registered.registration.id)
        row = messages.registration_row(MessageKind.reminder, registration, session, NOW)
        messages.plan(work, [row | {"channel": Channel.sms}])
    return registered.registration.id


def send(process: Process) -> tuple[MessageState, str | None, str | None]:
    sender = Sender(process)
    sender.send_due(NOW)
    sender.stop()
    with process.read() as work:
        message = work.db.scalars(sa.select(Message).order_by(col(Message.id))).one()
        return message.state, message.reason, message.provider_id


def test_who_agreed_and_has_a_number_is_told(
    texting: Process, factory: Factory, adapter: ProviderServer, mailer: MemoryMailer
) -> None:
    plan_text(texting, factory, AGREED, phone="+1 303 555 0199")
    assert send(texting) == (MessageState.sent, None, "SM1")
    (asked,) = adapter.asked
    assert (asked.json["to"], asked.json["channel"]) == ("+1 303 555 0199", "sms")
    assert asked.json["message_id"] == asked.headers["webhook-id"]
    assert "/j/" in asked.json["text"]
    assert mailer.mails == []


@pytest.mark.parametrize(
    ("consents", "phone", "reason"),
    [
        ([], "+1 303 555 0199", "consent"),
        ([OTHERS], "+1 303 555 0199", "consent"),
        ([AGREED, TAKEN_BACK], "+1 303 555 0199", "consent"),
        ([AGREED], None, "no_phone"),
    ],
)
def test_nobody_else_is(
    texting: Process,
    factory: Factory,
    adapter: ProviderServer,
    consents: list[ConsentAnswer],
    phone: str | None,
    reason: str,
) -> None:
    plan_text(texting, factory, *consents, phone=phone)
    assert send(texting) == (MessageState.skipped, reason, None)
    assert adapter.asked == []


def test_without_an_adapter_it_is_skipped(process: Process, factory: Factory) -> None:
    plan_text(process, factory, AGREED, phone="+1 303 555 0199")
    assert send(process) == (MessageState.skipped, "no_transport", None)


def test_an_adapter_that_is_down_does_not_hold_up_mails(
    texting: Process, factory: Factory, adapter: ProviderServer, mailer: MemoryMailer
) -> None:
    adapter.answers = [Answer(503)]
    plan_text(texting, factory, AGREED, phone="+1 303 555 0199")
    assert send(texting)[0] is MessageState.planned
    factory.registration(factory.session().session.id, "bo@mail.example")
    sender = Sender(texting)
    sender.send_due(NOW + timedelta(seconds=5))
    assert len(mailer.to("bo@mail.example")) == 1
    assert len(adapter.asked) == 1  # left alone
    sender.send_due(NOW + timedelta(minutes=1))
    assert len(adapter.asked) == 2
    sender.stop()


def choose(
    process: Process, registration_id: UUID, phone: str | None, *, is_wanted: bool, language: str = "en"
) -> None:
    with process.work() as work:
        short_texts.choose(
            work,
            registration_id,
            is_wanted=is_wanted,
            phone=phone,
            language=language,
            address_block="192.0.2.0/24",
            now=NOW,
        )


def chosen(process: Process, registration_id: UUID) -> tuple[bool, str | None]:
    with process.read() as work:
        registration = work.db.get_one(Registration, registration_id)
        return short_texts.is_agreed(work, registration), registrations.phone_of(process.vault, registration)


def test_texts_are_turned_on_and_off_and_each_answer_is_kept_as_evidence(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id).registration.id
    assert chosen(process, ana) == (False, None)
    for _ in range(2):
        choose(process, ana, "(303) 555-0199", is_wanted=True)
        assert chosen(process, ana) == (True, "+13035550199")
    choose(process, ana, "+44 20 7946 0958", is_wanted=True)  # another number, and no new answer
    assert chosen(process, ana) == (True, "+442079460958")
    choose(process, ana, None, is_wanted=False)
    assert chosen(process, ana) == (False, "+442079460958")
    choose(process, ana, None, is_wanted=True)
    choose(process, ana, "", is_wanted=False)
    assert chosen(process, ana) == (False, None)
    with process.read() as work:
        answers = work.db.scalars(sa.select(Consent).order_by(col(Consent.id))).all()
    assert [(answer.is_granted, answer.method, answer.channel) for answer in answers] == [
        (True, "page", "sms"),
        (False, "page", "sms"),
        (True, "page", "sms"),
        (False, "page", "sms"),
    ]
    assert {answer.address_block for answer in answers} == {"192.0.2.0/24"}


@pytest.mark.parametrize("phone", ["", "12", None])
def test_texts_need_a_number_and_what_is_refused_changes_nothing(
    process: Process, factory: Factory, phone: str | None
) -> None:
    ana = factory.registration(factory.session().session.id).registration.id
    with pytest.raises(InvalidField, match="country code"):
        choose(process, ana, phone, is_wanted=True)
    assert chosen(process, ana) == (False, None)


def test_an_erased_person_cannot_choose(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id).registration.id
    with process.work() as work:
        erasure.erase(work, ana, actor=ACTOR, now=NOW)
    with pytest.raises(RegistrationNotActive):
        choose(process, ana, "+1 303 555 0199", is_wanted=True)


def test_who_is_erased_meanwhile_leaves_no_number_behind(process: Process, factory: Factory) -> None:
    ana = factory.registration(factory.session().session.id).registration.id
    with ThreadPoolExecutor(1) as other:
        with process.work() as work:
            erasure.erase(work, ana, actor=ACTOR, now=NOW)
            chosen_meanwhile = other.submit(choose, process, ana, "+1 303 555 0199", is_wanted=True)
            wait([chosen_meanwhile], timeout=0.3)
        with pytest.raises(RegistrationNotActive):
            chosen_meanwhile.result(timeout=10)
    assert chosen(process, ana) == (False, None)


def test_the_evidence_is_of_the_words_that_were_read(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    registered = [factory.registration(session_id, f"{name}@mail.example").registration.id for name in ("ana", "bert")]
    for registration_id, language in zip(registered, ("en", "es"), strict=True):
        choose(process, registration_id, "+1 303 555 0199", is_wanted=True, language=language)
    with process.read() as work:
        answers = {answer.registration_id: answer for answer in work.db.scalars(sa.select(Consent))}
    said = [(answers[each].locale, answers[each].text_hash) for each in registered]
    words = [words_of(language).say(short_texts.AGREEMENT) for language in ("en", "es")]
    assert words[0] != words[1]
    assert said == [
        (language, sha256(text.encode()).hexdigest()) for language, text in zip(("en", "es"), words, strict=True)
    ]


def test_what_was_agreed_to_on_the_page_is_sent(texting: Process, factory: Factory, adapter: ProviderServer) -> None:
    ana = plan_text(texting, factory, phone=None)
    choose(texting, ana, "303 555 0199", is_wanted=True)
    assert send(texting)[0] is MessageState.sent
    assert adapter.asked[0].json["to"] == "+13035550199"
