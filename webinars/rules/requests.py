"""What a registrant tells who asks for an evaluation after a session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webinars.phrases import Phrase
from webinars.terms import CallTime, RecentMri

LONGEST_PHONE = 40
LONGEST_WORDS = 1000
_FEWEST_DIGITS = 7
_PHONE = re.compile(r"\+?[0-9 ()./x-]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What they tell. All of it is kept as health information."""

    recent_mri: RecentMri
    call_time: CallTime
    phone: str
    words: str = ""


def read_wish(typed: Mapping[str, str]) -> tuple[Wish | None, dict[str, Phrase]]:
    """The wish that a form says, or None; and what has to be put right, by field, in the order of the page."""
    mri, time = typed.get("recent_mri", ""), typed.get("call_time", "")
    phone, words = " ".join(typed.get("phone", "").split()), clean_words(typed.get("words", ""))
    found: dict[str, Phrase] = {}
    if mri not in set(RecentMri):
        found["recent_mri"] = Phrase("Choose one of the three answers. “Not sure” is fine.")
    if not is_phone(phone):
        found["phone"] = Phrase("Enter the phone number that we may call, such as 303 555 0134.")
    if time not in set(CallTime):
        found["call_time"] = Phrase("Choose when a call suits you best.")
    if len(words) > LONGEST_WORDS:
        found["words"] = Phrase("Use at most %(most)s characters.", most=LONGEST_WORDS)
    wish = None if found else Wish(RecentMri(mri), CallTime(time), phone, words)
    return wish, found


def is_phone(text: str) -> bool:
    """Whether it can be dialled: enough digits, and nothing but what numbers are written with."""
    enough = sum(character.isdecimal() for character in text) >= _FEWEST_DIGITS
    return enough and len(text) <= LONGEST_PHONE and _PHONE.fullmatch(text) is not None


def clean_words(text: str) -> str:
    """Several lines as they are kept: no database has to take a NUL."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()
