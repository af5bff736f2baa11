"""What a form has to say for somebody to be called."""

from __future__ import annotations

import pytest

from webinars.rules.requests import Wish, is_phone, read_wish
from webinars.terms import CallTime, RecentMri

TYPED = {"recent_mri": "no", "call_time": "evening", "phone": " +1 303  555 0134 ", "words": " Line\r\ntwo\0 "}


def test_a_form_becomes_a_wish() -> None:
    assert read_wish(TYPED) == (Wish(RecentMri.no, CallTime.evening, "+1 303 555 0134", "Line\ntwo"), {})
    assert read_wish({name: text for name, text in TYPED.items() if name != "words"})[1] == {}


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_page() -> None:
    wish, found = read_wish({"recent_mri": "perhaps", "phone": "", "call_time": "now", "words": "x" * 1001})
    assert wish is None
    assert list(found) == ["recent_mri", "phone", "call_time", "words"]
    assert found["words"].message == "Use at most %(most)s characters."
    assert list(read_wish({})[1]) == ["recent_mri", "phone", "call_time"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("303 555 0134", True),
        ("+1 (303) 555-0134 x12", True),
        ("+52 55 1234 5678", True),
        ("555 01", False),
        ("call me at 303 555 0134", False),
        ("3035550134" * 5, False),
        ("٣٠٣٥٥٥٠١٣٤", False),
        ("<303 555 0134>", False),
    ],
)
def test_a_number_is_what_can_be_dialled(text: str, is_one: bool) -> None:
    assert is_phone(text) == is_one
