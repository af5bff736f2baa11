"""A real SMTP server that keeps what it takes, answers as a test tells it to, and can be away for a while."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from threading import Condition, Event
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

DROP = "drop"
"""Instead of an answer: the connection breaks."""


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail as the recipient's server has it."""

    sender: str
    """Of the envelope: where it comes back to."""
    recipient: str
    raw: bytes
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def dated_at(self) -> datetime:
        return parsedate_to_datetime(str(self.message["Date"]))

    @property
    def text(self) -> str:
        """The plain text, its lines ended by a line feed."""
        return self._content("text/plain")

    @property
    def calendar(self) -> str:
        """The calendar part, empty where there is none."""
        return self._content("text/calendar")

    def _content(self, content_type: str) -> str:
        for part in self.message.walk():
            if part.get_content_type() == content_type and not part.is_attachment():
                return str(part.get_content()).replace("\r\n", "\n")
        return ""


class SmtpSink:
    """Use it as a context manager; `url` is what MAIL_URL takes."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.mails: list[ReceivedMail] = []
        self.answers: dict[str, list[str]] = {}
        """What to answer to `RCPT` and `DATA` (the end of the mail) instead of 250, once each, in order."""
        self.seconds_a_mail = 0.0
        """How long it thinks over a mail, before it has it."""
        self.seconds_to_answer = 0.0
        """How long it then takes to say so: of a sender that dies meanwhile, nobody knows that it was taken."""
        self.may_answer = Event()
        """Cleared, it takes mails and leaves their senders in doubt until it is set again."""
        self.may_answer.set()
        self._arrival = Condition()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Be away: connections are refused until `start`."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def to(self, recipient: str) -> list[ReceivedMail]:
        """The mails to one address, oldest first."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """Return as soon as so many mails have arrived; the sender has not been told of the last one yet."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.mails) >= count, seconds), "the mails did not arrive"

    def message_ids(self) -> Counter[str]:
        """How often each mail arrived."""
        with self._arrival:
            return Counter(mail.message_id for mail in self.mails)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer("RCPT", server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.seconds_a_mail)
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, policy=policy.default)
        mail = ReceivedMail(envelope.mail_from or "", envelope.rcpt_tos[0], raw, message)
        answer = self._answer("DATA", server)
        if answer is None or answer.startswith(DROP):
            with self._arrival:
                self.mails.append(mail)
                self._arrival.notify_all()
            await asyncio.sleep(self.seconds_to_answer)
            await asyncio.to_thread(self.may_answer.wait)
        return answer or "250 OK"

    def _answer(self, command: str, server: SMTP) -> str | None:
        planned = self.answers.get(command)
        answer = planned.pop(0) if planned else None
        if answer == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer
