"""From what a host typed to values: all that is wrong is said at once, beside its field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from webinars.errors import (
    InvalidField,
    NotAllowed,
    NotFound,
    TimeDoesNotExist,
    TimeIsAmbiguous,
    UnknownTimezone,
    VersionMismatch,
    WebinarsError,
)
from webinars.rules.catalogue import clean_link, clean_slug
from webinars.rules.sessions import start_of, zone
from webinars.terms import WallTime
from webinars.translations import LANGUAGES

UNUSABLE = 422
_LONGEST_TEXT = 200
_FORM_FIELDS = {"starts_at_local": "date", "texts.en": "text_en", "texts.es": "text_es"}
_CLOCK = (TimeDoesNotExist, TimeIsAmbiguous)
_CHANGED = "Somebody changed this in the meantime. Your values are still here: compare, then save again to replace it."


class _Wrong(Exception):
    """The form has faults and must not be acted on."""


@dataclass(slots=True)
class Checks:
    """Words beside each field that is wrong; under the empty name those about the form as a whole.

    As a context it ends quietly when the form is wrong, or when what the form asks for is refused, and keeps the words.
    """

    errors: dict[str, str] = field(default_factory=dict)
    is_outdated: bool = False
    """Whether somebody else saved first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, _Wrong):
            return True
        if not isinstance(error, WebinarsError) or isinstance(error, (NotFound, NotAllowed)):
            return False
        self._note(error)
        return True

    def done(self) -> None:
        """End here if anything is wrong."""
        if self.errors:
            raise _Wrong

    def text(self, name: str, value: str, words: str = "", *, most: int = _LONGEST_TEXT) -> str:
        """Trimmed text; where `words` say what to enter, it must not be empty. No database has to take a NUL."""
        text = value.replace("\0", "").strip()
        if words and not text:
            self.errors[name] = words
        elif len(text) > most:
            self.errors[name] = f"Use at most {most} characters."
        return text

    def by_language(self, form: object, kind: str, *, most: int) -> dict[str, str]:
        """The texts of a form's fields `kind_en` and so on; one that says nothing is not there."""
        names = {language: f"{kind}_{language}" for language in LANGUAGES}
        said = {language: self.text(name, getattr(form, name), most=most) for language, name in names.items()}
        return {language: text for language, text in said.items() if text}

    def number(self, name: str, value: str, label: str, *, least: int, most: int) -> int:
        """A whole number; the words name the field by its label, for a form may have several."""
        text = value.strip()
        if text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        self.errors[name] = f"{label} must be a whole number from {least} to {most}."
        return least

    def slug(self, name: str, value: str) -> str:
        try:
            return clean_slug(value, name)
        except InvalidField as refusal:
            self._note(refusal)
            return ""

    def clean(self, clean: Callable[[str], str], value: str) -> str:
        """What a rule makes of a value."""
        try:
            return clean(value)
        except InvalidField as refusal:
            self._note(refusal)
            return ""

    def link(self, name: str, value: str) -> str:
        try:
            return clean_link(value, name)
        except InvalidField as refusal:
            self._note(refusal)
            return ""

    def wall(self, date: str, time: str, timezone: str) -> WallTime:
        """Wall time from the fields `date`, `time` and `timezone`; whether it exists is for the service to say."""
        day, clock = _parsed(date, "%Y-%m-%d"), _parsed(time, "%H:%M")
        if day is None:
            self.errors["date"] = "Enter the day of the session."
        if clock is None:
            self.errors["time"] = "Enter the time of day, such as 18:00."
        self.timezone(timezone, "Choose the time zone of the session.")
        day, clock = day or datetime.min, clock or datetime.min  # noqa: DTZ901 - wall time has no zone
        return WallTime(datetime.combine(day.date(), clock.time()), timezone)

    def timezone(self, value: str, words: str) -> str:
        try:
            zone(value)
        except WebinarsError:
            self.errors["timezone"] = words
        return value

    def moment(self, name: str, value: str, timezone: str) -> datetime | None:
        """A moment from a field of day and time on the wall in `timezone`; None if it is empty."""
        if not value.strip():
            return None
        local = _parsed(value, "%Y-%m-%dT%H:%M")
        if local is None:
            self.errors[name] = "Enter day and time, or leave it empty."
            return None
        try:
            return start_of(WallTime(local, timezone))
        except UnknownTimezone:
            return None  # said beside the zone
        except WebinarsError as refusal:
            self.errors[name] = refusal.detail
            return None

    def _note(self, refusal: WebinarsError) -> None:
        if isinstance(refusal, VersionMismatch):
            self.is_outdated = True
            self.errors[""] = _CHANGED
            return
        name = "time" if isinstance(refusal, _CLOCK) else str(refusal.facts.get("field", ""))
        self.errors[_FORM_FIELDS.get(name, name)] = refusal.detail


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - wall time has no zone
    except ValueError:
        return None
