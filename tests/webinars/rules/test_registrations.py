"""What people may write, and when two addresses are one person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.documents.texts import mail_address
from webinars.errors import InvalidField
from webinars.rules.registrations import LONGEST_NAME, address_block, clean_email, clean_name, clean_phone, same_person


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("ana@mail.example", "ana@mail.example"),
        ("  Ana@Mail.Example ", "Ana@mail.example"),
        ("o'brien+knee@mail.example", "o'brien+knee@mail.example"),
        ("a@sub.mail.co.uk", "a@sub.mail.co.uk"),
        ("ana@müller.example", "ana@xn--mller-kva.example"),
        ("ana@mu\u0308ller.example", "ana@xn--mller-kva.example"),
        ("=cmd@mail.example", "=cmd@mail.example"),  # valid, and a formula in a spreadsheet
        ("a" * 64 + "@mail.example", "a" * 64 + "@mail.example"),
    ],
)
def test_an_address_is_kept_as_mail_can_reach_it(typed: str, clean: str) -> None:
    assert clean_email(typed) == clean


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "ana@",
        "@mail.example",
        "ana@mail",
        "ana@mail.",
        "ana@.example",
        "ana@mail..example",
        "ana@-mail.example",
        "ana@ma_il.example",
        "ana@mail!.example",
        "an a@mail.example",
        "ana@mail.example, ben@mail.example",
        "ana@mail.example\r\nBcc: all@mail.example",
        "ana\x00@mail.example",
        "ana@mail.example\u202e",
        "Ana <ana@mail.example>",
        '"ana"@mail.example',
        "änä@mail.example",
        "a" * 65 + "@mail.example",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_email(typed)
    assert refusal.value.facts == {"field": "email"}


@given(st.one_of(st.text(max_size=40), st.emails(), st.from_regex(r"\A[!-~]{1,70}@[!-~ä]{1,70}\.[!-~]{1,8}\Z")))
def test_mail_can_be_sent_to_whatever_is_accepted(typed: str) -> None:
    try:
        clean = clean_email(typed)
    except InvalidField:
        return
    assert mail_address(clean) == clean
    assert clean_email(clean) == clean


def test_letter_case_makes_no_second_person_but_dots_and_tags_may() -> None:
    assert same_person(clean_email("Ana@Mail.Example")) == same_person(clean_email("ana@mail.example"))
    people = {"ana@mail.example", "an.a@mail.example", "ana+knee@mail.example"}
    assert len({same_person(clean_email(address)) for address in people}) == 3


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("Ana Núñez", "Ana Núñez"),
        ("  Ana \t Núñez \n", "Ana Núñez"),
        ("Ana\r\nBcc: all@mail.example", "Ana Bcc: all@mail.example"),
        ("Ana\u202egnp.exe", "Ana gnp.exe"),
        ("Nu\u0301n\u0303ez", "Núñez"),
        ("👩\u200d⚕\ufe0f Ana", "👩\u200d⚕\ufe0f Ana"),
        ("Ana\x00", "Ana"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_what_could_do_harm(typed: str, clean: str) -> None:
    assert clean_name(typed) == clean


@pytest.mark.parametrize("typed", ["", " ", "\r\n", "\x00", "\u202e", "a" * (LONGEST_NAME + 1)])
def test_a_name_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_name(typed)
    assert refusal.value.facts == {"field": "name"}


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix", ""),
        ("", ""),
    ],
)
def test_of_an_address_only_its_network_is_kept(address: str, block: str) -> None:
    assert address_block(address) == block


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("+1 303 555 0134", "+13035550134"),
        ("(303) 555-0134", "+13035550134"),
        ("1-303-555-0134", "+13035550134"),
        (" 303.555.0134 ", "+13035550134"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+1\u00a0303\u2011555\u20110134", "+13035550134"),
        ("+\uff11\uff13\uff10\uff13\uff15\uff15\uff15\uff10\uff11\uff13\uff14", "+13035550134"),
    ],
)
def test_a_number_is_kept_as_a_text_can_reach_it(typed: str, clean: str) -> None:
    assert clean_phone(typed) == clean
    assert clean_phone(clean) == clean


@pytest.mark.parametrize(
    "typed",
    ["", "+", "12345", "0303 555 0134", "+1 103 555 0134", "020 7946 0958", "303 555 0134 ext. 5", "+0 1234567"],
)
def test_a_number_that_may_be_a_strangers_is_refused(typed: str) -> None:
    with pytest.raises(InvalidField, match="country code") as refusal:
        clean_phone(typed)
    assert refusal.value.facts["field"] == "phone"


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_number_or_is_refused(typed: str) -> None:
    try:
        clean = clean_phone(typed)
    except InvalidField:
        return
    assert clean[0] == "+"
    assert clean[1:].isascii()
    assert clean[1:].isdecimal()
    assert 8 <= len(clean) <= 16
