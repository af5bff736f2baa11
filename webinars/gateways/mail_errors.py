"""What can become of handing over a mail, told apart by what the caller should do next."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s<>,;:\"']+@[^\s<>,;:\"']+")
_LONGEST_REASON = 200


class MailError(Exception):
    """A mail was not handed over, or nobody knows whether it was."""

    permanent = False
    """Whether trying again is useless."""

    def __init__(self, reason: str, code: int | None = None, retry_after: float | None = None) -> None:
        self.code = code
        """The server's reply code (RFC 5321 section 4.2) or HTTP status, if it said one."""
        self.retry_after = retry_after
        """How long it asked to be left alone, in seconds."""
        self.reason = anonymous(reason)
        """In the server's words, fit for a log: addresses are taken out, for servers like to repeat them."""
        super().__init__(f"{code} {self.reason}" if code else self.reason)


class MailRefused(MailError):
    """5xx to the recipient or to the mail itself: it will never be taken."""

    permanent = True


class RecipientRefused(MailRefused):
    """5xx to the recipient, before the mail was seen: it is about the address, unless its words say otherwise."""


class MailDeferred(MailError):
    """4xx: surely not sent; to be tried again later."""


class ConnectionBroke(MailDeferred):
    """The connection broke, or the server fell silent, before the dot: surely not sent. The server is to blame, or the
    mail."""


class MailTransportDown(MailError):
    """No connection, no TLS, no sign-in, no to our sender, or a server that closes: surely not sent, and no other mail
    would be."""


class MailUnconfirmed(MailError):
    """The whole mail was sent, but the reply never came: it may or may not arrive (RFC 1047).

    A repeat must be the same bytes with the same Message-ID, so that a double is recognised as one.
    """


def anonymous(reason: str) -> str:
    """A server's words on one short line, without addresses."""
    words = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    return _ADDRESS.sub("(address)", words)[:_LONGEST_REASON]
