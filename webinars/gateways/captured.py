"""Keeps mails as files instead of sending them, and reads them back: the mailbox of a development machine."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from webinars.gateways.mail_errors import MailTransportDown
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting

_NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9@.-]+")


@dataclass(frozen=True, slots=True)
class CapturedMail:
    """A mail that was kept, taken apart for reading."""

    file_name: str
    subject: str
    recipient: str
    dated_at: datetime
    text: str
    html: str
    calendar: str
    """Empty where the mail invites to nothing."""


class DirTransport:
    """Writes one `.eml` a mail into a folder, which it makes when first needed."""

    name = "dir"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        """The file appears whole or not at all, and a repeat of a mail takes the place of its first copy.

        Raises:
            MailTransportDown: if the file cannot be written.
        """
        before_dot()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=".tmp", delete=False) as file:
                file.write(mail.raw)
            Path(file.name).replace(self._folder / _file_name(mail.message_id))
        except OSError as error:
            raise MailTransportDown(f"the mail folder cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Nothing to let go of."""

    def check(self) -> str:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MailTransportDown(f"the mail folder cannot be made: {error.strerror}") from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise MailTransportDown("the mail folder cannot be written")
        return f"mails are kept in {self._folder}, and sent to nobody"


def captured_mails(folder: Path) -> list[CapturedMail]:
    """The mails kept in `folder`, newest first; none if there is no such folder."""
    kept = []
    for path in folder.glob("[!.]*.eml"):
        try:
            written, raw = path.stat().st_mtime_ns, path.read_bytes()
        except FileNotFoundError:
            continue  # deleted since it was listed
        kept.append((written, _read(path.name, raw)))
    kept.sort(key=lambda pair: (pair[1].dated_at, pair[0]), reverse=True)
    return [mail for _, mail in kept]


def _file_name(message_id: str) -> str:
    legible = _NOT_IN_A_FILE_NAME.sub("_", message_id.strip("<>")).lstrip(".")[:100]
    return f"{legible}.{sha256(message_id.encode()).hexdigest()[:8]}.eml"


def _read(file_name: str, raw: bytes) -> CapturedMail:
    message = message_from_bytes(raw, policy=policy.default)
    return CapturedMail(
        file_name=file_name,
        subject=str(message["Subject"] or ""),
        recipient=str(message["To"] or ""),
        dated_at=_dated_at(message),
        text=_content(message, "text/plain"),
        html=_content(message, "text/html"),
        calendar=_content(message, "text/calendar"),
    )


def _dated_at(message: EmailMessage) -> datetime:
    try:
        moment = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _content(message: EmailMessage, content_type: str) -> str:
    for part in message.walk():
        if part.get_content_type() == content_type and not part.is_attachment():
            return str(part.get_content()).replace("\r\n", "\n")
    return ""
