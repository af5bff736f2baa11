"""Hearing of a topic begins in the mailbox, ends there at once, and tells nobody else anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import retention
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.errors import LinkInvalid, NotFound, TooManyRequests
from webinars.services import subscriptions
from webinars.services.subscriptions import Chosen, Wanted, page_url
from webinars.tables import Message, Subscription
from webinars.terms import LinkPurpose, MessageKind, MessageState, SubscriptionState
from webinars.testing import MemoryMailer, SetClock
from webinars.vault import VaultError
from webinars.work import Process

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
ANA = "Ana@Mail.Example"
Ask = Callable[..., None]


@pytest.fixture
def ask(process: Process, factory: Factory) -> Ask:
    factory.topic()
    factory.topic("hip", "Hip")

    def ask_for(topic: str = "knee", email: str = ANA, timezone: str = "America/Denver") -> None:
        with process.work() as work:
            wanted = Wanted(email, timezone, "en-US", "2026-11", "0" * 64)
            subscriptions.subscribe(work, topic, wanted, process.clock.now())

    return ask_for


def rows(process: Process) -> list[Subscription]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(Subscription).order_by(col(Subscription.id))))


def checks(process: Process) -> list[str]:
    with process.read() as work:
        query = sa.select(col(Message.state)).where(col(Message.kind) == MessageKind.alert_check)
        return [state.value for state in work.db.scalars(query.order_by(col(Message.id)))]


def token_of(process: Process, row: Subscription | None = None) -> str:
    return page_url(process.settings, process.vault, row or rows(process)[0]).rpartition("/")[2]


def page(process: Process) -> Chosen:
    with process.read() as work:
        return subscriptions.open_page(work, token_of(process), process.clock.now())


def confirm(process: Process, *topics: str) -> None:
    with process.work() as work:
        subscriptions.confirm(work, token_of(process), topics or ("knee",), process.clock.now())


def end(process: Process) -> None:
    with process.work() as work:
        subscriptions.end(work, token_of(process), process.clock.now())


def test_asking_begins_nothing_but_one_question(process: Process, ask: Ask) -> None:
    ask()
    (row,) = rows(process)
    assert row.state is SubscriptionState.pending
    assert checks(process) == ["planned"]
    assert [topic.slug for topic in page(process).asked] == ["knee"]


def test_the_address_is_sealed_to_its_row(process: Process, ask: Ask) -> None:
    ask()
    (row,) = rows(process)
    assert b"mail.example" not in bytes(row.email).lower()
    assert subscriptions.email_of(process.vault, row) == ANA
    with pytest.raises(VaultError):
        process.vault.open("subscriptions.email", uuid4(), row.email)


def test_however_often_it_is_asked_for_an_hour_has_one_mail(process: Process, ask: Ask, clock: SetClock) -> None:
    for topic, email in (("knee", ANA), ("knee", "ana@mail.example"), ("hip", "ANA@mail.example")):
        ask(topic, email)
    assert len(rows(process)) == 2
    assert checks(process) == ["planned"]
    clock.advance(HOUR)
    ask()
    assert len(checks(process)) == 2
    ask(email="bo@mail.example")  # control: it is the address that counts
    assert len(checks(process)) == 3


def test_of_a_topic_that_is_none_nobody_can_hear(process: Process, ask: Ask) -> None:
    with pytest.raises(NotFound):
        ask("elbow")
    assert rows(process) == []


def test_a_yes_is_for_the_topics_it_names_and_counts_once(process: Process, ask: Ask, clock: SetClock) -> None:
    ask()
    ask("hip")
    confirm(process, "knee")
    clock.advance(HOUR)
    confirm(process, "knee", "elbow")
    assert [(row.state.value, row.confirmed_at) for row in rows(process)] == [("active", NOW), ("pending", None)]
    assert ([t.slug for t in page(process).active], [t.slug for t in page(process).asked]) == (["knee"], ["hip"])


def test_who_hears_already_is_changed_by_nobody_who_asks(process: Process, ask: Ask, clock: SetClock) -> None:
    ask()
    confirm(process)
    clock.advance(HOUR)
    ask(timezone="Asia/Tokyo")
    (row,) = rows(process)
    assert (row.state, row.timezone, row.revision) == (SubscriptionState.active, "America/Denver", 0)
    assert checks(process) == ["planned", "planned"]  # they are told, as anybody would be


def test_a_yes_after_the_end_is_too_late(process: Process, ask: Ask) -> None:
    ask()
    confirm(process)
    end(process)
    confirm(process)  # pressed again in a page that was left open
    assert rows(process)[0].state is SubscriptionState.ended


def test_one_press_ends_everything_and_what_was_planned(process: Process, ask: Ask) -> None:
    ask()
    ask("hip")
    confirm(process, "knee")
    end(process)
    end(process)
    assert {row.state.value for row in rows(process)} == {"ended"}
    assert checks(process) == ["skipped"]
    assert (page(process).active, page(process).asked, page(process).can_undo) == ([], [], True)


def test_a_mistake_is_undone_for_ten_minutes(process: Process, ask: Ask, clock: SetClock) -> None:
    def undo() -> bool:
        with process.work() as work:
            return subscriptions.undo(work, token_of(process), clock.now())

    ask()
    ask("hip")
    confirm(process, "knee")
    assert not undo()  # nothing has ended
    end(process)
    clock.advance(10 * timedelta(minutes=1))
    assert undo()
    assert [row.state.value for row in rows(process)] == ["active", "pending"]
    end(process)
    clock.advance(10 * timedelta(minutes=1) + SECOND)
    assert not undo()
    assert rows(process)[0].state is SubscriptionState.ended


def test_coming_back_takes_another_yes_even_within_the_hour(process: Process, ask: Ask) -> None:
    ask()
    confirm(process)
    end(process)
    ask()
    (row,) = rows(process)
    assert (row.state, row.revision, row.confirmed_at) == (SubscriptionState.pending, 1, None)
    assert checks(process) == ["skipped", "planned"]
    ask()
    assert checks(process) == ["skipped", "planned"]


def test_links_are_for_one_purpose_and_one_subscription(process: Process, ask: Ask) -> None:
    ask()
    (row,) = rows(process)
    wrong = [
        process.vault.link_token(LinkPurpose.manage, row.id, row.link_version),
        process.vault.link_token(LinkPurpose.alert, row.id, row.link_version + 1),
        process.vault.link_token(LinkPurpose.alert, uuid4(), 0),
        "x" * 43,
    ]
    for token in wrong:
        with process.work() as work, pytest.raises(LinkInvalid):
            subscriptions.end(work, token, NOW)
    assert rows(process)[0].state is SubscriptionState.pending


def test_who_is_forgotten_is_found_by_nothing(process: Process, ask: Ask) -> None:
    ask()
    ask("hip")
    confirm(process, "knee")
    token, indexes = token_of(process), {bytes(row.email_index) for row in rows(process)}
    with process.work() as work:
        work.db.execute(sa.update(Message).values(provider_id="p-1", last_error="552 full"))
    with process.work() as work:
        subscriptions.forget(work, token, NOW)
    for row in rows(process):
        assert row.state is SubscriptionState.ended
        assert subscriptions.email_of(process.vault, row) == ""
        assert bytes(row.email_index) not in indexes
    assert checks(process) == ["skipped"]
    with process.read() as work:
        assert set(work.db.execute(sa.select(col(Message.provider_id), col(Message.last_error)))) == {(None, None)}
    with process.read() as work, pytest.raises(LinkInvalid):
        subscriptions.open_page(work, token, NOW)
    ask()  # is somebody new
    assert len(rows(process)) == 3


def test_what_nobody_confirms_is_deleted_after_a_week(process: Process, ask: Ask, clock: SetClock) -> None:
    ask()
    ask("hip")
    confirm(process, "hip")
    clock.set(NOW + 7 * DAY)
    retention.run(process, clock.now())
    assert len(rows(process)) == 2
    clock.advance(SECOND)
    retention.run(process, clock.now())
    assert [row.state.value for row in rows(process)] == ["active"]


def test_a_month_after_the_end_we_do_not_know_whose_it_was(process: Process, ask: Ask, clock: SetClock) -> None:
    ask()
    confirm(process)
    end(process)
    clock.set(NOW + 30 * DAY)
    retention.run(process, clock.now())
    assert subscriptions.email_of(process.vault, rows(process)[0]) == ANA
    clock.advance(SECOND)
    retention.run(process, clock.now())
    (row,) = rows(process)
    assert (subscriptions.email_of(process.vault, row), row.timezone, row.text_version) == ("", "", "2026-11")
    retention.run(process, clock.now())
    assert rows(process)[0].link_version == 1  # forgotten once


def test_hosts_see_numbers(process: Process, ask: Ask) -> None:
    ask()
    ask(email="bo@mail.example")
    confirm(process)
    with process.read() as work:
        assert [list(states.values()) for states in subscriptions.count(work).values()] == [[1, 1, 0]]


def test_the_public_may_not_ask_as_often_as_it_likes(sqlite_url: str, tmp_path: object, clock: SetClock) -> None:
    settings = make_settings(sqlite_url, tmp_path, register_limit_minute=2)  # type: ignore[arg-type]
    process = Process(settings, clock=clock, mail=MemoryMailer())
    for email in ("ana@mail.example", "bo@mail.example"):
        subscriptions.take_try(process, email, "198.51.100.0/24", NOW)
    with pytest.raises(TooManyRequests):
        subscriptions.take_try(process, "cy@mail.example", "198.51.100.0/24", NOW)
    subscriptions.take_try(process, "ana@mail.example", "203.0.113.0/24", NOW)
    with pytest.raises(TooManyRequests):
        subscriptions.take_try(process, "ANA@mail.example", "192.0.2.0/24", NOW)
    process.close()


def test_the_check_waits_in_the_ledger_without_a_registration(process: Process, ask: Ask) -> None:
    ask()
    with process.read() as work:
        message = work.db.scalars(sa.select(Message)).one()
    assert (message.registration_id, message.session_id, message.state) == (None, None, MessageState.planned)
    assert message.subscription_id == rows(process)[0].id
    assert bytes(rows(process)[0].email_index).hex()[:16] not in message.dedupe_key  # it outlives the address
