"""Reads what mail servers send back about a mail that they could not deliver: delivery status notifications (RFC 3464).

Anybody can write one. So nothing in it is believed but the token in the address it was sent to, which only whoever had
the mail can know; what it says is then about that mail alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from webinars.documents.texts import mail_address

MOST_BYTES = 256 * 1024
_SENT_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To")
_LOCAL = re.compile(r"(?<![\w.+-])b\+([a-z2-7]{52})@([a-z0-9.-]+)", re.IGNORECASE)
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LONGEST_DIAGNOSTIC = 500


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What one notification says of one mail."""

    token: str
    """Of the mail, from the address it was sent to."""
    has_failed: bool
    """Given up; otherwise it is still being tried."""
    status: str
    """Class, subject and detail (RFC 3463), such as `5.1.1`."""
    diagnostic: str
    """In the words of the server that refused it."""


def return_path(token: str, domain: str) -> str:
    """The envelope sender of a mail with this token (VERP). In small letters and digits alone, for servers on the way
    may change capitals."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    folded = base64.b32encode(raw).decode().rstrip("=").lower()
    return mail_address(f"b+{folded}@{domain}")


def read_bounce(raw: bytes, domain: str) -> BounceReport | None:
    """The report in a mail that came to one of our return paths; None if there is none.

    Args:
        raw: the mail as it came.
        domain: that of the return paths.
    """
    if len(raw) > MOST_BYTES:
        return None
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        token = _token(message, domain)
        fields = _recipient_fields(message)
    except RecursionError:  # parts in parts in parts: no mail server writes that
        return None
    if token is None or fields is None:
        return None
    action = _line(fields, "Action").lower()
    status = _STATUS.match(_line(fields, "Status"))
    if action not in {"failed", "delayed"} or status is None:
        return None
    diagnostic = _line(fields, "Diagnostic-Code").partition(";")[2].strip()[:_LONGEST_DIAGNOSTIC]
    return BounceReport(token, action == "failed", status[1], diagnostic)


def _token(message: Message, domain: str) -> str | None:
    for name in _SENT_TO:
        for value in message.get_all(name, []):
            for folded, there in _LOCAL.findall(str(value)):
                if there.lower() == domain.lower():
                    return _unfolded(folded)
    return None


def _unfolded(folded: str) -> str | None:
    try:
        raw = base64.b32decode(folded.upper() + "=" * (-len(folded) % 8))
    except binascii.Error:
        return None
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _recipient_fields(message: Message) -> Message | None:
    """Of the one recipient that our mails have: those after the fields about the mail as a whole."""
    if message.get_content_type() != "multipart/report":
        return None
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            found = [block for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []
            return next((block for block in found if "Action" in block), None)
    return None


def _line(fields: Message, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())
