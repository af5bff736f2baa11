"""What comes back: believed by its token or its provider, each report once, and drawn conclusions from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.bounces import notification, plain_mail
from tests.webinars.services.test_suppressions import ANA, correct, index_of, ledger, lift, marks
from webinars.gateways.provider_reports import ProviderEvent
from webinars.rules.suppressions import Verdict
from webinars.services import bounces
from webinars.services.delivery import Sender
from webinars.services.registering import Registered
from webinars.tables import Message, Registration
from webinars.terms import LinkPurpose, MessageState
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

DAY = timedelta(days=1)
DOMAIN = "bounces.clinic.example"
EVENT = ProviderEvent(
    event_id="e-1",
    email=ANA,
    provider_id="p-1",
    is_complaint=False,
    is_permanent=True,
    status="5.1.1",
    words="no such user",
)


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    """One whose mails come back to addresses of their own."""
    process = Process(
        make_settings(database_url, tmp_path, mail_url="smtp://127.0.0.1:1", bounce_domain=DOMAIN),
        clock=clock,
        mail=mailer,
    )
    yield process
    process.close()


@pytest.fixture
def ana(factory: Factory) -> Registered:
    return factory.registration(factory.session(starts_in=60 * DAY).session.id, ANA)


def take(process: Process, raw: bytes) -> Verdict | None:
    with process.work() as work:
        return bounces.take_notification(work, raw, process.clock.now())


def take_events(process: Process, *events: ProviderEvent, provider: str = "ses") -> int:
    with process.work() as work:
        return bounces.take_events(work, provider, events, process.clock.now())


def sent_from(sender: Sender, mailer: MemoryMailer, process: Process) -> str:
    """The return path of the newest mail."""
    sender.send_due(process.clock.now())
    return mailer.mails[-1].sender


def name_mails(process: Process, provider_id: str) -> None:
    with process.work() as work:
        work.db.execute(sa.update(Message).values(provider_id=provider_id))


def test_a_mail_comes_back_to_an_address_of_its_own(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    assert path.endswith(f"@{DOMAIN}")
    assert b'From: "Webinars" <webinars@clinic.example>' in mailer.mails[0].raw
    assert path.encode() not in mailer.mails[0].raw


def test_no_such_user_bounces_the_message_and_marks_the_address_at_once(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    assert take(process, notification(path)) is Verdict.hard
    assert ledger(process) == [("confirmation", "bounced", "hard")]
    ((index, reason, detail),) = marks(process)
    assert (index, reason) == (index_of(process, ANA), "bounced")
    assert detail == "5.1.1 550 5.1.1 <(address)>: no such user"


def test_a_replay_changes_nothing_even_after_the_mark_was_lifted(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    raw = notification(sent_from(sender, mailer, process))
    take(process, raw)
    assert lift(process, ana.registration.id)
    assert take(process, raw) is None
    assert take(process, b"Received: by another way\r\n" + raw) is None
    assert marks(process) == []


def test_three_mails_that_could_not_be_delivered_in_a_fortnight_mark_the_address(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    for number in range(3):
        assert marks(process) == []
        factory.registration(factory.session(starts_in=60 * DAY).session.id, ANA)
        path = sent_from(sender, mailer, process)
        raw = notification(path, status="4.4.7", diagnostic="smtp; 451 try later")
        assert take(process, raw) is Verdict.soft
        assert take(process, raw) is None  # said twice, it is one strike
        clock.advance(4 * DAY if number < 2 else timedelta(0))
    assert [row[:2] for row in ledger(process)] == [("confirmation", "bounced")] * 3
    assert [reason for _, reason, _ in marks(process)] == ["bounced"]


def test_a_delay_is_noted_and_nothing_else(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    assert take(process, notification(path, action="delayed", status="4.4.1")) is Verdict.delayed
    assert ledger(process) == [("confirmation", "sent", None)]
    with process.read() as work:
        message = work.db.scalars(sa.select(Message)).one()
        assert message.last_error is not None
        assert message.last_error.startswith("4.4.1")
    assert marks(process) == []
    assert take(process, notification(path)) is Verdict.hard  # given up later


def test_what_is_our_fault_bounces_the_message_and_leaves_the_address_open(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    assert take(process, notification(path, status="5.7.26", diagnostic="smtp; 550 5.7.26")) is Verdict.ours
    assert ledger(process) == [("confirmation", "bounced", "ours")]
    assert marks(process) == []


def test_a_wrong_token_changes_nothing(
    process: Process, factory: Factory, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    with process.read() as work:
        message = work.db.scalars(sa.select(Message)).one()
        registration = work.db.scalars(sa.select(Registration)).one()
    vault = process.vault
    wrong = [
        path.replace(path[2:6], "aaaa"),
        path[:50] + ("a" if path[50] != "a" else "b") + path[51:],
        *(
            bounces.return_path(token, DOMAIN)
            for token in (
                vault.link_token(LinkPurpose.unsubscribe, message.id, 0),  # for another purpose
                vault.link_token(LinkPurpose.bounce, message.id, 1),  # of another version
                vault.link_token(LinkPurpose.bounce, registration.id, 0),  # of no message
                vault.link_token(LinkPurpose.manage, registration.id, 0),
            )
        ),
    ]
    assert [take(process, notification(address)) for address in wrong] == [None] * len(wrong)
    assert take(process, plain_mail(path)) is None
    assert ledger(process) == [("confirmation", "sent", None)]
    assert take(process, notification(path)) is Verdict.hard  # control: the right one


def test_a_token_speaks_for_its_own_mail_alone(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, ANA)
    factory.registration(session_id, "bert@mail.example")
    sender.send_due(NOW)
    path = mailer.to("bert@mail.example")[0].sender
    take(process, notification(path))  # whose words name Ana's address
    assert [index for index, _, _ in marks(process)] == [index_of(process, "bert@mail.example")]
    assert [state for _, state, _ in ledger(process)] == ["sent", "bounced"]


def test_news_of_an_address_that_was_corrected_since_is_not_held_against_the_new_one(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    correct(process, ana, "anna@mail.example")
    assert take(process, notification(path)) is None
    assert marks(process) == []


def test_strikes_against_the_old_address_do_not_count_against_the_new_one(
    process: Process, factory: Factory, ana: Registered, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    raw = [notification(sent_from(sender, mailer, process), status="4.4.7")]
    for number in range(2):
        clock.advance(timedelta(minutes=1))
        take(process, raw[-1])
        correct(process, ana, f"anna{number}@mail.example")
        raw.append(notification(sent_from(sender, mailer, process), status="4.4.7"))
    take(process, raw[-1])
    assert marks(process) == []


def test_a_bounce_that_is_faster_than_our_own_ledger_stands(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    path = sent_from(sender, mailer, process)
    with process.work() as work:
        work.db.execute(sa.update(Message).values(state=MessageState.sending))
    take(process, notification(path))
    assert ledger(process) == [("confirmation", "bounced", "hard")]


def test_without_a_domain_for_them_mails_come_back_to_the_sender(
    sqlite_process: Process, sqlite_factory: Factory, mailer: MemoryMailer
) -> None:
    sqlite_factory.registration(sqlite_factory.session().session.id, ANA)
    sender = Sender(sqlite_process)
    sender.send_due(NOW)
    sender.stop()
    assert mailer.mails[0].sender == "webinars@clinic.example"


def test_a_provider_names_the_mail_and_the_address(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    sender.send_due(NOW)
    name_mails(process, "p-1")
    assert take_events(process, EVENT, EVENT) == 1
    assert ledger(process) == [("confirmation", "bounced", "hard")]
    assert [row[:2] for row in marks(process)] == [(index_of(process, ANA), "bounced")]


def test_a_providers_replay_changes_nothing(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    sender.send_due(NOW)
    take_events(process, EVENT)
    lift(process, ana.registration.id)
    assert take_events(process, EVENT) == 0
    assert marks(process) == []
    assert take_events(process, EVENT, provider="mailgun") == 1  # control: another one's event of the same name
    assert len(marks(process)) == 1


def test_a_complaint_marks_the_address_and_leaves_the_message(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    sender.send_due(NOW)
    name_mails(process, "p-1")
    take_events(process, replace(EVENT, is_complaint=True))
    assert ledger(process) == [("confirmation", "sent", None)]
    assert [reason for _, reason, _ in marks(process)] == ["complained"]


def test_an_account_that_serves_others_tells_us_nothing_of_them(process: Process, ana: Registered) -> None:
    assert take_events(process, replace(EVENT, email="stranger@mail.example", provider_id="")) == 0
    assert marks(process) == []


def test_a_providers_late_news_is_about_the_address_it_names(
    process: Process, ana: Registered, sender: Sender, mailer: MemoryMailer
) -> None:
    sender.send_due(NOW)
    name_mails(process, "p-1")
    correct(process, ana, "anna@mail.example")
    take_events(process, EVENT)
    assert [index for index, _, _ in marks(process)] == [index_of(process, ANA)]


def test_what_a_provider_gives_up_for_now_is_a_strike(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    for number in range(3):
        assert marks(process) == []
        factory.registration(factory.session().session.id, ANA)
        sender.send_due(NOW)
        with process.work() as work:
            newest = work.db.scalars(sa.select(Message).order_by(col(Message.id).desc())).first()
            assert newest is not None
            newest.provider_id = f"p-{number}"
        soft = replace(EVENT, event_id=f"e-{number}", provider_id=f"p-{number}", is_permanent=False, status="4.2.2")
        take_events(process, soft)
    assert [reason for _, reason, _ in marks(process)] == ["bounced"]
