"""Links that enter a session into web calendars. Copies made so do not follow updates; the mail's invitation does."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from webinars.documents.mails import shown_title
from webinars.phrases import Phrase
from webinars.services.links import public_link
from webinars.services.programme import IN_THE_MAIL, ListedSession
from webinars.settings import Settings
from webinars.translations import words_of

_ONLINE = Phrase("Online")


@dataclass(frozen=True, slots=True)
class CalendarLink:
    label: str
    url: str


def calendar_links(settings: Settings, listed: ListedSession, language: str) -> list[CalendarLink]:
    """Neutral title and no secret: shared calendars are read by families."""
    say = words_of(language).say
    online = say(_ONLINE)
    session = listed.session
    title = shown_title(listed.offer.webinar.public_title, language)
    details = f"{say(IN_THE_MAIL)} {public_link(settings, f'/sessions/{session.id}/register', language)}"
    compact = [f"{moment:%Y%m%dT%H%M%SZ}" for moment in (session.starts_at, session.ends_at)]
    iso = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (session.starts_at, session.ends_at)]
    google = {"action": "TEMPLATE", "text": title, "dates": "/".join(compact), "details": details, "location": online}
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "startdt": iso[0],
        "enddt": iso[1],
        "subject": title,
        "body": details,
        "location": online,
    }
    yahoo = {"v": "60", "TITLE": title, "ST": compact[0], "ET": compact[1], "DESC": details, "in_loc": online}
    return [
        CalendarLink("Google Calendar", _link("https://calendar.google.com/calendar/render", google)),
        CalendarLink("Outlook.com", _link("https://outlook.live.com/calendar/0/deeplink/compose", outlook)),
        CalendarLink("Microsoft 365", _link("https://outlook.office.com/calendar/0/deeplink/compose", outlook)),
        CalendarLink("Yahoo", _link("https://calendar.yahoo.com/", yahoo)),
    ]


def _link(base: str, facts: dict[str, str]) -> str:
    return f"{base}?{urlencode(facts, quote_via=quote)}"
