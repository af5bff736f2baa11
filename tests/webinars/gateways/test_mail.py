"""Which transport a MAIL_URL names, and the two that send nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.webinars.documents.facts import FACTS, composed
from webinars.documents.mails import message_id_for
from webinars.errors import CannotStart
from webinars.gateways.mail import (
    DirTransport,
    MailDeferred,
    MailRefused,
    MailTransport,
    MailTransportDown,
    MailUnconfirmed,
    MemoryMailer,
    SmtpTransport,
    captured_mails,
    mail_transport,
)


@dataclass(frozen=True, slots=True)
class PlainMail:
    sender: str = "webinars@clinic.example"
    recipient: str = "ana@mail.example"
    message_id: str = "<1@clinic.example>"
    subject: str = "Hello"
    raw: bytes = b"Subject: Hello\r\nTo: ana@mail.example\r\n\r\nHello\r\n"


def test_nothing_configured_keeps_mails_in_a_folder(tmp_path: Path) -> None:
    transport = mail_transport("", captured_in=tmp_path / "mail")
    transport.send(PlainMail())
    assert [mail.subject for mail in captured_mails(tmp_path / "mail")] == ["Hello"]


def test_a_folder_may_be_named(tmp_path: Path) -> None:
    transport = mail_transport(f"dir://{tmp_path}/my%20mails", captured_in=tmp_path / "other")
    assert str(tmp_path / "my mails") in transport.check()
    transport.send(PlainMail())
    assert len(captured_mails(tmp_path / "my mails")) == 1


class NotNow(Exception):
    """What somebody may raise before the dot."""


@pytest.mark.parametrize(
    "url", ["", "postmark://TOKEN", "ses://KEY:SECRET@eu-west-1", "sendgrid://KEY", "mailgun://KEY@mg.clinic.example"]
)
def test_every_way_asks_before_it_hands_a_mail_over(url: str, tmp_path: Path) -> None:
    def refuse() -> None:
        raise NotNow

    transport = mail_transport(url, captured_in=tmp_path)
    with pytest.raises(NotNow):  # and no network, which there is none of here
        transport.send(PlainMail(), refuse)
    transport.close()
    assert captured_mails(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user", "password"),
    [
        ("smtp://mail.example", "mail.example", 587, False, "", ""),
        ("smtps://mail.example", "mail.example", 465, True, "", ""),
        ("smtp://u%40x:p%2F%3A%40@mail.example:25", "mail.example", 25, False, "u@x", "p/:@"),
        ("smtp://[::1]:2525", "::1", 2525, False, "", ""),
    ],
)
def test_a_server_may_be_named(url: str, host: str, port: int, tls: bool, user: str, password: str) -> None:
    transport = mail_transport(url, captured_in=Path("unused"))
    assert isinstance(transport, SmtpTransport)
    server = transport._server
    assert (server.host, server.port, server.tls, server.user, server.password) == (host, port, tls, user, password)
    assert not server.password or server.password not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "pigeon://secret@x",
        "mail.example:25",
        "smtp://",
        "smtp://secret@mail.example",
        "smtp://u:secret@mail.example:port",
        "smtp://u:secret@mail.example:99999",
        "dir://relative/path",
        "dir:///",
    ],
)
def test_what_cannot_be_used_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(CannotStart) as refusal:
        mail_transport(url, captured_in=Path("unused"))
    assert "MAIL_URL" in refusal.value.detail
    assert "secret" not in refusal.value.detail


def test_a_repeat_takes_the_place_of_its_first_copy(tmp_path: Path) -> None:
    transport = DirTransport(tmp_path)
    for raw in (b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n"):
        transport.send(replace(PlainMail(), raw=raw))
    transport.send(replace(PlainMail(), message_id="<2@clinic.example>"))
    assert sorted(mail.subject for mail in captured_mails(tmp_path)) == ["Hello", "two"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    "message_id", ["<../../etc/passwd@x>", "</abs@x>", "<..@x>", "<" + "a" * 400 + "@x>", "<\x00@x>"]
)
def test_no_message_id_leads_out_of_the_folder(tmp_path: Path, message_id: str) -> None:
    DirTransport(tmp_path / "in").send(replace(PlainMail(), message_id=message_id))
    assert [path.parent for path in tmp_path.rglob("*.eml")] == [tmp_path / "in"]


def test_different_ids_never_share_a_file(tmp_path: Path) -> None:
    for message_id in ("<a/b@x>", "<a?b@x>", "<a_b@x>"):
        DirTransport(tmp_path).send(replace(PlainMail(), message_id=message_id))
    assert len(captured_mails(tmp_path)) == 3


def test_kept_mails_are_read_back_newest_first(tmp_path: Path) -> None:
    transport = DirTransport(tmp_path)
    days = [1, 3, 2]
    for day in days:
        sent_at = datetime(2027, 3, day, tzinfo=UTC)
        transport.send(composed(composed_at=sent_at, message_id=message_id_for(str(day), FACTS.mail_from)))
    (tmp_path / "note.txt").write_text("not a mail")
    mails = captured_mails(tmp_path)
    assert [mail.dated_at.day for mail in mails] == [3, 2, 1]
    assert mails[0].subject == "Confirmed: Your webinar on Thu, Mar 18, 8:00 PM"
    assert mails[0].recipient == "Ana Núñez <ana@mail.example>"
    assert mails[0].text.startswith("Hello Ana Núñez,\n")
    assert mails[0].html.startswith("<!DOCTYPE html>")
    assert mails[0].calendar.startswith("BEGIN:VCALENDAR\n")
    assert (tmp_path / mails[0].file_name).is_file()


def test_no_folder_holds_no_mails(tmp_path: Path) -> None:
    assert captured_mails(tmp_path / "absent") == []


def test_a_mail_without_a_usable_date_is_the_oldest(tmp_path: Path) -> None:
    for number, date in enumerate(["", "Date: nonsense\r\n", "Date: Mon, 01 Mar 2027 12:30:00\r\n"]):
        raw = f"{date}Subject: {number}\r\n\r\n".encode()
        DirTransport(tmp_path).send(replace(PlainMail(), raw=raw, message_id=f"<{number}@x>"))
    assert captured_mails(tmp_path)[0].subject == "2"


def test_a_folder_that_cannot_be_made_is_trouble_of_the_transport(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    transport = DirTransport(tmp_path / "file" / "mail")
    with pytest.raises(MailTransportDown):
        transport.send(PlainMail())
    with pytest.raises(MailTransportDown):
        transport.check()


def test_memory_keeps_and_fails_as_told() -> None:
    mailer = MemoryMailer()
    transport: MailTransport = mailer
    mailer.failures = [MailDeferred("later", 450), MailUnconfirmed("silence")]
    with pytest.raises(MailDeferred):
        transport.send(PlainMail())
    with pytest.raises(MailUnconfirmed):
        transport.send(PlainMail())
    transport.send(replace(PlainMail(), recipient="bo@mail.example"))
    assert len(mailer.mails) == 2  # what is unconfirmed did arrive
    assert [mail.recipient for mail in mailer.to("bo@mail.example")] == ["bo@mail.example"]


def test_reasons_name_nobody() -> None:
    error = MailRefused("5.1.1 <ana@mail.example>: unknown\r\nuser ana@mail.example\x00", 550)
    assert "ana" not in error.reason
    assert error.reason.splitlines() == [error.reason]
    assert (error.code, error.permanent) == (550, True)
    assert not MailDeferred("x", 450).permanent


@pytest.mark.parametrize(
    ("url", "name", "endpoint"),
    [
        ("postmark://a-token", "postmark", "https://api.postmarkapp.com"),
        ("sendgrid://SG.key", "sendgrid", "https://api.sendgrid.com"),
        ("sendgrid://SG.key@eu", "sendgrid", "https://api.eu.sendgrid.com"),
        ("ses://AKID:se%2Fcret%2B@eu-west-1", "ses", "https://email.eu-west-1.amazonaws.com"),
    ],
)
def test_a_provider_may_be_named(url: str, name: str, endpoint: str) -> None:
    transport = mail_transport(url, captured_in=Path("unused"))
    assert transport.name == name
    assert vars(transport)["_endpoint"] == endpoint
    transport.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("mailgun://key-1@mg.clinic.example", "api.mailgun.net"),
        ("mailgun://key-1@mg.clinic.example?region=eu", "api.eu.mailgun.net"),
    ],
)
def test_mailgun_has_two_regions(url: str, host: str) -> None:
    transport = mail_transport(url, captured_in=Path("unused"))
    assert vars(transport)["_url"] == f"https://{host}/v3/mg.clinic.example/messages.mime"
    transport.close()


def test_keys_may_hold_what_stands_for_something_else_in_a_url() -> None:
    transport = mail_transport("ses://AKID:se%2Fcret%2B%40@eu-west-1", captured_in=Path("unused"))
    assert vars(transport)["_key"].secret == "se/cret+@"
    transport.close()


@pytest.mark.parametrize(
    "url",
    [
        "postmark://",
        "postmark://hush@elsewhere.example",
        "sendgrid://hush@mars",
        "sendgrid://hush:hush",
        "ses://hush@eu-west-1",
        "ses://hush:hush@",
        "ses://hush:hush@evil.example/x@eu",
        "ses://hush:hush@evil.example:80",
        "mailgun://hush",
        "mailgun://hush@mg.clinic.example?region=mars",
    ],
)
def test_a_provider_that_is_not_written_right_is_refused_without_its_key(url: str) -> None:
    with pytest.raises(CannotStart, match="MAIL_URL: write it as") as caught:
        mail_transport(url, captured_in=Path("unused"))
    assert "hush" not in caught.value.detail
