"""What every mail is made of, and what each kind says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from ical.calendar_stream import IcsCalendarStream

from tests.webinars.documents.facts import (
    FACTS,
    NASTY_NAMES,
    calendar_of,
    composed,
    every_variant,
    html_of,
    of_kind,
    parsed,
    plain_of,
)
from tests.webinars.documents.test_texts import ANY_TEXT
from webinars.documents.mails import Mail, compose_mail, message_id_for
from webinars.documents.texts import calendar_name
from webinars.rules.texts import WRITABLE
from webinars.terms import AttendanceState, MessageKind, RegistrationStatus

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]
METHOD_OF = {
    MessageKind.confirmation: "REQUEST",
    MessageKind.resent: "REQUEST",
    MessageKind.moved: "REQUEST",
    MessageKind.updated: "REQUEST",
    MessageKind.reinstated: "REQUEST",
    MessageKind.session_cancelled: "CANCEL",
    MessageKind.withdrawn: "CANCEL",
    MessageKind.declined: "CANCEL",
}
EVERY_KIND = pytest.mark.parametrize("kind", WRITABLE)


def assert_sound(mail: Mail) -> None:
    """The shape all mails share, whatever names and titles they carry."""
    message = parsed(mail)
    assert [name for name, _ in message.items()] == HEADERS
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", mail.raw)
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert not any(part.defects for part in message.walk())
    (to,) = message["To"].addresses
    assert to.addr_spec == mail.recipient
    (sender,) = message["From"].addresses
    assert sender.addr_spec == mail.sender


@EVERY_KIND
def test_the_parts_and_their_order(kind: MessageKind) -> None:
    mail = of_kind(kind)
    assert_sound(mail)
    types = [part.get_content_type() for part in parsed(mail).walk()]
    plain_and_html = ["multipart/alternative", "text/plain", "text/html"]
    if kind in METHOD_OF:
        assert types == ["multipart/mixed", *plain_and_html, "text/calendar", "application/ics"]
    else:
        assert types == plain_and_html


@pytest.mark.parametrize("kind", list(METHOD_OF))
def test_the_calendar_part(kind: MessageKind) -> None:
    mail = of_kind(kind)
    *_, calendar, attachment = parsed(mail).walk()
    content = calendar_of(mail)
    assert content is not None
    assert calendar["Content-Disposition"] is None
    assert calendar["Content-Transfer-Encoding"] == attachment["Content-Transfer-Encoding"] == "base64"
    assert calendar.get_content_charset() == "utf-8"
    assert calendar["Content-Type"].params["method"] == METHOD_OF[kind]
    assert f"\r\nMETHOD:{METHOD_OF[kind]}\r\n".encode() in content
    assert attachment.get_payload(decode=True) == content
    assert attachment.get_filename() == "invite.ics"
    event = vobject.readOne(content.decode()).vevent
    (by_ical,) = IcsCalendarStream.calendar_from_ics(content.decode()).events
    assert event.dtstart.value == by_ical.dtstart == FACTS.starts_at
    assert event.summary.value == by_ical.summary == "Your webinar"
    assert event.uid.value == by_ical.uid == f"ses-{FACTS.session_id}@clinic.example"
    assert event.attendee.value == f"mailto:{mail.recipient}"
    assert event.organizer.value == f"mailto:{mail.sender}"


def test_leaving_says_no_status_and_a_cancelled_session_does() -> None:
    assert b"STATUS" not in (calendar_of(of_kind(MessageKind.withdrawn)) or b"STATUS")
    assert b"STATUS:CANCELLED" in (calendar_of(of_kind(MessageKind.session_cancelled)) or b"")


def test_calendars_are_left_alone_where_nothing_was_entered() -> None:
    waitlisted = RegistrationStatus.waitlisted
    assert calendar_of(of_kind(MessageKind.withdrawn, had_invite=False)) is None
    assert calendar_of(of_kind(MessageKind.session_cancelled, status=waitlisted, had_invite=False)) is None
    assert calendar_of(of_kind(MessageKind.moved, status=waitlisted)) is None
    assert calendar_of(of_kind(MessageKind.resent, status=waitlisted)) is None
    assert "tap Yes" not in plain_of(of_kind(MessageKind.moved, status=waitlisted))


@EVERY_KIND
def test_a_repeat_is_the_same_mail(kind: MessageKind) -> None:
    assert of_kind(kind).raw == of_kind(kind).raw
    later = of_kind(kind, composed_at=FACTS.composed_at + timedelta(seconds=1))
    assert later.raw != of_kind(kind).raw


def test_the_headers_say_who_and_when() -> None:
    message = parsed(composed(sender_name="Webinar team"))
    assert message["From"] == "Webinar team <webinars@clinic.example>"
    assert message["To"] == "Ana Núñez <ana@mail.example>"
    assert parsedate_to_datetime(message["Date"]) == FACTS.composed_at
    assert message["Message-ID"] == FACTS.message_id
    assert message["References"] == f"<reg-{FACTS.registration_id}@clinic.example>"
    assert message["Auto-Submitted"] == "auto-generated"


@EVERY_KIND
def test_both_wall_times_are_printed(kind: MessageKind) -> None:
    mail = of_kind(kind)
    for text in (plain_of(mail), html_of(mail)):
        assert "Thursday, March 18, 2027, 8:00 PM Eastern Time (America/New_York)" in text
        assert "Thursday, March 18, 2027, 6:00 PM Mountain Time (America/Denver)" in text
    at_home = plain_of(of_kind(kind, timezone="America/Denver"))
    assert "At the clinic" not in at_home


def test_a_moved_session_shows_both_times() -> None:
    text = plain_of(of_kind(MessageKind.moved))
    assert "New time: Thursday, March 18, 2027, 8:00 PM" in text
    assert "Until now it was: Thursday, March 11, 2027, 8:00 PM" in text
    assert "Thursday, March 11, 2027, 6:00 PM Mountain Time" in text
    assert "Until now" not in plain_of(of_kind(MessageKind.moved, former_starts_at=None))


@EVERY_KIND
def test_plain_and_html_lead_to_the_same_places(kind: MessageKind) -> None:
    mail = of_kind(kind)
    in_plain = set(re.findall(r"https://\S+", plain_of(mail)))
    in_html = set(re.findall(r'href="([^"]+)"', html_of(mail)))
    assert in_plain == in_html
    assert FACTS.manage_url in in_plain


@EVERY_KIND
def test_plain_text_gives_a_link_a_line_of_its_own(kind: MessageKind) -> None:
    lines = plain_of(of_kind(kind)).split("\n")
    for before, line in pairwise(lines):
        if "https://" in line:
            assert re.fullmatch(r"https://\S+", line)
            assert re.fullmatch(r"[A-Z][^.]*:", before)  # its label, and nothing run into it


def test_the_way_in_is_given_to_the_confirmed_alone() -> None:
    for mail in every_variant():
        if "Join the webinar" in plain_of(mail) or "#evaluation" in plain_of(mail):
            continue  # after the end the same link leads to what comes then
        assert FACTS.join_url.encode() not in mail.raw.replace(b"=\r\n", b"")
        assert b"REQUEST" not in (calendar_of(mail) or b"")
    for status in set(RegistrationStatus) - {RegistrationStatus.confirmed}:
        for kind in (MessageKind.resent, MessageKind.moved):
            assert FACTS.join_url not in plain_of(of_kind(kind, status=status))


def test_invitations_say_how_to_accept_them() -> None:
    for kind, method in METHOD_OF.items():
        assert ("tap Yes" in plain_of(of_kind(kind))) == (method == "REQUEST")


@pytest.mark.parametrize(
    ("minutes", "subject", "sentence"),
    [
        (1440, "Tomorrow: Your webinar on Thu, Mar 18, 8:00 PM", "Your webinar is tomorrow."),
        (60, "In 1 hour: Your webinar on Thu, Mar 18, 8:00 PM", "Your webinar starts in 1 hour."),
        (10, "In 10 minutes: Your webinar on Thu, Mar 18, 8:00 PM", "Your webinar starts in 10 minutes."),
        (-3, "Starting now: Your webinar on Thu, Mar 18, 8:00 PM", "Your webinar is starting now."),
    ],
)
def test_a_reminder_says_what_is_true_when_it_is_made(minutes: int, subject: str, sentence: str) -> None:
    mail = of_kind(MessageKind.reminder, lead=timedelta(minutes=minutes))
    assert mail.subject == parsed(mail)["Subject"] == subject
    assert sentence in plain_of(mail)
    assert "stop reminders" in plain_of(mail)


def test_this_link_is_said_beside_the_button_and_not_beside_another_session() -> None:
    mail = of_kind(MessageKind.reminder, also_at=(FACTS.starts_at + timedelta(hours=3),))
    for text in (plain_of(mail), html_of(mail)):
        assert text.index("This link is yours alone.") < text.index("another webinar on that day") < text.index("Also")


def test_each_segment_has_its_own_follow_up() -> None:
    subjects, texts = set(), set()
    for segment in (AttendanceState.attended, AttendanceState.left_early, AttendanceState.no_show, None):
        mail = of_kind(MessageKind.follow_up, segment=segment)
        subjects.add(mail.subject)
        texts.add(plain_of(mail))
        assert f"{FACTS.join_url}#replay" in plain_of(mail)
        assert f"{FACTS.join_url}#evaluation" in plain_of(mail)
        was_there = segment in {AttendanceState.attended, AttendanceState.left_early}
        assert (f"{FACTS.join_url}#survey" in plain_of(mail)) == was_there
        assert "#replay" not in plain_of(of_kind(MessageKind.follow_up, segment=segment, has_replay=False))
        assert "information packet" in plain_of(mail)
    assert len(subjects) == len(texts) == 4


def test_the_packet_is_one_press_away_and_where_there_is_none_their_own_page() -> None:
    mail = of_kind(MessageKind.packet)
    assert mail.subject == "What you asked us for"
    assert "https://clinic.example/packet/1" in plain_of(mail)
    assert parsed(mail)["List-Unsubscribe"] is None  # it was asked for
    assert FACTS.join_url in plain_of(of_kind(MessageKind.packet, packet_url=None))


def test_every_kind_has_its_own_words() -> None:
    assert len({of_kind(kind).subject for kind in WRITABLE}) == len(WRITABLE)


def test_an_offer_says_until_when_in_the_registrants_zone() -> None:
    mail = of_kind(MessageKind.offered)
    assert "Please answer by: Tuesday, March 2, 2027" in plain_of(mail)
    assert FACTS.manage_url in plain_of(mail)
    assert calendar_of(mail) is None


def test_who_waits_is_told_of_another_date_with_free_places() -> None:
    other = datetime(2027, 3, 26, 0, 0, tzinfo=UTC)
    for kind in (MessageKind.waitlisted, MessageKind.lapsed):
        assert "Thursday, March 25, 2027" in plain_of(of_kind(kind, other_starts_at=other))
        assert "free places on another date" not in plain_of(of_kind(kind))


def test_who_moved_is_told_where_to_and_loses_the_old_entry() -> None:
    mail = of_kind(MessageKind.withdrawn, moved_to=datetime(2027, 3, 26, 0, 0, tzinfo=UTC))
    assert "You have changed to another date: Thursday, March 25, 2027" in plain_of(mail)
    assert b"METHOD:CANCEL" in (calendar_of(mail) or b"")


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_nasty_names_harm_nothing(name: str) -> None:
    mail = composed(name=name, public_title=name, sender_name=name, organization_name=name, organization_phone=name)
    assert_sound(mail)
    file = calendar_of(mail)
    assert file is not None
    attendee = vobject.readOne(file.decode()).vevent.attendee
    assert attendee.value == "mailto:ana@mail.example"
    assert attendee.params.get("CN", [""]) == [calendar_name(name)]


@hypothesis_settings(deadline=None, max_examples=60)
@given(name=ANY_TEXT, title=ANY_TEXT, organization=ANY_TEXT)
def test_any_text_makes_a_sound_mail(name: str, title: str, organization: str) -> None:
    assert_sound(composed(name=name, public_title=title, sender_name=organization, organization_name=organization))


def test_names_are_text_in_html() -> None:
    html = html_of(composed(name="<b>Ana</b> & Bo", organization_name="A & B <i>"))
    assert "Hello &lt;b&gt;Ana&lt;/b&gt; &amp; Bo" in html
    assert "A &amp; B &lt;i&gt;" in html


def test_html_asks_nobody_else_for_anything() -> None:
    for mail in every_variant():
        html = html_of(mail)
        assert not re.search(r"<img|<link|<script|src=|url\(|@import", html)
        assert '<html lang="en"' in html
        assert 'content="light dark"' in html


def test_a_person_without_a_usable_name_is_greeted_all_the_same() -> None:
    assert plain_of(composed(name="\x00")).startswith("Hello,\n")
    assert "x.example/win" not in composed(name="Win http://x.example/win").raw.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "a@b.example, c@d.example"},
        {"mail_from": "nobody"},
        {"message_id": "no brackets@x"},
        {"message_id": "<a@b>\r\nBcc: <c@d>"},
        {"join_url": "javascript:alert(1)"},
        {"packet_url": "https://x.example/\r\nX: y"},
        {"starts_at": datetime(2027, 3, 19)},  # noqa: DTZ001 - that is the point
        {"starts_at": datetime(2027, 3, 19), "kind": MessageKind.reminder},  # noqa: DTZ001
    ],
)
def test_what_cannot_be_mailed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"address|message id|zone"):
        composed(**changes)


def test_a_message_id_is_the_same_for_the_same_key() -> None:
    first = message_id_for("reminder:1:2:3", "webinars@clinic.example")
    assert first == message_id_for("reminder:1:2:3", "webinars@clinic.example")
    assert first != message_id_for("reminder:1:2:4", "webinars@clinic.example")
    assert re.fullmatch(r"<[0-9a-f]{32}@clinic\.example>", first)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "If it has disappeared from your calendar, open the attached invitation to add it again."),
        ("es-US", "Si ya no aparece en su calendario, abra la invitación adjunta para añadirlo de nuevo."),
    ],
)
def test_an_entry_that_a_late_cancellation_deleted_can_be_added_again(locale: str, sentence: str) -> None:
    mail = of_kind(MessageKind.reinstated, locale=locale)
    assert sentence in " ".join(plain_of(mail).split())
    names = [part.get_filename() for part in parsed(mail).walk() if part.get_content_disposition() == "attachment"]
    assert len(names) == 1
    waiting = of_kind(MessageKind.reinstated, locale=locale, status=RegistrationStatus.waitlisted)
    assert sentence not in " ".join(plain_of(waiting).split())
    assert b"attachment" not in waiting.raw


def test_dates_are_in_utc_whatever_the_machine() -> None:
    mail = compose_mail(replace(FACTS, composed_at=datetime(2027, 3, 1, 12, 30, tzinfo=UTC)))
    assert b"\r\nDate: Mon, 01 Mar 2027 12:30:00 +0000\r\n" in mail.raw


SPANISH = {
    MessageKind.confirmation: ("Confirmado: Su seminario web, jue, 18 de mar, 8:00 p.m.", "Gracias por inscribirse."),
    MessageKind.waitlisted: ("En lista de espera: ", "le hemos puesto en la lista de espera."),
    MessageKind.pending: ("Solicitud recibida: ", "Hemos recibido su solicitud."),
    MessageKind.offered: ("Un lugar para usted: ", "Hasta entonces le guardamos el lugar."),
    MessageKind.seat_free: ("Hay un lugar libre: ", "será para quien lo tome primero."),
    MessageKind.lapsed: ("El lugar pasó a la siguiente persona: ", "Le guardamos un lugar"),
    MessageKind.declined: ("Sobre su solicitud: ", "esta vez no podemos ofrecerle un lugar."),
    MessageKind.resent: ("Su inscripción: ", "Nos pidió su enlace."),
    MessageKind.withdrawn: ("Inscripción cancelada: ", "Gracias por avisarnos."),
    MessageKind.moved: ("Nuevo horario: ", "El horario de su seminario web ha cambiado."),
    MessageKind.updated: ("Actualizado: ", "El horario es el mismo"),
    MessageKind.session_cancelled: ("Cancelado: ", "no se va a celebrar."),
    MessageKind.reinstated: ("Finalmente sí se celebra: ", "Su lugar sigue reservado"),
    MessageKind.cannot_come: ("¿No puede participar? ", "Si no lo necesita, le pedimos que lo libere"),
    MessageKind.reminder: ("En 1 hora: ", "Su seminario web comienza en 1 hora."),
    MessageKind.not_there: ("Ya ha comenzado: ", "todavía no le hemos visto."),
    MessageKind.follow_up: ("Gracias por acompañarnos", "Pedir una evaluación"),
    MessageKind.packet: ("Lo que nos pidió", "Abrir la carpeta informativa"),
}
ENGLISH_WORDS = re.compile(r"\b(the|your|you|and|webinar|please|join|register|hello|clinic|regards)\b", re.IGNORECASE)


@EVERY_KIND
def test_who_reads_spanish_is_written_to_in_spanish(kind: MessageKind) -> None:
    mail = of_kind(kind, locale="es-US")
    subject, sentence = SPANISH[kind]
    assert mail.subject.startswith(subject)
    assert sentence in plain_of(mail)
    assert sentence in html_of(mail)
    assert "jueves, 18 de marzo de 2027, 8:00 p.m. hora oriental (America/New_York)" in plain_of(mail)
    assert "En la clínica: jueves, 18 de marzo de 2027, 6:00 p.m." in plain_of(mail)
    assert '<html lang="es" dir="ltr">' in html_of(mail)
    assert '<html lang="en" dir="ltr">' in html_of(of_kind(kind))


def test_no_english_word_is_left_in_a_spanish_mail() -> None:
    for mail in every_variant(locale="es-US", organization_name="Evergreen"):
        calendar = (calendar_of(mail) or b"").decode().replace("\r\n ", "")
        for text in (mail.subject, plain_of(mail), html_of(mail), calendar):
            shown = re.sub(r"https?://\S+|<style>.*?</style>|<[^>]*>|@\S+|\(America/\S+\)", " ", text, flags=re.DOTALL)
            found = [word for word in ENGLISH_WORDS.findall(shown) if not word.isupper()]
            assert found == [], (mail.subject, found)


def test_control_english_words_are_found() -> None:
    assert ENGLISH_WORDS.search(plain_of(composed()))


def test_a_hosts_title_is_said_as_it_is_in_every_language() -> None:
    assert composed(public_title="Evening talk", locale="es-US").subject.startswith("Confirmado: Evening talk, ")
    assert b"SUMMARY:Evening talk" in (calendar_of(composed(public_title="Evening talk", locale="es-US")) or b"")
    assert b"SUMMARY:Su seminario web" in (calendar_of(composed(locale="es-US")) or b"")
