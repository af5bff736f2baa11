"""Mails say what is true when they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.support.scheduling import tick
from tests.webinars.documents.facts import plain_of
from webinars.rules.sessions import wall_time
from webinars.rules.texts import OwnWords
from webinars.services import attendance, follow_ups, registrations, reminder_rules, sessions, texts
from webinars.services.delivery import Sender
from webinars.tables import WebinarSession
from webinars.terms import AttendanceState, MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

MINUTE = timedelta(minutes=1)


def move(process: Process, session_id: UUID, starts_at: datetime) -> None:
    with process.work() as work:
        wall = wall_time(starts_at, "America/Denver")
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor=ACTOR, now=process.clock.now())


def test_people_who_wait_are_told_of_a_move_too(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session(capacity=1).session
    for email in ("seat@mail.example", "line@mail.example"):
        factory.registration(session.id, email)
    move(process, session.id, session.starts_at + timedelta(hours=1))
    sender.send_due(NOW)
    subjects = {mail.subject.partition(":")[0] for mail in mailer.to("line@mail.example")}
    assert subjects == {"On the waitlist", "New time"}


def test_who_lost_a_seat_by_a_hosts_hand_loses_the_calendar_entry(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    registration_id = factory.registration(factory.session().session.id, "ana@mail.example").registration.id
    sender.send_due(NOW)
    clock.advance(MINUTE)
    with process.work() as work:
        registrations.decline(work, registration_id, clock.now())
    sender.send_due(clock.now())
    _, declined = mailer.to("ana@mail.example")
    assert b"method=CANCEL" in declined.raw


def test_a_follow_up_speaks_of_what_is_known_when_it_is_sent(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer, clock: SetClock
) -> None:
    session = factory.session().session
    registration_id = factory.registration(session.id, "ana@mail.example").registration.id
    sender.send_due(NOW)
    clock.set(session.ends_at + 120 * MINUTE)
    with process.work() as work:
        follow_ups.settle_due(work, clock.now())  # nobody has reported anything: a no-show
    report = attendance.Report(registration_id, None, session.starts_at, session.ends_at)
    with process.work() as work:
        attendance.record(work, session.id, [report], clock.now())
    sender.send_due(clock.now())
    assert mailer.to("ana@mail.example")[-1].subject == "Thank you for joining us"
    with process.read() as work:
        (item,) = follow_ups.list_follow_ups(work, session.id, cursor=None, limit=1).items
    assert item.follow_up.segment is AttendanceState.attended


def test_public_pages_open_in_the_language_of_the_mail(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    slug = factory.webinar()
    first, second = (factory.session(slug, starts_in=timedelta(days=days)).session for days in (7, 9))
    people = {"es-US": "ana@mail.example", "en-US": "bert@mail.example"}
    for session in (first, second):
        for locale, email in people.items():
            factory.registration(session.id, email, locale=locale)

    sender.send_due(NOW)

    def last_texts(cancelled: WebinarSession) -> list[str]:
        with process.work() as work:
            sessions.cancel_session(work, cancelled.id, version=None, actor=ACTOR, now=NOW)
        sender.send_due(NOW)
        return [plain_of(mailer.to(email)[-1]) for email in people.values()]

    next_one, all_of_them = f"/sessions/{second.id}/register", process.settings.base_url + "/"
    spanish, english = last_texts(first)
    assert f"{next_one}?lang=es" in spanish
    assert f"{next_one}\n" in english
    spanish, english = last_texts(second)
    assert f"{all_of_them}?lang=es" in spanish
    assert f"{all_of_them}\n" in english
    assert "lang=" not in english


OF_RULE, OF_MAILS = "See you soon, {{ name }}.", "Le esperamos, {{ name }}."


@pytest.mark.parametrize(
    ("rule", "mails", "said"),
    [
        ({"en": OF_RULE, "es": "Hasta pronto, {{ name }}."}, "", "Hasta pronto, Ana Núñez."),
        ({"en": OF_RULE}, OF_MAILS, "Le esperamos, Ana Núñez."),
        ({"en": OF_RULE}, "", "Su seminario web comienza"),
        ({}, "", "Su seminario web comienza"),
    ],
)
def test_who_reads_spanish_gets_the_rules_words_in_it_or_the_usual_ones_and_never_english_ones(
    process: Process,
    factory: Factory,
    mailer: MemoryMailer,
    clock: SetClock,
    rule: dict[str, str],
    mails: str,
    said: str,
) -> None:
    webinar = factory.webinar()
    with process.work() as work:
        facts = {"offset_minutes": -180, "texts": rule}
        reminder_rules.create_rule(work, webinar, facts, actor=ACTOR, now=NOW)
        if mails:
            words = OwnWords("", mails)
            texts.save_text(work, webinar, MessageKind.reminder, "es", words, version=None, actor=ACTOR, now=NOW)
    session = factory.session(webinar).session
    for locale in ("es", "en"):
        factory.registration(session.id, f"{locale}@mail.example", locale=f"{locale}-US")
    for moment in (NOW, session.starts_at - 180 * MINUTE):
        clock.set(moment)
        tick(process, moment)
    spanish, english = (plain_of(mailer.to(f"{locale}@mail.example")[-1]) for locale in ("es", "en"))
    assert said in spanish
    assert "See you soon" not in spanish
    assert ("See you soon, Ana Núñez." in english) == ("en" in rule)
