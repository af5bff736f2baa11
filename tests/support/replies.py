"""Mails with which a calendar answers an invite, as Thunderbird writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

AUTHSERV = "mx.clinic.example"
"""The mail server whose findings are believed."""


def reply_mail(
    *,
    uid: str,
    email: str,
    partstat: str,
    stamped_at: datetime,
    sequence: int = 0,
    method: str = "REPLY",
    results: Sequence[str] = (),
    sender: str | None = None,
    content_type: str = "text/calendar",
    more: str = "",
) -> bytes:
    """A mail as it comes in.

    Args:
        results: Authentication-Results, the topmost first.
        sender: in From, if it is not `email`.
        more: lines of the event.
    """
    head = "".join(f"Authentication-Results: {result}\r\n" for result in results)
    return (
        f"{head}From: {email if sender is None else sender}\r\n"
        "To: webinars@clinic.example\r\nSubject: Event Invitation Reply\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="sep"\r\n\r\n'
        "--sep\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAna has answered.\r\n"
        f"--sep\r\nContent-Type: {content_type}; charset=utf-8; method={method}\r\n\r\n"
        "BEGIN:VCALENDAR\r\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\r\nVERSION:2.0\r\n"
        f"METHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSEQUENCE:{sequence}\r\n"
        f"DTSTAMP:{stamped_at:%Y%m%dT%H%M%SZ}\r\nDTSTART:20270401T160000Z\r\nSUMMARY:Your webinar\r\n"
        f"ORGANIZER;CN=Webinars:mailto:webinars@clinic.example\r\n"
        f"ATTENDEE;CN=Ana;PARTSTAT={partstat};ROLE=REQ-PARTICIPANT:mailto:{email}\r\n{more}"
        "END:VEVENT\r\nEND:VCALENDAR\r\n--sep--\r\n"
    ).encode("utf-8", "surrogateescape")
