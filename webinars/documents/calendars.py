"""Writes invitations and calendar files (RFC 5545, RFC 5546, RFC 7986).

One session is one VEVENT with one UID for life, its times in UTC: then every program agrees on them, and no VTIMEZONE
or recurrence rule is needed. An invitation names one attendee, for registrants never see each other.

The lines that all invitations of a session share are made once; icalendar takes 0.8 ms for a whole event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from icalendar import Calendar, Component, Event, vCalAddress, vUri

from webinars.documents.texts import LONGEST_TITLE, calendar_name, calendar_text, mail_address, web_address
from webinars.terms import utc
from webinars.translations import words_of

_PRODUCT = "-//webinars//webinars//EN"
_EVENT_BEGIN = b"BEGIN:VEVENT\r\n"
_EVENT_END = b"END:VEVENT\r\n"
_CALENDAR_END = b"END:VCALENDAR\r\n"


class CalendarMethod(StrEnum):
    """What an invitation asks of the registrant's calendar."""

    request = "request"
    """Enter the session, or update it."""
    cancel_session = "cancel_session"
    """The session will not take place, for anybody."""
    cancel_registration = "cancel_registration"
    """The session takes place, but without this registrant."""

    @property
    def itip(self) -> str:
        """The METHOD (RFC 5546 section 1.4), the same in the file and in the mail's Content-Type."""
        return "REQUEST" if self is CalendarMethod.request else "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """What one registrant's calendar is told about one session. Moments are aware; names are as people typed them."""

    uid: str
    """From `session_uid`: the same in every message about the session."""
    sequence: int
    """Only ever grows for one registrant; the highest wins (RFC 5546 section 2.1.5)."""
    stamped_at: datetime
    """When this message was made: DTSTAMP. A repeat carries the same one, and calendars ignore it."""
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    """Neutral: phones, cars and family calendars show it."""
    organizer_name: str
    organizer_email: str
    attendee_name: str
    attendee_email: str
    join_url: str
    change_url: str
    language: str
    """Of the words that are added."""
    description: str
    """Says what to do; the join and manage links are added, for some programs show this instead of our mail."""


def session_uid(session_id: UUID, domain: str) -> str:
    """The UID of a session for its life (RFC 5545 section 3.8.4.7), in mails, files and feeds alike."""
    return f"ses-{session_id}@{domain}"


def invite_file(method: CalendarMethod, invite: Invite) -> bytes:
    """The calendar part of a mail: an iTIP message for one attendee (RFC 5546 sections 3.2.2 and 3.2.5).

    Raises:
        ValueError: if a moment carries no zone, an address is none, or the session does not end after it starts.
    """
    shared = _shared_lines(
        method,
        invite.uid,
        utc(invite.created_at),
        utc(invite.starts_at),
        utc(invite.ends_at),
        invite.summary,
        invite.organizer_name,
        invite.organizer_email,
    )
    return shared + _personal_event(method, invite).removeprefix(_EVENT_BEGIN) + _CALENDAR_END


def session_file(
    *,
    uid: str,
    sequence: int,
    updated_at: datetime,
    created_at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    organizer_name: str,
    organizer_email: str,
    description: str,
    url: str | None = None,
    cancelled: bool = False,
) -> bytes:
    """The file behind "download for my calendar": METHOD:PUBLISH (RFC 5546 section 3.2.1), without attendee or secrets.

    `url`, where given, is a public page. Not for mails: Outlook shows a published part as raw text.

    Raises:
        ValueError: as `invite_file`.
    """
    event = _session_event(uid, utc(created_at), utc(starts_at), utc(ends_at), summary, organizer_name, organizer_email)
    event.add("DTSTAMP", utc(updated_at))
    event.add("LAST-MODIFIED", utc(updated_at))
    event.add("SEQUENCE", sequence)
    event.add("STATUS", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("DESCRIPTION", calendar_text(description))
    if url is not None:
        event.add("URL", vUri(web_address(url)))
    return _calendar("PUBLISH", event)


@lru_cache(maxsize=512)
def _shared_lines(
    method: CalendarMethod,
    uid: str,
    created_at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    organizer_name: str,
    organizer_email: str,
) -> bytes:
    """The file up to the lines that are one registrant's own, its event left open."""
    event = _session_event(uid, created_at, starts_at, ends_at, summary, organizer_name, organizer_email)
    if method is CalendarMethod.request:
        event.add("STATUS", "CONFIRMED")
    elif method is CalendarMethod.cancel_session:
        event.add("STATUS", "CANCELLED")
    # Uninviting one attendee must not say STATUS (RFC 5546 section 3.2.5), or the session is off for everybody.
    return _calendar(method.itip, event).removesuffix(_EVENT_END + _CALENDAR_END)


def _session_event(
    uid: str,
    created_at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    organizer_name: str,
    organizer_email: str,
) -> Event:
    if ends_at <= starts_at:
        raise ValueError("a session ends after it starts")
    event = Event()
    event.add("UID", uid)
    event.add("CREATED", created_at)
    event.add("DTSTART", starts_at)
    event.add("DTEND", ends_at)
    event.add("SUMMARY", " ".join(calendar_text(summary).split())[:LONGEST_TITLE])
    event.add("ORGANIZER", _mailbox(organizer_name, organizer_email))
    event.add("CLASS", "PRIVATE")  # shared calendars then show only that one is busy
    event.add("TRANSP", "OPAQUE")
    return event


def _calendar(method: str, event: Event) -> bytes:
    calendar = Calendar()  # not Calendar.new(): it invents a UID for the calendar, which makes vdirsyncer drop events
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    calendar.add_component(event)
    return _printed(calendar)


def _mailbox(name: str, address: str) -> vCalAddress:
    mailbox = vCalAddress(f"mailto:{mail_address(address)}")
    if common_name := calendar_name(name):
        mailbox.params["CN"] = common_name
    return mailbox


def _personal_event(method: CalendarMethod, invite: Invite) -> bytes:
    """The lines that are this registrant's own, as an event."""
    event = Event()
    event.add("DTSTAMP", utc(invite.stamped_at))
    event.add("SEQUENCE", invite.sequence)
    event.add("ATTENDEE", _attendee(method, invite))
    if method is CalendarMethod.request:
        _add_links(event, invite)
    else:
        event.add("DESCRIPTION", calendar_text(invite.description))
    return _printed(event)


def _attendee(method: CalendarMethod, invite: Invite) -> vCalAddress:
    attendee = _mailbox(invite.attendee_name, invite.attendee_email)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"  # a session that moved is to be answered anew (RFC 6638 section 3.2.8)
    attendee.params["RSVP"] = "TRUE" if method is CalendarMethod.request else "FALSE"
    return attendee


def _add_links(event: Event, invite: Invite) -> None:
    """The link four times over: each program shows another of these; few show CONFERENCE (RFC 7986 section 5.11)."""
    _ = words_of(invite.language).gettext
    join_url = web_address(invite.join_url)
    conference = vUri(join_url)
    conference.params["VALUE"] = "URI"
    conference.params["FEATURE"] = ["AUDIO", "VIDEO"]  # two values; icalendar's Conference class makes them one
    conference.params["LABEL"] = _("Join webinar")
    links = "\n".join([_("Join") + f": {join_url}", _("Change or cancel") + f": {web_address(invite.change_url)}"])
    event.add("LOCATION", join_url)
    event.add("URL", vUri(join_url))
    event.add("CONFERENCE", conference)
    event.add("DESCRIPTION", f"{links}\n{calendar_text(invite.description)}")


def _printed(component: Component) -> bytes:
    printed: bytes = component.to_ical()
    return printed
