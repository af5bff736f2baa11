"""How search engines and shared links see what is offered: schema.org, and the list of public addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from webinars.rules.availability import Availability
from webinars.rules.sessions import zone
from webinars.services.branding import brand_of
from webinars.services.programme import ListedOffer, ListedSession, PublicAddress
from webinars.settings import Settings
from webinars.terms import SessionStatus
from webinars.translations import LANGUAGES, in_language
from webinars.work import ReadWork

_SCHEMA = "https://schema.org"
_SEATS = {
    Availability.open: "InStock",
    Availability.few_seats: "LimitedAvailability",
    Availability.not_yet: "PreOrder",
}
"""Where nobody can take a seat, be it that there is a waitlist, it is sold out."""


def events(work: ReadWork, listed: Iterable[ListedSession]) -> dict[str, Any] | None:
    """Sessions as schema.org knows them, or nothing if there are none."""
    clinic = brand_of(work).name
    found = [_event(work.settings, clinic, item) for item in listed]
    return {"@context": _SCHEMA, "@graph": found} if found else None


def next_events(work: ReadWork, offers: Sequence[ListedOffer]) -> dict[str, Any] | None:
    """The next session of each webinar of a list."""
    return events(work, [item.following for item in offers if item.following])


def _event(settings: Settings, clinic: str, listed: ListedSession) -> dict[str, Any]:
    session, webinar = listed.session, listed.offer.webinar
    page = f"{settings.base_url}/webinars/{webinar.slug}"
    own = f"{page}?session={session.id}"
    event: dict[str, Any] = {
        "@type": "Event",
        "name": webinar.title,
        "startDate": _local(session.starts_at, session.timezone),
        "endDate": _local(session.ends_at, session.timezone),
        "eventAttendanceMode": f"{_SCHEMA}/OnlineEventAttendanceMode",
        "location": {"@type": "VirtualLocation", "url": page},  # never the room
        "organizer": {"@type": "Organization", "name": clinic, "url": f"{settings.base_url}/"},
        "isAccessibleForFree": True,
        "url": own,
        **_status(listed),
    }
    if webinar.summary:
        event["description"] = webinar.summary
    if listed.offer.presenters:
        event["performer"] = [{"@type": "Person", "name": presenter.name} for presenter in listed.offer.presenters]
    if session.status is SessionStatus.scheduled:
        seats = _SEATS.get(listed.availability, "SoldOut")
        offer = {"@type": "Offer", "url": own, "price": "0", "priceCurrency": "USD"}
        event["offers"] = offer | {"availability": f"{_SCHEMA}/{seats}"}
        if session.registration_opens_at is not None:
            event["offers"]["validFrom"] = _local(session.registration_opens_at, session.timezone)
    return event


def _status(listed: ListedSession) -> dict[str, str]:
    """A session is known to be rescheduled where its series says when it should have been."""
    session = listed.session
    if session.status is SessionStatus.cancelled:
        return {"eventStatus": f"{_SCHEMA}/EventCancelled"}
    before = session.series_starts_at_local
    if before is None or before == session.starts_at_local:
        return {"eventStatus": f"{_SCHEMA}/EventScheduled"}
    was = before.replace(tzinfo=zone(session.timezone)).isoformat(timespec="seconds")
    return {"eventStatus": f"{_SCHEMA}/EventRescheduled", "previousStartDate": was}


def _local(moment: datetime, timezone: str) -> str:
    """Wall time with its offset: a reader sees the time that the clinic says."""
    return moment.astimezone(zone(timezone)).isoformat(timespec="seconds")


def sitemap(settings: Settings, addresses: Iterable[PublicAddress]) -> str:
    """The public addresses as sitemaps.org has it: each page in each language, with the ways to the others."""
    urls = (_url(settings.base_url, item, language) for item in addresses for language in LANGUAGES)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
    )
    return f"{head}{''.join(urls)}</urlset>\n"


def _url(base: str, item: PublicAddress, language: str) -> str:
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{other}" href="{escape(base + in_language(item.path, other))}"/>'
        for other in LANGUAGES
    )
    changed = f"<lastmod>{item.changed_at.date().isoformat()}</lastmod>" if item.changed_at else ""
    return f"<url><loc>{escape(base + in_language(item.path, language))}</loc>{changed}{others}</url>\n"
