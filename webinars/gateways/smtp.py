"""Sends mails by SMTP (RFC 5321) over connections that are kept: one per thread, renewed now and then.

The steps of a delivery are taken one by one, since what went wrong *when* decides what the caller may do: up to the
dot that ends the mail it was surely not sent; after the dot, without a reply, nobody knows (RFC 1047).
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from webinars.gateways.mail_errors import (
    ConnectionBroke,
    MailDeferred,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
    RecipientRefused,
)
from webinars.gateways.sendable import BeforeDot, SendableMail, without_waiting

_MAILS_PER_CONNECTION = 100
_LONGEST_IDLE = 60.0
_IDLE_WITHOUT_ASKING = 1.0
"""Seconds. A connection that rested longer is asked by NOOP whether it still stands."""
_DOT = b".\r\n"
"""Ends a mail, after the end of its last line."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to hand mails over, and how long to wait for what (seconds)."""

    host: str
    port: int
    tls: bool
    """TLS from the first byte (RFC 8314). Otherwise STARTTLS wherever the server offers it."""
    user: str = ""
    password: str = field(default="", repr=False)
    connect_seconds: float = 10.0
    reply_seconds: float = 30.0
    mail_seconds: float = 60.0
    """For one mail, connecting included. RFC 5321 section 4.5.3.2.6 would have us wait ten minutes for the last reply
    alone, but a message is leased for 90 s (services/delivery.py): a second worker must not take it meanwhile."""
    dot_seconds: float = 5.0
    """At least, for the reply to the whole mail: once all is sent, giving up at once would make a double likely."""

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class SmtpTransport:
    """One kept connection per thread; `close` ends those of all threads."""

    name = "smtp"

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._local = threading.local()
        self._open: set[_Connection] = set()
        self._lock = threading.Lock()

    def send(self, mail: SendableMail, before_dot: BeforeDot = without_waiting) -> None:
        """Hands one mail to the server. `before_dot` is called when all of it is there but the dot.

        Raises:
            RecipientRefused: 5xx to the recipient.
            MailRefused: 5xx to the mail.
            MailDeferred: 4xx.
            ConnectionBroke: the connection broke, or the server fell silent, before the dot.
            MailTransportDown: no connection, TLS or sign-in, no to our sender, or 421: surely not sent.
            MailUnconfirmed: the connection broke, or the server fell silent, after the dot.
        """
        until = time.monotonic() + self._server.mail_seconds
        domain = mail.sender.rpartition("@")[2]
        connection = self._connection(domain)
        was_kept = connection.has_sent
        try:
            self._deliver(connection, mail, until, before_dot)
        except (ConnectionBroke, MailTransportDown):
            if not was_kept:
                raise
            # A kept connection that the server has ended, perhaps after so many mails, says nothing about the next.
            self._deliver(self._connection(domain), mail, until, before_dot)

    def _deliver(self, connection: _Connection, mail: SendableMail, until: float, before_dot: BeforeDot) -> None:
        try:
            connection.deliver(mail, until, before_dot)
        except (MailRefused, MailDeferred) as error:
            if isinstance(error, ConnectionBroke) or not connection.reset():
                self._drop(connection)
            raise
        except BaseException:  # whatever happened, the connection is in the middle of something
            self._drop(connection)
            raise

    def close(self) -> None:
        """Ends all connections; a thread that sends again gets a new one."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            connection.close()

    def check(self) -> str:
        """Connects and signs in, but sends nothing."""
        connection = _Connection(self._server, None)
        connection.close()
        secured = "over TLS" if connection.is_secure else "without TLS"
        signed_in = ", signed in" if self._server.user else ""
        return f"{self._server.host}:{self._server.port} answers {secured}{signed_in}"

    def _connection(self, domain: str) -> _Connection:
        kept: _Connection | None = getattr(self._local, "connection", None)
        if kept is not None:
            if kept in self._open and kept.is_usable():
                return kept
            self._drop(kept)
        connection = _Connection(self._server, domain)
        self._local.connection = connection
        with self._lock:
            self._open.add(connection)
        return connection

    def _drop(self, connection: _Connection) -> None:
        self._local.connection = None
        with self._lock:
            self._open.discard(connection)
        connection.close()


class _Connection:
    """A connection to the server, signed in and ready. `domain` is ours, for EHLO: relays dislike `localhost`."""

    def __init__(self, server: SmtpServer, domain: str | None) -> None:
        self._server = server
        self._mails = 0
        self._used = time.monotonic()
        self._is_in_order = False
        try:
            self._smtp = self._connect(domain)
        except smtplib.SMTPResponseException as error:
            raise MailTransportDown(_text(error.smtp_error), error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailTransportDown(f"cannot connect: {error}") from error
        self._is_in_order = True

    @property
    def has_sent(self) -> bool:
        """Whether it has carried a mail before."""
        return self._mails > 0

    def deliver(self, mail: SendableMail, until: float, before_dot: BeforeDot) -> None:
        """One mail to one recipient, begun before `until` on the monotonic clock; raises as `SmtpTransport.send`."""
        self._mails += 1
        self._is_in_order = False
        with _surely_unsent():
            self._wait_until(until)
            # Not by smtplib's mail() and rcpt(): they take each address apart once more, 0.1 ms of CPU a mail.
            code, words = self._smtp.docmd("MAIL", f"FROM:<{mail.sender}>")
            if code >= 400:  # our sender is not welcome, or not now: the recipient has nothing to do with it
                raise MailTransportDown(_text(words), code)
            _check(code, words)
            self._wait_until(until)
            _check(*self._smtp.docmd("RCPT", f"TO:<{mail.recipient}>"), refusal=RecipientRefused)
            self._wait_until(until)
            _check(*self._smtp.docmd("DATA"))
            self._wait_until(until)
            self._smtp.send(_stuffed(mail.raw))
        before_dot()
        with _surely_unsent():
            self._wait_until(until)
            self._smtp.send(_DOT)  # if this fails, it did not go out
        _check(*self._reply_to_the_dot(until))
        self._is_in_order = True
        self._used = time.monotonic()

    def _wait_until(self, until: float) -> None:
        """Let the next step take as long as a reply may take, but not beyond `until`."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server is too slow")
        _wait(self._smtp, min(left, self._server.reply_seconds))

    def is_usable(self) -> bool:
        """Whether it may carry another mail: not worn out, and the server is still there."""
        idle = time.monotonic() - self._used
        if self._mails >= _MAILS_PER_CONNECTION or idle > _LONGEST_IDLE:
            return False
        return idle < _IDLE_WITHOUT_ASKING or self._answers(self._smtp.noop)

    def reset(self) -> bool:
        """Forgets a mail that was not taken; false if the connection broke over it."""
        return self._answers(self._smtp.rset)

    def close(self) -> None:
        """Takes leave, unless it is in the middle of a mail or has fallen silent: nobody would answer."""
        with suppress(smtplib.SMTPException, OSError):
            if self._is_in_order:
                self._smtp.quit()
        self._smtp.close()

    def _connect(self, domain: str | None) -> smtplib.SMTP:
        server = self._server
        self.is_secure = server.tls
        if server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, domain, timeout=server.connect_seconds, context=_tls(server)
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, domain, timeout=server.connect_seconds)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not server.tls and smtp.has_extn("starttls"):
                smtp.starttls(context=_tls(server))
                smtp.ehlo_or_helo_if_needed()  # what was said before TLS is forgotten (RFC 3207 section 4.2)
                self.is_secure = True
            if server.user:
                if not self.is_secure and not server.is_loopback:
                    raise MailTransportDown("the server offers no TLS: the password was not sent")
                smtp.login(server.user, server.password)
            _send_at_once(smtp)
            _wait(smtp, server.reply_seconds)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _reply_to_the_dot(self, until: float) -> tuple[int, bytes]:
        try:
            _wait(self._smtp, max(until - time.monotonic(), self._server.dot_seconds))
            reply = self._smtp.getreply()
            _wait(self._smtp, self._server.reply_seconds)
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnconfirmed(f"no reply to the whole mail: {error}") from error
        return reply

    def _answers(self, command: Callable[[], tuple[int, bytes]]) -> bool:
        try:
            self._is_in_order = command()[0] == 250
        except (smtplib.SMTPException, OSError):
            self._is_in_order = False
        return self._is_in_order


@contextmanager
def _surely_unsent() -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        raise ConnectionBroke(f"the connection broke: {error}") from error


def _check(code: int, words: bytes, *, refusal: type[MailRefused] = MailRefused) -> None:
    """Raises what a reply means, unless it says to go on (RFC 5321 section 4.2.1)."""
    if 200 <= code < 400:
        return
    if code == 421:  # the server is closing (RFC 5321 section 3.8)
        raise MailTransportDown(_text(words), code)
    if code >= 500:
        raise refusal(_text(words), code)
    raise MailDeferred(_text(words), code)


def _stuffed(raw: bytes) -> bytes:
    """`raw` with its last line ended and dots doubled at the beginning of lines (RFC 5321 section 4.5.2)."""
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return ended.replace(b"\r\n.", b"\r\n..")


def _wait(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _send_at_once(smtp: smtplib.SMTP) -> None:
    """Or the dot, sent alone, waits until the server has acknowledged what came before it: 40 ms with some."""
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tls(server: SmtpServer) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if server.is_loopback:  # nobody sits between us and this machine, and its certificate is mostly self-made
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
