"""Hands finished mails to the outside world. MAIL_URL says how; every way keeps the same promises."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from webinars.clock import SystemClock
from webinars.errors import CannotStart
from webinars.gateways.captured import CapturedMail, DirTransport, captured_mails
from webinars.gateways.mail_errors import (
    MailDeferred,
    MailError,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
)
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting
from webinars.gateways.smtp import SmtpServer, SmtpTransport

__all__ = [
    "CapturedMail",
    "DirTransport",
    "MailDeferred",
    "MailError",
    "MailRefused",
    "MailTransport",
    "MailTransportDown",
    "MailUnconfirmed",
    "MemoryMailer",
    "SendableMail",
    "SmtpTransport",
    "captured_mails",
    "mail_transport",
]

_WAYS = "smtp://user:password@host:587, smtps://user:password@host, or dir:///path"
_PROVIDERS = {
    "postmark": "postmark://TOKEN",
    "ses": "ses://KEY:SECRET@REGION",
    "sendgrid": "sendgrid://KEY or sendgrid://KEY@eu",
    "mailgun": "mailgun://KEY@DOMAIN or mailgun://KEY@DOMAIN?region=eu",
}


class MailTransport(Protocol):
    """A way for mails to leave. Safe to use from several threads."""

    name: str
    """For logs and metrics."""

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> str | None:
        """Returns once somebody else has taken responsibility for the mail.

        Args:
            mail: to one recipient.
            before_dot: see `BeforeDot`; called at least once for each mail that is taken.

        Returns:
            What they call it, if they said.

        Raises:
            MailError: the subclass says whether it was refused, should be tried again, or may have gone out.
        """

    def close(self) -> None:
        """Lets go of connections. Sending again opens new ones."""

    def check(self) -> str:
        """One line that says what was found to work.

        Raises:
            MailError: if mails could not be sent now.
        """


class MemoryMailer:
    """Keeps mails in memory, for tests. Failures are raised one a mail, in order, before anything is kept."""

    name = "memory"

    def __init__(self) -> None:
        self.mails: list[SendableMail] = []
        self.failures: list[Exception] = []

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        before_dot()
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, MailUnconfirmed):
                self.mails.append(mail)  # the worse case of not knowing: it did arrive
            raise failure
        self.mails.append(mail)

    def to(self, recipient: str) -> list[SendableMail]:
        """The mails to one address, oldest first."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    def close(self) -> None:
        """Nothing to let go of."""

    def check(self) -> str:
        return "kept in memory"


def mail_transport(url: str, *, captured_in: Path) -> MailTransport:
    """The transport that `url` names; with an empty one, mails are kept in the folder `captured_in`.

    Raises:
        CannotStart: if the URL names no way this program knows. It never repeats the URL, which may hold a password.
    """
    if not url:
        return DirTransport(captured_in)
    parts = urlsplit(url)
    if parts.scheme == "dir":
        if parts.netloc or not parts.path.strip("/"):
            raise CannotStart("MAIL_URL: a folder is written with three slashes, as in dir:///path/to/mails.")
        return DirTransport(Path(unquote(parts.path)))
    if parts.scheme in _PROVIDERS:
        return _provider(parts)
    if parts.scheme not in {"smtp", "smtps"}:
        ways = "; ".join([_WAYS, *_PROVIDERS.values()])
        raise CannotStart(f"MAIL_URL: mails cannot be sent by {parts.scheme or 'that'!r}. Use {ways}.")
    return _smtp(parts)


def _smtp(parts: SplitResult) -> SmtpTransport:
    try:
        port = parts.port
    except ValueError:
        raise CannotStart("MAIL_URL: the port must be a number from 1 to 65535.") from None
    if not parts.hostname:
        raise CannotStart(f"MAIL_URL: the server's name is missing. Use {_WAYS}.")
    if bool(parts.username) != bool(parts.password):
        raise CannotStart(f"MAIL_URL: give both user and password, or neither. Use {_WAYS}.")
    tls = parts.scheme == "smtps"
    return SmtpTransport(
        SmtpServer(
            host=parts.hostname,
            port=port or (465 if tls else 587),
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
    )


def _provider(parts: SplitResult) -> MailTransport:
    """A provider's own interface over HTTP. Keys may hold what stands for something else in a URL: percent-encoded."""
    user, _, place = parts.netloc.rpartition("@") if "@" in parts.netloc else (parts.netloc, "", "")
    key, _, secret = (unquote(part) for part in user.partition(":"))
    region = parse_qs(parts.query).get("region", [""])[-1]
    # An HTTP client takes 0.1 s to load, which whoever sends by SMTP does without.
    from webinars.gateways import mailgun, postmark, sendgrid, ses  # noqa: PLC0415

    match parts.scheme:
        case "postmark" if key and not place and not secret:
            return postmark.PostmarkTransport(key)
        case "ses" if key and secret and _is_name(place) and "." not in place:
            return ses.SesTransport(key, secret, place, clock=SystemClock().now)
        case "sendgrid" if key and not secret and place in sendgrid.ENDPOINTS:
            return sendgrid.SendGridTransport(key, sendgrid.ENDPOINTS[place])
        case "mailgun" if key and not secret and _is_name(place) and region in mailgun.ENDPOINTS:
            return mailgun.MailgunTransport(key, place, mailgun.ENDPOINTS[region])
    raise CannotStart(f"MAIL_URL: write it as {_PROVIDERS[parts.scheme]}.")


def _is_name(text: str) -> bool:
    """Whether it may stand in a host's name, and cannot lead elsewhere."""
    return bool(text) and text.isascii() and text.replace("-", "").replace(".", "").isalnum()
