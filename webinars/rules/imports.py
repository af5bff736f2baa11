"""Whom a row of a file is about, and what is wrong with it, in words for whoever made the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from webinars.errors import InvalidField, WebinarsError
from webinars.rules.registrations import clean_email, clean_name
from webinars.rules.sessions import zone
from webinars.rules.visits import LONGEST

_COLUMNS = {
    "email": ("email", "mail", "emailaddress", "mailaddress"),
    "name": ("name", "fullname", "registrant", "registrantname", "participant", "attendee"),
    "first name": ("firstname", "givenname", "forename"),
    "last name": ("lastname", "familyname", "surname"),
    "timezone": ("timezone", "tz"),
    "seats": ("seats", "seat", "places", "numberofseats"),
    "phone": ("phone", "phonenumber", "telephone", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone"),
    "locale": ("locale", "language"),
    "question": ("question", "questiontothepresenter", "questionforthepresenter"),
    "source": ("source", "src"),
}
HEADINGS = {heading: column for column, headings in _COLUMNS.items() for heading in headings}
"""The columns of an import by the headings they go by, in lower case, letters and digits only. A state is not among
them: who gets a seat is decided here, never by a file."""
_NAMES = {"name", "first name", "last name"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_USUAL = {"locale": "en-US", "seats": "1", "source": "import"}
_SURPLUS = "There is a value without a heading above it. Values that hold the separator need quotation marks."


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody whom a row asks to register, clean."""

    line: int
    email: str
    name: str
    timezone: str | None
    """None for the session's own."""
    locale: str
    seats: int
    phone: str | None
    question: str | None
    source: str


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is to be said about a row. It names the column, never the value."""

    line: int
    """As the spreadsheet numbers its rows."""
    column: str
    """Empty when it is about the row as a whole."""
    detail: str


def check_columns(columns: AbstractSet[str]) -> None:
    """Raises:
    InvalidField: if the file cannot say who is to be registered.
    """
    if "email" not in columns:
        raise InvalidField("The file needs a column with the heading “email”.", field="file")
    if not columns & _NAMES:
        raise InvalidField(
            "The file needs a column with the heading “name”, or two with “first name” and “last name”.", field="file"
        )


def read_row(line: int, cells: Mapping[str, str], *, has_surplus: bool) -> Newcomer | list[RowProblem]:
    """Whom a row is about, or all that is wrong with it.

    Args:
        line: number of the row.
        cells: its values by column; empty ones are left out.
        has_surplus: whether it has values without a heading.
    """
    name = " ".join(filter(None, (cells.get("first name"), cells.get("last name"))))
    values = {"email": "", "name": name} | _USUAL | dict(cells)
    problems = [RowProblem(line, "", _SURPLUS)] if has_surplus else []
    clean: dict[str, str] = {}
    for column, check in _CHECKS.items():
        try:
            if column in values:
                clean[column] = check(values[column])
        except WebinarsError as refusal:
            problems.append(RowProblem(line, column, refusal.detail))
    if problems:
        return problems
    return Newcomer(
        line=line,
        email=clean["email"],
        name=clean["name"],
        timezone=clean.get("timezone"),
        locale=clean["locale"],
        seats=int(clean["seats"]),
        phone=clean.get("phone"),
        question=clean.get("question"),
        source=clean["source"],
    )


def _name(text: str) -> str:
    if not text:
        raise InvalidField("Enter a name.")
    return clean_name(text)


def _timezone(text: str) -> str:
    zone(text)
    return text


def _locale(text: str) -> str:
    tag = text.replace("_", "-")
    if len(tag) > 20 or not _LANGUAGE.fullmatch(tag):
        raise InvalidField("Enter a language tag such as en-US, or leave it empty.")
    return tag


def _seats(text: str) -> str:
    if text not in {"1", "2"}:
        raise InvalidField("Enter 1, or 2 for somebody who brings a companion.")
    return text


def _line(text: str, *, most: int) -> str:
    return _prose("".join(ch if ch.isprintable() else " " for ch in text), most=most)


def _prose(text: str, *, most: int) -> str:
    if len(text) > most:
        raise InvalidField(f"Use at most {most:,} characters.")
    return text


_CHECKS: dict[str, Callable[[str], str]] = {
    "email": clean_email,
    "name": _name,
    "timezone": _timezone,
    "locale": _locale,
    "seats": _seats,
    "phone": partial(_line, most=40),
    "question": partial(_prose, most=1000),
    "source": partial(_line, most=LONGEST),
}
