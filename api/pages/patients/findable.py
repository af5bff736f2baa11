"""How search engines and shared links see what is offered: schema.org, and the list of public addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from webinars.rules.availability import Availability
from webinars.rules.sessions import zone
from webinars.services.programme import ListedOffer, ListedSession, PublicAddress
from webinars.settings import Settings
from webinars.terms import SessionStatus

_SCHEMA = "https://schema.org"
_SEATS = {
    Availability.open: "InStock",
    Availability.few_seats: "LimitedAvailability",
    Availability.not_yet: "PreOrder",
}
"""Where nobody can take a seat, be it that there is a waitlist, it is sold out."""


def events(settings: Settings, listed: Iterable[ListedSession]) -> dict[str, Any] | None:
    """Sessions as schema.org knows them, or nothing if there are none."""
    found = [_event(settings, item) for item in listed]
    return {"@context": _SCHEMA, "@graph": found} if found else None


def next_events(settings: Settings, offers: Sequence[ListedOffer]) -> dict[str, Any] | None:
    """The next session of each webinar of a list."""
    return events(settings, [item.following for item in offers if item.following])


def _event(settings: Settings, listed: ListedSession) -> dict[str, Any]:
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
        "organizer": {"@type": "Organization", "name": settings.organization_name, "url": f"{settings.base_url}/"},
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
    """The public addresses as sitemaps.org has it."""
    lines = (
        f"<url><loc>{escape(settings.base_url + item.path)}</loc>"
        + (f"<lastmod>{item.changed_at.date().isoformat()}</lastmod>" if item.changed_at else "")
        + "</url>\n"
        for item in addresses
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{''.join(lines)}</urlset>\n"
