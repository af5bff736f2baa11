"""A finished mail taken apart, for providers that want its pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import compose_mail
from webinars.gateways.parts import Mailbox, parts_of
from webinars.terms import MessageKind


@dataclass(frozen=True, slots=True)
class RawMail:
    raw: bytes
    sender: str = "bounces@clinic.example"
    recipient: str = "ana@mail.example"
    message_id: str = "<1@clinic.example>"
    subject: str = "Hello"


def test_an_invitation_keeps_all_its_pieces() -> None:
    mail = compose_mail(replace(FACTS, kind=MessageKind.confirmation, name='Zoë "Zed" Łukasz'))
    parts = parts_of(mail)
    assert parts.sender.address == mail.sender
    assert parts.recipient.address == mail.recipient
    assert "Zoë" in parts.recipient.name
    assert parts.subject == mail.subject
    assert FACTS.manage_url in parts.text
    assert parts.html.lstrip().lower().startswith("<!doctype html>")
    assert parts.calendar_method == "REQUEST"
    assert parts.calendar.startswith(b"BEGIN:VCALENDAR\r\n")
    assert parts.calendar.rstrip().endswith(b"END:VCALENDAR")
    assert b"METHOD:REQUEST\r\n" in parts.calendar
    assert parts.headers["Message-ID"] == mail.message_id
    assert parts.headers["Auto-Submitted"] == "auto-generated"
    assert not {"From", "To", "Subject", "Content-Type", "Date", "MIME-Version"} & set(parts.headers)


def test_a_mail_without_a_calendar_has_none() -> None:
    parts = parts_of(RawMail(b"From: a@clinic.example\r\nTo: ana@mail.example\r\nSubject: Hello\r\n\r\nHello\r\n"))
    assert (parts.calendar, parts.calendar_method, parts.html) == (b"", "", "")
    assert parts.text == "Hello\n"


def test_a_name_is_quoted_when_printed() -> None:
    assert Mailbox('A "B" \\ C', "a@b.example").printed == '"A \\"B\\" \\\\ C" <a@b.example>'
    assert Mailbox("", "a@b.example").printed == "a@b.example"
