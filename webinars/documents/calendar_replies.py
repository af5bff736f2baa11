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
    """The reply in a mail; None if there is none that makes sense, or if our mail server has found it to be forged.

    Args:
        raw: the mail as it came.
        authserv_id: the name under which our mail server notes what it has checked; none is believed where empty.
    """
    if len(raw) > MOST_BYTES:
        return None
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        event = _event(message)
        found = _dmarc(message, authserv_id)
        return None if event is None or found[0] == "fail" else _reply(message, event, found)
    # How the parsers say that it is none of theirs, and that it is nested too deeply for them.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
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


def _reply(message: Message, event: Component, found: tuple[str, str]) -> Reply | None:
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
        is_proven=_is_proven(message, email, found),
    )


def _is_proven(message: Message, email: str, found: tuple[str, str]) -> bool:
    senders = getaddresses([str(value) for value in message.get_all("From", [])])
    is_theirs = len(senders) == 1 and senders[0][1].lower() == email.lower()
    return is_theirs and found == ("pass", domain_of(email).lower())


def _dmarc(message: Message, authserv_id: str) -> tuple[str, str]:
    """What our mail server has found by DMARC, and of which domain; both empty where it says nothing of it."""
    fields = message.get_all("Authentication-Results", [])
    said, *results = _statements(str(fields[0])) if authserv_id and fields else [""]
    found = [result for result in results if _DMARC.match(result)]
    if said.split()[:1] != [authserv_id] or len(found) != 1:
        return "", ""
    verdict, domain = _DMARC.match(found[0]), _HEADER_FROM.search(found[0])
    return verdict[1].lower() if verdict else "", domain[1].lower() if domain else ""


def _statements(value: str) -> list[str]:
    """The parts of an Authentication-Results between semicolons, without comments and without what is in quotes:
    senders have a say in both. An empty one if the field is not closed properly."""
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
                return [""]
        elif character == ";" and not depth:
            statements.append("")
        elif not depth:
            statements[-1] += character
    return [""] if depth or is_quoted else statements
