"""Writes calendars to subscribe to (RFC 5545, RFC 7986): many sessions in one file, read again and again.

The same facts always give the same bytes, so that a reader who has them is told "nothing changed". A feed has no
attendee and no UID of its own: with one, vdirsyncer keeps one event of many.

A feed has many lines of few kinds, which are written here: icalendar takes 0.8 ms for an event, this 0.02 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from webinars.documents.texts import LONGEST_TITLE, calendar_name, calendar_text, mail_address, web_address
from webinars.terms import utc

PRODUCT = "-//webinars//webinars//EN"
REFRESH = "PT1H"
"""How often readers may ask: a hint. What moves today is said by mail."""
CANCELLED_PREFIX = "Cancelled: "
"""For programs that show a cancelled event like any other."""
_LONGEST_LINE = 75
_ESCAPES = str.maketrans({";": r"\;", ",": r"\,", "\n": r"\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """A session as a feed shows it. Moments are aware; texts may be as people typed them."""

    uid: str
    """From `session_uid`: the same in mails."""
    sequence: int
    updated_at: datetime
    """DTSTAMP and LAST-MODIFIED: when what stands here was last changed, so that it stands still with it."""
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    url: str
    organizer_name: str
    organizer_email: str
    is_private: bool
    """Whether it tells of a person: then other readers of a shared calendar see only that they are busy."""
    is_cancelled: bool


def feed_file(name: str, events: Iterable[FeedEvent], *, source_url: str | None = None) -> bytes:
    """A calendar to subscribe to (METHOD:PUBLISH, RFC 5546 section 3.2.1).

    Args:
        name: what the calendar is called in lists of calendars.
        events: in the order they are to stand in.
        source_url: where it is published; None for a private one, whose address is its key.

    Raises:
        ValueError: if a moment carries no zone, an address is none, or a session does not end after it starts.
    """
    title = _text(name)
    head = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{title}",
        f"X-WR-CALNAME:{title}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    if source_url is not None:
        head.append(f"SOURCE;VALUE=URI:{web_address(source_url)}")
    return b"".join([_printed(head), *map(event_lines, events), _printed(["END:VCALENDAR"])])


@lru_cache(maxsize=8192)  # a feed is asked for again and again, and few of its events change in between
def event_lines(event: FeedEvent) -> bytes:
    """One event of a feed."""
    if utc(event.ends_at) <= utc(event.starts_at):
        raise ValueError("a session ends after it starts")
    prefix = CANCELLED_PREFIX if event.is_cancelled else ""
    updated_at = _moment(event.updated_at)
    name = calendar_name(event.organizer_name)
    common_name = f';CN="{name}"' if name else ""
    return _printed(
        [
            "BEGIN:VEVENT",
            f"UID:{event.uid}",
            f"SEQUENCE:{event.sequence}",
            f"DTSTAMP:{updated_at}",
            f"CREATED:{_moment(event.created_at)}",
            f"LAST-MODIFIED:{updated_at}",
            f"DTSTART:{_moment(event.starts_at)}",
            f"DTEND:{_moment(event.ends_at)}",
            f"SUMMARY:{prefix}{_text(event.summary)}",
            f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}",
            f"ORGANIZER{common_name}:mailto:{mail_address(event.organizer_email)}",
            f"CLASS:{'PRIVATE' if event.is_private else 'PUBLIC'}",
            # Only whoever has a seat is busy then.
            f"TRANSP:{'OPAQUE' if event.is_private and not event.is_cancelled else 'TRANSPARENT'}",
            f"URL:{web_address(event.url)}",
            f"DESCRIPTION:{_escaped(calendar_text(event.description))}",
            "END:VEVENT",
        ]
    )


def _moment(moment: datetime) -> str:
    return f"{utc(moment):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """One line of text."""
    return _escaped(" ".join(calendar_text(text).split())[:LONGEST_TITLE])


def _escaped(text: str) -> str:
    """RFC 5545 section 3.3.11; `calendar_text` leaves no backslash to be escaped."""
    return text.translate(_ESCAPES)


def _printed(lines: Iterable[str]) -> bytes:
    return b"".join(_folded(line.encode()) for line in lines)


def _folded(line: bytes) -> bytes:
    """RFC 5545 section 3.1: at most 75 octets a line, and no character torn apart."""
    folded = b""
    longest = _LONGEST_LINE
    while len(line) > longest:
        end = longest
        while line[end] & 0xC0 == 0x80:  # within a character of UTF-8
            end -= 1
        folded += line[:end] + b"\r\n "
        line, longest = line[end:], _LONGEST_LINE - 1
    return folded + line + b"\r\n"
