"""What can become of handing over a mail, told apart by what the caller should do next."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s<>,;:\"']+@[^\s<>,;:\"']+")
_LONGEST_REASON = 200


class MailError(Exception):
    """A mail was not handed over, or nobody knows whether it was."""

    permanent = False
    """Whether trying again is useless."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        self.code = code
        """The server's reply code (RFC 5321 section 4.2), if it said one."""
        self.reason = _anonymous(reason)
        """In the server's words, fit for a log: addresses are taken out, for servers like to repeat them."""
        super().__init__(f"{code} {self.reason}" if code else self.reason)


class MailRefused(MailError):
    """5xx to the recipient or to the mail itself: it will never be taken."""

    permanent = True


class MailDeferred(MailError):
    """4xx: surely not sent; to be tried again later."""


class MailTransportDown(MailError):
    """No connection, no TLS, no sign-in, or a server that closes: surely not sent, and no other mail would be."""


class MailUnconfirmed(MailError):
    """The whole mail was sent, but the reply never came: it may or may not arrive (RFC 1047).

    A repeat must be the same bytes with the same Message-ID, so that a double is recognised as one.
    """


def _anonymous(reason: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    return _ADDRESS.sub("(address)", words)[:_LONGEST_REASON]
