"""Takes a finished mail apart, for providers that want its parts instead of its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

from webinars.gateways.sendable import SendableMail

_OF_THEIR_OWN = frozenset(
    {"from", "to", "subject", "reply-to", "date", "mime-version", "content-type", "content-transfer-encoding"}
)
"""Headers that providers write themselves from other fields."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address."""

    name: str
    address: str

    @property
    def printed(self) -> str:
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{self.address}>' if self.name else self.address


@dataclass(frozen=True, slots=True)
class Parts:
    """A mail in pieces."""

    sender: Mailbox
    recipient: Mailbox
    reply_to: Mailbox | None
    subject: str
    text: str
    html: str
    calendar: bytes = b""
    """Empty where the mail changes no calendar."""
    calendar_method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """All others, as text."""


def parts_of(mail: SendableMail) -> Parts:
    """The pieces of a mail."""
    message = message_from_bytes(mail.raw, policy=policy.default)
    calendar = _part(message, "text/calendar")
    return Parts(
        sender=_mailbox(message, "From") or Mailbox("", mail.sender),
        recipient=Mailbox((_mailbox(message, "To") or Mailbox("", "")).name, mail.recipient),
        reply_to=_mailbox(message, "Reply-To"),
        subject=_one_line(message["Subject"]),
        text=_text(message, "text/plain"),
        html=_text(message, "text/html"),
        calendar=_bytes(calendar) if calendar is not None else b"",
        calendar_method=str(calendar.get_param("method") or "") if calendar is not None else "",
        headers={name: _one_line(value) for name, value in message.items() if name.lower() not in _OF_THEIR_OWN},
    )


def _mailbox(message: EmailMessage, name: str) -> Mailbox | None:
    shown, address = parseaddr(_one_line(message[name]))
    return Mailbox(shown, address) if address else None


def _one_line(value: object) -> str:
    return " ".join(str(value or "").split())


def _part(message: EmailMessage, content_type: str) -> EmailMessage | None:
    for part in message.walk():
        if part.get_content_type() == content_type and not part.is_attachment():
            return part
    return None


def _text(message: EmailMessage, content_type: str) -> str:
    part = _part(message, content_type)
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _bytes(part: EmailMessage) -> bytes:
    """As they were before they were encoded: a calendar's line ends count."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
