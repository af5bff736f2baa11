"""Cleaning takes out what could leave its place, and nothing that a name needs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webinars.documents.facts import NASTY_NAMES
from webinars.documents.texts import (
    LONGEST_NAME,
    calendar_name,
    calendar_text,
    greeting_name,
    mail_address,
    one_line,
    person_name,
    printable,
    web_address,
)

ANY_TEXT = st.text(st.characters(codec=None)) | st.sampled_from(NASTY_NAMES)


@given(ANY_TEXT)
def test_a_line_stays_a_line(text: str) -> None:
    clean = one_line(text)
    assert clean.splitlines() in ([], [clean])
    assert "=?" not in clean
    assert clean.encode().decode() == clean
    assert one_line(clean) == clean or len(clean) >= 120


@given(ANY_TEXT)
def test_a_parameter_needs_no_quoting_rules(text: str) -> None:
    assert not set(calendar_name(text)) & set('";:,\\^\r\n')
    assert len(person_name(text).replace("= ?", "=?")) <= LONGEST_NAME


@given(ANY_TEXT)
def test_marks_of_ours_are_in_no_text(text: str) -> None:
    assert not re.search("[\ue000-\uf8ff]", printable(f"{text}\ue000join_url\ue001"))


def test_names_keep_what_belongs_to_them() -> None:
    assert person_name("  Ana   Núñez ") == "Ana Núñez"
    assert person_name("👩‍👧 O'Neil") == "👩‍👧 O'Neil"
    assert calendar_name('Prof. Dr. "Jö" Ärztin, MD; Klinik: Süd') == "Prof. Dr. Jö Ärztin MD Klinik Süd"
    assert calendar_text("one\r\ntwo\u2028three\x00") == "one\ntwo\nthree"


@pytest.mark.parametrize("name", ["Win at http://x.example", "www.x.example", "Buy x.example now", "me@x.example"])
def test_a_greeting_carries_nobodys_advertisement(name: str) -> None:
    assert greeting_name(name) == ""


@pytest.mark.parametrize("name", ["Dr. Ana Núñez", "J.R. Smith", "Ana"])
def test_a_greeting_carries_a_name(name: str) -> None:
    assert greeting_name(name) == name


def test_addresses_are_one_address_in_ascii() -> None:
    assert mail_address("a.b+c@mail.example") == "a.b+c@mail.example"
    assert mail_address("ana@bücher.example") == "ana@xn--bcher-kva.example"
    for bad in ("a@b, c@d", "a b@c.example", "a@c.example\r\nBcc: x@y", "núñez@c.example", "a", "", "<a@b.example>"):
        with pytest.raises(ValueError, match="address"):
            mail_address(bad)


def test_links_are_absolute_and_printable() -> None:
    assert web_address("https://clinic.example/a?b=c&d=%20#e") == "https://clinic.example/a?b=c&d=%20#e"
    for bad in (
        "javascript:alert(1)",
        "//x.example",
        "https://",
        "https://x.example/a b",
        "https://x.example/\r\nX: y",
    ):
        with pytest.raises(ValueError, match="web address"):
            web_address(bad)
