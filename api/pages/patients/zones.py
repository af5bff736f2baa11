"""The time zones that pages offer by name. Any other zone that a browser knows is taken as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from fastapi import Request

from webinars.errors import UnknownTimezone
from webinars.phrases import Phrase
from webinars.rules.sessions import zone
from webinars.translations import words_of

Group = tuple[str, Sequence[tuple[str, str]]]

ZONES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        Phrase("United States"),
        (
            ("America/New_York", Phrase("Eastern Time")),
            ("America/Chicago", Phrase("Central Time")),
            ("America/Denver", Phrase("Mountain Time")),
            ("America/Phoenix", Phrase("Arizona")),
            ("America/Los_Angeles", Phrase("Pacific Time")),
            ("America/Anchorage", Phrase("Alaska")),
            ("Pacific/Honolulu", Phrase("Hawaii")),
            ("America/Puerto_Rico", Phrase("Puerto Rico")),
        ),
    ),
    (
        Phrase("Canada and Mexico"),
        (
            ("America/Halifax", Phrase("Halifax")),
            ("America/Toronto", Phrase("Toronto")),
            ("America/Winnipeg", Phrase("Winnipeg")),
            ("America/Edmonton", Phrase("Calgary, Edmonton")),
            ("America/Vancouver", Phrase("Vancouver")),
            ("America/Mexico_City", Phrase("Mexico City")),
            ("America/Tijuana", Phrase("Tijuana")),
        ),
    ),
    (
        Phrase("Elsewhere"),
        (
            ("America/Bogota", Phrase("Bogotá, Lima")),
            ("America/Sao_Paulo", Phrase("São Paulo")),
            ("Europe/London", Phrase("London")),
            ("Europe/Madrid", Phrase("Madrid, Paris, Berlin")),
            ("Europe/Athens", Phrase("Athens, Helsinki")),
            ("Africa/Johannesburg", Phrase("Johannesburg")),
            ("Asia/Dubai", Phrase("Dubai")),
            ("Asia/Kolkata", Phrase("India")),
            ("Asia/Singapore", Phrase("Singapore, Manila")),
            ("Asia/Tokyo", Phrase("Tokyo, Seoul")),
            ("Australia/Sydney", Phrase("Sydney")),
            ("Pacific/Auckland", Phrase("Auckland")),
            ("UTC", Phrase("UTC")),
        ),
    ),
)
"""Groups of `(IANA name, what people call it)`."""

_OFFERED = frozenset(name for _, group in ZONES for name, _ in group)


def chosen_zone(request: Request) -> str | None:
    """The zone that the address asks for; None if it asks for none, or for one that does not exist."""
    return known_zone(request.query_params.get("timezone", ""))


def known_zone(name: str) -> str | None:
    try:
        zone(name)
    except UnknownTimezone:
        return None
    return name


def carried_zone(request: Request) -> dict[str, str]:
    """The zone that was asked for, as links and redirections carry it on: without a script it is chosen once."""
    timezone = chosen_zone(request)
    return {"timezone": timezone} if timezone else {}


def zone_choices(selected: str, language: str) -> Sequence[Group]:
    """What a select offers: the named zones, and before them the selected one if it is none of these."""
    groups = _groups(language)
    if selected in _OFFERED:
        return groups
    return [(words_of(language).gettext("Yours"), [(selected, selected.replace("_", " "))]), *groups]


@cache
def _groups(language: str) -> Sequence[Group]:
    say = words_of(language).say
    return [(say(label), [(name, say(words)) for name, words in group]) for label, group in ZONES]
