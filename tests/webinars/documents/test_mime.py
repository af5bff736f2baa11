"""The bytes of a mail, and the guard that reads them back."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webinars.documents.test_texts import ANY_TEXT
from webinars.documents.mime import (
    UnsafeMail,
    address_field,
    assemble,
    calendar_parts,
    multipart,
    quoted_printable,
    text_field,
    text_part,
)
from webinars.documents.texts import one_line, person_name

BODY = multipart("mixed", [text_part("plain", quoted_printable("Hello\n"))], "<1@x>")


def test_an_unclean_value_is_caught() -> None:
    hostile = "x\r\nBcc: evil@x.example"
    naive = f"Subject: {hostile}\r\n".encode() + BODY
    assert message_from_bytes(naive)["Bcc"] == "evil@x.example"  # the control: without the guard it is a header
    with pytest.raises(UnsafeMail):
        assemble([("Subject", hostile)], BODY)


@pytest.mark.parametrize("hostile", ["x\nBcc: e@x", "x\rBcc: e@x", "x\r\n\r\nbody", "x\r\n", "x\r y", "x\n y"])
def test_every_way_out_of_a_line_is_caught(hostile: str) -> None:
    with pytest.raises(UnsafeMail):
        assemble([("From", "a@b"), ("Subject", hostile)], BODY)


@given(ANY_TEXT)
def test_free_text_comes_back_as_it_was(text: str) -> None:
    clean = one_line(text)
    raw = assemble([text_field("Subject", clean)], BODY)
    value = message_from_bytes(raw)["Subject"]
    assert str(make_header(decode_header(value.replace("\r\n", "")))) == clean
    assert max(map(len, raw.split(b"\r\n"))) <= 140


@given(ANY_TEXT)
def test_one_mailbox_stays_one(name: str) -> None:
    field = address_field("To", person_name(name), "ana@mail.example")
    (mailbox,) = message_from_bytes(assemble([field], BODY), policy=policy.default)["To"].addresses
    assert mailbox.addr_spec == "ana@mail.example"


def test_names_come_back_as_they_were() -> None:
    for name in ("Ana Núñez", 'Jo "Joe" O\\Neil, MD', "漢字" * 30, "👩‍👧 x"):
        field = address_field("To", name, "ana@mail.example")
        value = message_from_bytes(assemble([field], BODY))["To"].replace("\r\n", "")
        display_name, address = parseaddr(value)
        assert str(make_header(decode_header(display_name))) == name
        assert address == "ana@mail.example"


@given(st.text().map(lambda text: text.replace("\r", "")))
def test_a_text_part_comes_back_as_it_was(text: str) -> None:
    raw = text_part("plain", quoted_printable(text))
    assert message_from_bytes(raw).get_payload(decode=True) == text.encode().replace(b"\n", b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 76


def test_parts_are_joined_the_same_way_each_time() -> None:
    calendar = b"BEGIN:VCALENDAR\r\n" * 20
    shown, attached = calendar_parts("REQUEST", calendar)
    raw = assemble([("MIME-Version", "1.0")], multipart("mixed", [shown, attached], "<1@x>"))
    _, *parts = message_from_bytes(raw).walk()
    assert [part.get_payload(decode=True) for part in parts] == [calendar, calendar]
    assert raw == assemble([("MIME-Version", "1.0")], multipart("mixed", [shown, attached], "<1@x>"))
    assert multipart("mixed", [shown], "<1@x>") != multipart("mixed", [shown], "<2@x>")
