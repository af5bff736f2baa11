"""Links with which a calendar program subscribes to a feed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Subscription:
    """The ways to a feed."""

    address: str
    """To copy: Outlook takes nothing else."""
    webcal_url: str
    """Opens Apple's calendars, Thunderbird and others."""
    google_url: str


def subscribe_links(address: str) -> Subscription:
    """The ways to the feed at this http(s) address."""
    webcal = "webcal://" + address.partition("://")[2]
    # Google takes webcal: here alone; with https it finds no calendar.
    google = f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}"
    return Subscription(address, webcal, google)
