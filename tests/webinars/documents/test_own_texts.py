"""Hosts' own words: variables by name, paragraphs, links that are spelled out, and nothing that is run."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webinars.documents.facts import FACTS, composed, html_of, parsed, plain_of
from tests.webinars.documents.test_mails import assert_sound
from tests.webinars.documents.test_texts import ANY_TEXT
from webinars.documents.own_texts import (
    SUBJECT_VARIABLES,
    VARIABLES,
    Piece,
    own_paragraphs,
    own_subject,
    unknown_variables,
    uses,
)

VALUES = {name: name.upper() for name in VARIABLES}
INJECTIONS = [
    "{{ 7 * 7 }}",
    "{{ name.__class__.__mro__ }}",
    "{{ ''.__class__ }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ self._TemplateReference__context }}",
    "{# a comment #}",
    "%(name)s %s {0} {name} ${name} #{name}",
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "javascript:alert(1)",
    'https://x.example/"onmouseover="alert(1)',
    "https://x.example/</a><script>alert(1)</script>",
    "Hello\r\nBcc: evil@x.example\r\n\r\nBody",
    "=?utf-8?q?x=0D=0ABcc:_e=40x?=",
    "\x00\u202eevil\u2066",
]


def pieces(text: str) -> list[Piece]:
    return [piece for paragraph in own_paragraphs(text, VALUES) for line in paragraph.lines for piece in line]


def test_variables_are_put_in_by_name() -> None:
    assert own_subject("Soon: {{ title }}, {{when}}", VALUES) == "Soon: TITLE, WHEN"
    assert [paragraph.plain for paragraph in own_paragraphs("Dear {{ name }},\n\nsee {{ phone }}.", VALUES)] == [
        "Dear NAME,",
        "see PHONE.",
    ]


def test_nothing_is_left_of_an_empty_variable() -> None:
    (paragraph,) = own_paragraphs("Welcome {{ name }}, and thank you.", VALUES | {"name": ""})
    assert paragraph.plain == "Welcome, and thank you."


def test_a_blank_line_begins_a_paragraph_and_a_line_end_a_line() -> None:
    paragraphs = own_paragraphs("  One\r\ntwo\n \t\n\n\nthree  ", VALUES)
    assert [paragraph.plain for paragraph in paragraphs] == ["One\ntwo", "three"]
    assert own_paragraphs(" \n\n ", VALUES) == []


def test_only_addresses_with_https_become_links() -> None:
    assert pieces("See https://clinic.example/a?b=c. Or (https://x.example)!") == [
        Piece("See "),
        Piece("https://clinic.example/a?b=c", is_link=True),
        Piece(". Or ("),
        Piece("https://x.example", is_link=True),
        Piece(")!"),
    ]
    for text in ("http://x.example", "javascript:alert(1)", "www.x.example", "mailto:a@x.example", "https://"):
        assert not any(piece.is_link for piece in pieces(text)), text


def test_no_variable_brings_a_link_along() -> None:
    found = own_paragraphs("{{ name }} https://{{ name }}", VALUES | {"name": "https://x.example"})[0].lines[0]
    assert not any(piece.is_link for piece in found)


def test_what_is_no_variable_is_named_as_it_was_typed() -> None:
    known = tuple(VARIABLES)
    assert unknown_variables("{{ name }} {{nmae}} {{ name.x }}", known) == ["{{nmae}}", "{{", "}}"]
    assert unknown_variables("{{ phone }}", SUBJECT_VARIABLES) == ["{{ phone }}"]
    assert unknown_variables("{% if %}", known) == ["{%", "%}"]
    assert unknown_variables("A brace { here } and 100 %", known) == []
    assert uses("{{ presenters }}", "presenters")
    assert not uses("presenters", "presenters")


@pytest.mark.parametrize("words", INJECTIONS)
def test_own_words_can_run_nothing_and_leave_their_place_nowhere(words: str) -> None:
    mail = composed(own_subject=words, own_text=words, presenters=words, name=words)
    assert_sound(mail)
    html = html_of(mail)
    assert "<script" not in html
    assert "<img" not in html
    assert 'onmouseover="alert' not in html
    assert "49" not in mail.subject
    assert "\n49\n" not in plain_of(mail)
    assert parsed(mail)["Bcc"] is None
    assert "\n" not in mail.subject
    assert all(address.startswith("https://") for address in re.findall(r'href="([^"]*)"', html))


def test_control_without_escaping_markup_would_get_in() -> None:
    mail = composed(own_text="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html_of(mail)
    assert "<script>alert(1)</script>" in plain_of(mail)


@given(words=ANY_TEXT | st.lists(st.sampled_from(INJECTIONS)).map(" ".join))
def test_any_words_make_a_sound_mail(words: str) -> None:
    assert_sound(composed(own_subject=words, own_text=words))


def test_what_the_program_adds_always_stays() -> None:
    usual, own = composed(), composed(own_subject="Until {{ date }}", own_text="Dear {{ name }}, bring {{ minutes }}.")
    assert own.subject == parsed(own)["Subject"] == "Until Thursday, March 18, 2027"
    for text in (plain_of(own), html_of(own)):
        assert "Dear Ana Núñez, bring 60." in text
        assert "Thank you for registering" not in text
        for kept in ("Thursday, March 18, 2027, 8:00 PM", FACTS.join_url, FACTS.manage_url, "Evergreen Clinics"):
            assert kept in text
    assert [part.get_content_type() for part in parsed(own).walk()] == [
        part.get_content_type() for part in parsed(usual).walk()
    ]
    assert "<title>Until Thursday, March 18, 2027</title>" in html_of(own)


def test_a_subject_alone_leaves_the_usual_text_and_a_text_alone_the_usual_subject() -> None:
    assert "Thank you for registering" in plain_of(composed(own_subject="Welcome"))
    assert composed(own_text="Welcome.").subject == composed().subject
    assert composed(own_subject="\x00 \u202e").subject == composed().subject
