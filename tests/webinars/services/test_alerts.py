"""New sessions find those who wait for their topic: once, in daytime, together, and never past a no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import alerts as job
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.documents.facts import plain_of
from webinars.queries import subscriptions as subscriptions_queries
from webinars.services import alerts, consents, registrations, sessions, subscriptions, suppressions, webinars
from webinars.services.consents import ConsentAnswer
from webinars.services.delivery import Sender
from webinars.services.subscriptions import Wanted, message_row, page_url
from webinars.tables import Message, Registration, Subscription
from webinars.terms import MessageKind, PublicationStatus, SuppressionReason
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
ANA, BO = "ana@mail.example", "bo@mail.example"
MORNING = datetime.fromisoformat("2026-03-02T16:00:00Z")
"""9:00 in Denver on the day of NOW."""
YES = ConsentAnswer("topic_alerts", "email", True, "form")
Wait = Callable[..., str]


@pytest.fixture
def wait(process: Process, factory: Factory, clock: SetClock) -> Wait:
    """Somebody who said yes to topics; gives the token of their links. The clock stands at 9:00 where they are."""
    clock.set(MORNING)
    factory.topic()
    factory.topic("acl", "Torn ACL", parent="knee")
    factory.topic("hip", "Hip")
    factory.webinar(topics=("knee",))
    factory.webinar("hip-options", topics=("hip",))

    def waiting(email: str = ANA, *topics: str, timezone: str = "America/Denver") -> str:
        for topic in topics or ("knee",):
            with process.work() as work:
                wanted = Wanted(email, timezone, "en-US", "2026-11", "0" * 64)
                subscriptions.subscribe(work, topic, wanted, clock.now())
        row = next(row for row in people(process) if subscriptions.email_of(process.vault, row) == email)
        token = page_url(process.settings, process.vault, row).rpartition("/")[2]
        with process.work() as work:
            subscriptions.confirm(work, token, {"knee", "acl", "hip"}, clock.now())
        with process.work() as work:  # only alerts are looked at here
            work.db.execute(sa.delete(Message).where(col(Message.kind) == MessageKind.alert_check))
        clock.advance(timedelta(minutes=1))
        return token

    return waiting


def people(process: Process) -> list[Subscription]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(Subscription).order_by(col(Subscription.id))))


def planned(process: Process, kind: MessageKind = MessageKind.alert) -> list[Message]:
    with process.read() as work:
        query = sa.select(Message).where(col(Message.kind) == kind).order_by(col(Message.id))
        return list(work.db.scalars(query))


def told(message: Message) -> list[UUID]:
    return [UUID(text) for text in message.facts["sessions"]]


def plan(process: Process) -> int:
    return job.run(process, process.clock.now())


def send(process: Process) -> list[tuple[str, str | None]]:
    sender = Sender(process)
    sender.send_due(process.clock.now())
    sender.stop()
    return [(message.state.value, message.reason) for message in planned(process)]


def alerts_of(mailer: MemoryMailer) -> list[Any]:
    return [mail for mail in mailer.mails if mail.subject == "New webinar dates"]


def test_a_new_session_is_told_once(process: Process, factory: Factory, wait: Wait) -> None:
    before = factory.session("knee-options").session.id
    plan(process)
    wait()
    assert plan(process) == 0  # they could see that one
    new = factory.session("knee-options").session.id
    factory.session("hip-options")
    assert [plan(process), plan(process)] == [1, 0]
    assert [told(message) for message in planned(process)] == [[new]]
    assert before != new


def test_an_area_tells_of_its_conditions_and_they_of_their_area(process: Process, factory: Factory, wait: Wait) -> None:
    wait(ANA, "knee")
    wait(BO, "acl")
    factory.webinar("acl-options", topics=("acl",))
    factory.session("acl-options")
    assert plan(process) == 2
    factory.session("hip-options")
    assert plan(process) == 0


def test_one_mail_in_seven_days_with_all_that_came_in_between(
    process: Process, factory: Factory, wait: Wait, clock: SetClock
) -> None:
    wait(ANA, "knee", "hip")
    first = factory.session("knee-options", starts_in=30 * DAY).session.id
    assert plan(process) == 1
    clock.advance(HOUR)
    second = factory.session("knee-options", starts_in=20 * DAY).session.id
    third = factory.session("hip-options", starts_in=25 * DAY).session.id
    assert plan(process) == 0
    clock.advance(WEEK - HOUR - timedelta(seconds=1))
    assert plan(process) == 0
    clock.advance(timedelta(seconds=1))
    assert plan(process) == 1
    assert [told(message) for message in planned(process)] == [[first], [second, third]]


def test_an_alert_that_came_to_nothing_leaves_the_week_to_the_next(
    process: Process, factory: Factory, wait: Wait, clock: SetClock, mailer: MemoryMailer
) -> None:
    wait()
    clock.advance(12 * HOUR)  # in the evening: it waits for the morning
    first = factory.session("knee-options", starts_in=30 * DAY).session.id
    assert plan(process) == 1
    with process.work() as work:
        sessions.cancel_session(work, first, version=None, actor=ACTOR, now=clock.now())
    factory.session("knee-options", starts_in=5 * DAY)
    clock.advance(timedelta(minutes=1))
    assert plan(process) == 0  # it waits, and nobody knows yet what becomes of it
    clock.advance(12 * HOUR)
    assert send(process) == [("skipped", "cancelled")]
    assert [plan(process), plan(process)] == [1, 0]
    assert send(process) == [("skipped", "cancelled"), ("sent", None)]
    assert len(alerts_of(mailer)) == 1


NOWHERE = "US/Pacific-New"
"""A zone that there was, and that new zone data know no more."""


def test_somebody_whose_zone_is_no_more_gets_theirs_and_stops_nobody(
    process: Process, factory: Factory, wait: Wait, clock: SetClock, mailer: MemoryMailer
) -> None:
    wait(ANA)
    wait(BO)
    with process.work() as work:
        work.db.get_one(Subscription, people(process)[0].id).timezone = NOWHERE
    factory.session("knee-options")
    assert plan(process) == 2
    clock.advance(HOUR)
    assert send(process) == [("sent", None)] * 2
    assert {mail.recipient for mail in alerts_of(mailer)} == {ANA, BO}


def test_control_without_the_memory_of_the_last_alert_it_is_told_again(
    process: Process, factory: Factory, wait: Wait, monkeypatch: pytest.MonkeyPatch, clock: SetClock
) -> None:
    wait()
    factory.session("knee-options")
    monkeypatch.setattr(subscriptions_queries, "note_alerted", lambda *_: None)
    assert [plan(process), plan(process)] == [1, 0]  # the key alone holds
    with process.work() as work:
        work.db.execute(sa.update(Message).values(dedupe_key="lost"))
    assert plan(process) == 1


def walk_both_at_once(process: Process, factory: Factory) -> int:
    """Plan for two topics of one person, each as a worker does that has not seen what the other wrote."""
    factory.session("knee-options")
    factory.session("hip-options")
    with process.work() as work:
        alerts.note_open(work, process.clock.now())
        news = alerts.list_news(work, process.clock.now())
    made = 0
    for topic_id in news:
        with process.work() as work:
            work.db.execute(sa.update(Subscription).values(alerted_at=None))
            made += alerts.plan_chunk(work, topic_id, news, process.clock.now())[1]
    return made


def test_two_topics_that_are_walked_at_once_make_one_mail(process: Process, factory: Factory, wait: Wait) -> None:
    wait(ANA, "knee", "hip")
    assert walk_both_at_once(process, factory) == 1


def test_control_with_a_key_of_the_subscription_they_make_two(
    process: Process, factory: Factory, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    def row(kind: MessageKind, _: str, subscription_id: UUID, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return message_row(kind, f"alert:{subscription_id}", subscription_id, *args, **kwargs)

    wait(ANA, "knee", "hip")
    monkeypatch.setattr(alerts, "message_row", row)
    assert walk_both_at_once(process, factory) == 2


def test_at_night_it_waits_for_the_morning_there(
    process: Process, factory: Factory, wait: Wait, clock: SetClock
) -> None:
    wait(ANA)
    wait(BO, timezone="Asia/Tokyo")
    factory.session("knee-options")
    plan(process)
    assert [message.due_at for message in planned(process)] == [
        clock.now(),
        datetime.fromisoformat("2026-03-03T00:00:00Z"),  # 9:00 in Tokyo
    ]


def test_a_mail_that_comes_late_waits_for_the_next_morning(
    process: Process, factory: Factory, wait: Wait, clock: SetClock, mailer: MemoryMailer
) -> None:
    wait()
    factory.session("knee-options")
    plan(process)
    clock.set(MORNING + 12 * HOUR)  # nothing was sent all day
    assert send(process) == [("planned", None)]
    assert planned(process)[0].next_attempt_at == MORNING + DAY
    clock.set(MORNING + DAY)
    assert send(process) == [("sent", None)]
    assert len(alerts_of(mailer)) == 1


def test_who_has_registered_is_not_told_of_that_session(process: Process, factory: Factory, wait: Wait) -> None:
    wait()
    known, other = (factory.session("knee-options", starts_in=days * DAY).session.id for days in (7, 8))
    factory.registration(known, "ANA@mail.example")
    plan(process)
    assert [told(message) for message in planned(process)] == [[other]]


def test_only_what_takes_registrations_is_news(process: Process, factory: Factory, wait: Wait, clock: SetClock) -> None:
    wait()
    full = factory.session("knee-options", capacity=1, waitlist_open=False).session.id
    factory.registration(full)
    factory.webinar("draft", topics=("knee",), status=PublicationStatus.draft)
    draft = factory.session("draft").session.id
    assert plan(process) == 0
    with process.work() as work:
        changes = {"status": PublicationStatus.published}
        webinars.update_webinar(
            work, "draft", changes, topics=None, presenters=None, version=None, actor=ACTOR, now=clock.now()
        )
    clock.advance(HOUR)
    assert plan(process) == 1
    assert [told(message) for message in planned(process)] == [[draft]]


def test_before_sending_it_is_looked_at_once_more(
    process: Process, factory: Factory, wait: Wait, clock: SetClock, mailer: MemoryMailer
) -> None:
    wait()
    gone, taken, open_ = (factory.session("knee-options", starts_in=days * DAY).session for days in (7, 8, 9))
    plan(process)
    with process.work() as work:
        sessions.cancel_session(work, gone.id, version=None, actor=ACTOR, now=clock.now())
    factory.registration(taken.id, ANA)
    assert send(process) == [("sent", None)]
    (mail,) = alerts_of(mailer)
    assert f"/sessions/{open_.id}/register" in mail.raw.decode().replace("=\r\n", "")
    assert str(gone.id) not in mail.raw.decode().replace("=\r\n", "")
    assert str(taken.id) not in mail.raw.decode().replace("=\r\n", "")


def test_the_dates_are_linked_to_in_the_readers_language(
    process: Process, factory: Factory, wait: Wait, mailer: MemoryMailer
) -> None:
    wait()
    with process.work() as work:
        work.db.execute(sa.update(Subscription).values(locale="es-US"))
    session = factory.session("knee-options").session
    plan(process)
    assert send(process) == [("sent", None)]
    (mail,) = mailer.mails
    assert f"/sessions/{session.id}/register?lang=es" in plain_of(mail)


def test_an_alert_about_nothing_is_not_sent(process: Process, factory: Factory, wait: Wait, clock: SetClock) -> None:
    wait()
    session = factory.session("knee-options").session
    plan(process)
    with process.work() as work:
        sessions.cancel_session(work, session.id, version=None, actor=ACTOR, now=clock.now())
    assert send(process) == [("skipped", "cancelled")]


def test_who_ends_it_while_it_is_planned_gets_nothing(
    process: Process, factory: Factory, wait: Wait, mailer: MemoryMailer
) -> None:
    token = wait()
    factory.session("knee-options")
    plan(process)
    with process.work() as work:
        subscriptions.end(work, token, process.clock.now())
        # As if the planner had written its row a moment later.
        work.db.execute(sa.update(Message).values(state="planned", reason=None))
    assert send(process) == [("skipped", "consent")]
    assert alerts_of(mailer) == []


def test_control_who_does_not_end_it_gets_it(process: Process, factory: Factory, wait: Wait) -> None:
    wait()
    factory.session("knee-options")
    plan(process)
    assert send(process) == [("sent", None)]


def test_to_an_address_that_takes_no_mail_nothing_is_sent(process: Process, factory: Factory, wait: Wait) -> None:
    wait()
    factory.session("knee-options")
    plan(process)
    with process.work() as work:
        index = process.vault.index("email", ANA)
        suppressions.mark(work, index, SuppressionReason.bounced, "", message_id=None, now=process.clock.now())
    assert send(process) == [("skipped", "suppressed")]


def test_many_are_planned_chunk_by_chunk(
    process: Process, factory: Factory, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        wait(f"person{number}@mail.example")
    factory.session("knee-options")
    monkeypatch.setattr(alerts, "_CHUNK", 3)
    assert [plan(process), plan(process)] == [7, 0]


def test_after_a_crash_the_rest_is_planned_and_nothing_twice(
    process: Process, factory: Factory, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        wait(f"person{number}@mail.example")
    factory.session("knee-options")
    monkeypatch.setattr(alerts, "_CHUNK", 3)
    with process.work() as work:
        alerts.note_open(work, process.clock.now())
        news = alerts.list_news(work, process.clock.now())
    topic_id = people(process)[0].topic_id
    with process.work() as work:
        alerts.plan_chunk(work, topic_id, news, process.clock.now())
    with process.work() as work:  # the power goes before the second chunk is committed
        alerts.plan_chunk(work, topic_id, news, process.clock.now())
        work.db.rollback()
    assert len(planned(process)) == 3
    assert plan(process) == 4
    assert len({message.subscription_id for message in planned(process)}) == 7


# What was agreed to at registering.


def ask(process: Process) -> int:
    return job.ask_consenting(process, process.clock.now())


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    factory.topic()
    factory.topic("acl", "Torn ACL", parent="knee")
    factory.webinar(topics=("knee", "acl"))
    return factory.session("knee-options").session.id


def test_a_consent_at_registering_is_asked_about_once_a_while_later(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    factory.registration(session_id, ANA, consents=[YES])
    factory.registration(session_id, BO, consents=[ConsentAnswer("topic_alerts", "email", False, "form")])
    assert ask(process) == 0
    clock.advance(HOUR + timedelta(minutes=1))
    assert [ask(process), ask(process)] == [1, 0]
    (row,) = people(process)
    assert (row.state.value, subscriptions.email_of(process.vault, row)) == ("pending", ANA)
    assert [message.due_at for message in planned(process, MessageKind.alert_check)] == [clock.now()]
    clock.advance(10 * DAY)
    assert ask(process) == 0  # nor after a week, when it was deleted


def test_somebody_whose_zone_is_no_more_is_asked_by_the_session_s_and_stops_nobody(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    registration_id = factory.registration(session_id, ANA, consents=[YES]).registration.id
    factory.registration(session_id, BO, consents=[YES])
    with process.work() as work:
        work.db.get_one(Registration, registration_id).timezone = NOWHERE
    clock.advance(2 * HOUR)
    assert ask(process) == 2
    assert {row.timezone for row in people(process)} == {"America/Denver"}


def test_a_consent_taken_back_ends_what_came_of_it(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    registration_id = factory.registration(session_id, ANA, consents=[YES]).registration.id
    clock.advance(2 * HOUR)
    ask(process)
    with process.work() as work:
        no = [ConsentAnswer("topic_alerts", "email", False, "api")]
        consents.answer(work, registration_id, no, address_block="", actor=ACTOR, now=clock.now())
    assert [row.state.value for row in people(process)] == ["ended"]
    assert [message.state.value for message in planned(process, MessageKind.alert_check)] == ["skipped"]
    clock.advance(2 * HOUR)
    assert ask(process) == 0


def test_a_consent_taken_back_before_is_not_asked_about(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    registration_id = factory.registration(session_id, ANA, consents=[YES]).registration.id
    with process.work() as work:
        no = [ConsentAnswer("topic_alerts", "email", False, "api")]
        consents.answer(work, registration_id, no, address_block="", actor=ACTOR, now=clock.now())
    clock.advance(2 * HOUR)
    assert ask(process) == 0


def test_an_unticked_box_at_another_registering_takes_nothing_back(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    factory.registration(session_id, ANA, consents=[YES])
    clock.advance(2 * HOUR)
    ask(process)
    other = factory.session("knee-options").session.id
    factory.registration(other, ANA, consents=[ConsentAnswer("topic_alerts", "email", False, "form")])
    clock.advance(2 * HOUR)
    ask(process)
    assert [row.state.value for row in people(process)] == ["pending"]


def test_who_gave_up_the_seat_is_not_asked(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    registration_id = factory.registration(session_id, ANA, consents=[YES]).registration.id
    with process.work() as work:
        registrations.withdraw(work, registration_id, clock.now())
    clock.advance(2 * HOUR)
    assert ask(process) == 0


def test_who_said_no_is_asked_again_only_after_a_new_consent(
    process: Process, factory: Factory, session_id: UUID, clock: SetClock
) -> None:
    factory.registration(session_id, ANA, consents=[YES])
    clock.advance(2 * HOUR)
    ask(process)
    token = page_url(process.settings, process.vault, people(process)[0]).rpartition("/")[2]
    with process.work() as work:
        subscriptions.end(work, token, clock.now())
    clock.advance(HOUR)
    assert ask(process) == 0
    factory.registration(factory.session("knee-options").session.id, ANA, consents=[YES])
    clock.advance(2 * HOUR)
    assert ask(process) == 1
    assert (people(process)[0].state.value, people(process)[0].revision) == ("pending", 1)
    assert people(process)[0].created_at > NOW
