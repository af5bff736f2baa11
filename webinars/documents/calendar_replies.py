"""Reads what a registrant's calendar answers to an invite: METHOD:REPLY (RFC 5546 section 3.2.3, RFC 6047).

Anybody can write one. What proves that it comes from the address it names is DMARC, and the word of our own mail server
about that: the topmost Authentication-Results under its name (RFC 8601). All below it may be the sender's invention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses

from icalendar import Calendar, Component, vCalAddress

from webinars.documents.texts import domain_of, mail_address
from webinars.terms import CalendarReply, utc

MOST_BYTES = 256 * 1024
_ANSWERS = {
    "ACCEPTED": CalendarReply.accepted,
    "TENTATIVE": CalendarReply.tentative,
    "DECLINED": CalendarReply.declined,
}
_DMARC = re.compile(r"\s*dmarc\s*=\s*([a-z]+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"(?<![\w.])header\.from\s*=\s*([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one reply says."""

    uid: str
    email: str
    """Of whoever answers, as they typed it to their calendar: to be looked up, not to be believed."""
    answer: CalendarReply
    sequence: int
    """Of the invite that is answered."""
    stamped_at: datetime
    is_proven: bool
    """Whether our mail server has found that the mail comes from that very address' domain."""


def read_reply(raw: bytes, authserv_id: str) -> Reply | None:
    """The reply in a mail; None if there is none that makes sense.

    Args:
        raw: the mail as it came.
        authserv_id: the name under which our mail server notes what it has checked; none is believed where empty.
    """
    if len(raw) > MOST_BYTES:
        return None
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        event = _event(message)
        return None if event is None else _reply(message, event, authserv_id)
    except (ValueError, LookupError, TypeError, AttributeError):  # how the parsers say that it is none of theirs
        return None


def _event(message: Message) -> Component | None:
    for part in message.walk():
        body = part.get_payload(decode=True)
        if part.get_content_type() not in {"text/calendar", "application/ics"} or not isinstance(body, bytes):
            continue
        calendar = Calendar.from_ical(body)
        events = calendar.walk("VEVENT")
        if str(calendar.get("METHOD", "")).upper() == "REPLY" and len(events) == 1:
            return events[0]
    return None


def _reply(message: Message, event: Component, authserv_id: str) -> Reply | None:
    attendee = event.get("ATTENDEE")
    if not isinstance(attendee, vCalAddress) or "RECURRENCE-ID" in event:  # several are a list
        return None
    answer = _ANSWERS.get(str(attendee.params.get("PARTSTAT", "")).upper())
    scheme, _, address = str(attendee).partition(":")
    if answer is None or scheme.lower() != "mailto":
        return None
    email = mail_address(address.strip())
    return Reply(
        uid=str(event["UID"]),
        email=email,
        answer=answer,
        sequence=int(str(event.get("SEQUENCE", 0))),
        stamped_at=utc(event.decoded("DTSTAMP")),
        is_proven=_is_proven(message, email, authserv_id),
    )


def _is_proven(message: Message, email: str, authserv_id: str) -> bool:
    senders = getaddresses([str(value) for value in message.get_all("From", [])])
    found = message.get_all("Authentication-Results", [])
    if not authserv_id or not found or len(senders) != 1 or senders[0][1].lower() != email.lower():
        return False
    said, *results = _statements(str(found[0])) or [""]
    if said.split()[:1] != [authserv_id]:
        return False
    dmarc = [result for result in results if _DMARC.match(result)]
    if len(dmarc) != 1:
        return False
    verdict, domain = _DMARC.match(dmarc[0]), _HEADER_FROM.search(dmarc[0])
    is_pass = verdict is not None and verdict[1].lower() == "pass"
    return is_pass and domain is not None and domain[1].lower() == domain_of(email).lower()


def _statements(value: str) -> list[str]:
    """The parts of an Authentication-Results between semicolons, without comments and without what is in quotes:
    senders have a say in both. None of them if the field is not closed properly."""
    statements, depth, is_quoted = [""], 0, False
    characters: Iterator[str] = iter(value)
    for character in characters:
        if character == "\\" and (depth or is_quoted):
            next(characters, None)
        elif character == '"' and not depth:
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return []
        elif character == ";" and not depth:
            statements.append("")
        elif not depth:
            statements[-1] += character
    return [] if depth or is_quoted else statements
