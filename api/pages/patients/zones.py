"""The time zones that pages offer by name. Any other zone that a browser knows is taken as well."""

from __future__ import annotations

from fastapi import Request

from webinars.errors import UnknownTimezone
from webinars.rules.sessions import zone

ZONES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "United States",
        (
            ("America/New_York", "Eastern Time"),
            ("America/Chicago", "Central Time"),
            ("America/Denver", "Mountain Time"),
            ("America/Phoenix", "Arizona"),
            ("America/Los_Angeles", "Pacific Time"),
            ("America/Anchorage", "Alaska"),
            ("Pacific/Honolulu", "Hawaii"),
            ("America/Puerto_Rico", "Puerto Rico"),
        ),
    ),
    (
        "Canada and Mexico",
        (
            ("America/Halifax", "Halifax"),
            ("America/Toronto", "Toronto"),
            ("America/Winnipeg", "Winnipeg"),
            ("America/Edmonton", "Calgary, Edmonton"),
            ("America/Vancouver", "Vancouver"),
            ("America/Mexico_City", "Mexico City"),
            ("America/Tijuana", "Tijuana"),
        ),
    ),
    (
        "Elsewhere",
        (
            ("America/Bogota", "Bogotá, Lima"),
            ("America/Sao_Paulo", "São Paulo"),
            ("Europe/London", "London"),
            ("Europe/Madrid", "Madrid, Paris, Berlin"),
            ("Europe/Athens", "Athens, Helsinki"),
            ("Africa/Johannesburg", "Johannesburg"),
            ("Asia/Dubai", "Dubai"),
            ("Asia/Kolkata", "India"),
            ("Asia/Singapore", "Singapore, Manila"),
            ("Asia/Tokyo", "Tokyo, Seoul"),
            ("Australia/Sydney", "Sydney"),
            ("Pacific/Auckland", "Auckland"),
            ("UTC", "UTC"),
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


def zone_choices(selected: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a select offers: the named zones, and before them the selected one if it is none of these."""
    groups = [(label, list(group)) for label, group in ZONES]
    return groups if selected in _OFFERED else [("Yours", [(selected, selected.replace("_", " "))]), *groups]
