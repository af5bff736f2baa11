"""What a transport needs of a mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

BeforeDot = Callable[[], object]
"""Called by a transport when all is ready, right before the step after which the mail may have been taken: with SMTP
the dot that ends it. It may wait; if it raises, surely nothing was sent."""


def without_waiting() -> None:
    """Wait for nobody."""


class SendableMail(Protocol):
    """A finished mail. `webinars.documents.mails.Mail` is one; gateways know documents only by this shape."""

    @property
    def sender(self) -> str:
        """Of the envelope, in ASCII."""

    @property
    def recipient(self) -> str:
        """Of the envelope, in ASCII; always one."""

    @property
    def message_id(self) -> str:
        """With its angle brackets."""

    @property
    def subject(self) -> str: ...

    @property
    def raw(self) -> bytes:
        """The mail, every line ended by CR LF."""
