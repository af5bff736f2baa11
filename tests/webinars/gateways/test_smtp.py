"""Delivery against a real SMTP server that misbehaves as told."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.scripted_smtp import ScriptedServer
from tests.webinars.documents.facts import composed
from tests.webinars.gateways.test_mail import PlainMail
from webinars.gateways import smtp as smtp_module
from webinars.gateways.mail import MailDeferred, MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.mail_errors import ConnectionBroke, RecipientRefused
from webinars.gateways.smtp import SmtpServer, SmtpTransport
from webinars.services import delivery

DROP = "drop"
SILENCE = "silence"


class Sink:
    """Keeps what arrives; `script` says how to answer a command, once each, in order."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.connections = 0
        self.names: set[str] = set()
        self.noops = 0
        self.script: dict[str, list[str]] = {}

    async def handle_EHLO(  # noqa: N802 - aiosmtpd names it
        self, server: SMTP, session: SmtpSession, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if not session.ssl:
            self.connections += 1
        self.names.add(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", server) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("RCPT", server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_NOOP(self, server: SMTP, session: SmtpSession, envelope: Envelope, arg: str) -> str:  # noqa: N802
        self.noops += 1
        return await self._answer("NOOP", server) or "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._answer("DATA", server)
        if answer is None:
            self.taken.append(envelope)
        return answer or "250 OK"

    async def _answer(self, command: str, server: SMTP) -> str | None:
        planned = self.script.get(command)
        answer = planned.pop(0) if planned else None
        if answer == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 never heard"
        if answer == SILENCE:
            await asyncio.sleep(1.0)
            return "250 too late"
        return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(sink: Sink, **options: Any) -> Iterator[SmtpTransport]:
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    sink.connections = 0
    transport = SmtpTransport(server_at(controller.port))
    try:
        yield transport
    finally:
        transport.close()
        controller.stop()


def server_at(port: int) -> SmtpServer:
    patience = {"connect_seconds": 5, "reply_seconds": 0.5, "mail_seconds": 0.6, "dot_seconds": 0.5}
    return SmtpServer(host="127.0.0.1", port=port, tls=False, **patience)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def transport(sink: Sink) -> Iterator[SmtpTransport]:
    with running(sink) as transport:
        yield transport


def test_a_mail_arrives_byte_for_byte(sink: Sink, transport: SmtpTransport) -> None:
    mail = composed()
    transport.send(mail)
    (envelope,) = sink.taken
    assert envelope.original_content == mail.raw
    assert envelope.mail_from == mail.sender
    assert envelope.rcpt_tos == [mail.recipient]
    assert sink.names == {"clinic.example"}


class NotNow(Exception):
    """What somebody may raise before the dot."""


def test_the_last_word_before_the_dot_is_asked_for(sink: Sink, transport: SmtpTransport) -> None:
    taken: list[int] = []
    transport.send(PlainMail(), lambda: taken.append(len(sink.taken)))
    assert taken == [0]
    sink.script["RCPT"] = ["550 unknown"]
    with pytest.raises(RecipientRefused):
        transport.send(PlainMail(), lambda: taken.append(1))
    assert taken == [0]  # it did not come to that


def test_the_dot_is_all_that_comes_after_the_last_word() -> None:
    """However long a mail is: what somebody waits for after the last word is the dot's answer alone."""
    mail = replace(PlainMail(), raw=b"Subject: long\r\n\r\n" + b"x" * 70 + b"\r\n" * 9_999)

    def wait_for_all() -> None:
        until = time.monotonic() + 10
        while server.heard != mail.raw:
            assert time.monotonic() < until, f"{len(server.heard)} of {len(mail.raw)} bytes came before the last word"
            time.sleep(0.01)
        assert server.mails == []

    with ScriptedServer() as server:
        transport = SmtpTransport(replace(server_at(server.port), mail_seconds=20))
        transport.send(mail, wait_for_all)
        transport.close()
    assert server.mails == [mail.raw]


def test_whoever_says_no_before_the_dot_has_sent_nothing(
    sink: Sink, transport: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise NotNow

    quits: list[smtplib.SMTP] = []

    def note(smtp: smtplib.SMTP) -> None:
        quits.append(smtp)

    monkeypatch.setattr(smtplib.SMTP, "quit", note)
    with pytest.raises(NotNow):
        transport.send(PlainMail(), refuse)
    assert quits == []  # in the middle of a mail nobody would answer, and the thread would wait for it
    transport.send(PlainMail())  # over a new connection: the old one is in the middle of a mail
    assert (len(sink.taken), sink.connections) == (1, 2)
    transport.close()
    assert len(quits) == 1


def test_dots_arrive_as_dots(sink: Sink, transport: SmtpTransport) -> None:
    raw = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nlast."
    transport.send(replace(PlainMail(), raw=raw))
    assert sink.taken[0].original_content == raw + b"\r\n"


@pytest.mark.parametrize(
    ("command", "answer", "error", "code"),
    [
        ("RCPT", "550 5.1.1 <ana@mail.example> unknown", RecipientRefused, 550),
        ("RCPT", "450 4.2.1 mailbox busy", MailDeferred, 450),
        ("RCPT", "421 4.3.2 closing", MailTransportDown, 421),
        ("RCPT", DROP, ConnectionBroke, None),
        ("RCPT", SILENCE, ConnectionBroke, None),
        ("MAIL", "550 5.7.1 sender unknown", MailTransportDown, 550),
        ("MAIL", "450 4.7.1 not so fast", MailTransportDown, 450),
        ("DATA", "554 5.6.0 content refused", MailRefused, 554),
        ("DATA", "451 4.3.0 try again", MailDeferred, 451),
        ("DATA", "421 4.3.2 closing", MailTransportDown, 421),
        ("DATA", DROP, MailUnconfirmed, None),
        ("DATA", SILENCE, MailUnconfirmed, None),
    ],
)
def test_what_each_answer_means(
    sink: Sink, transport: SmtpTransport, command: str, answer: str, error: type[MailError], code: int | None
) -> None:
    sink.script[command] = [answer]
    with pytest.raises(MailError) as raised:
        transport.send(PlainMail())
    assert isinstance(raised.value, error)
    assert isinstance(raised.value, RecipientRefused) == (error is RecipientRefused)
    assert raised.value.code == code
    assert "ana@" not in raised.value.reason
    assert sink.taken == []
    transport.send(PlainMail())  # and the next mail goes out all the same
    assert len(sink.taken) == 1


def test_one_connection_carries_many_mails(sink: Sink, transport: SmtpTransport) -> None:
    sink.script["RCPT"] = ["550 unknown", "450 busy"]
    for _ in range(5):
        with suppress(MailRefused, MailDeferred):
            transport.send(PlainMail())
    assert len(sink.taken) == 3
    assert sink.connections == 1


def test_a_worn_connection_is_renewed(sink: Sink, transport: SmtpTransport) -> None:
    for _ in range(101):
        transport.send(PlainMail())
    assert len(sink.taken) == 101
    assert sink.connections == 2


def test_a_connection_that_rested_is_asked_first(
    sink: Sink, transport: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport.send(PlainMail())
    monkeypatch.setattr(smtp_module, "_IDLE_WITHOUT_ASKING", 0.0)
    transport.send(PlainMail())
    assert (sink.noops, sink.connections) == (1, 1)
    sink.script["NOOP"] = ["421 closing"]
    transport.send(PlainMail())
    assert (sink.noops, sink.connections) == (2, 2)
    monkeypatch.setattr(smtp_module, "_LONGEST_IDLE", 0.0)
    transport.send(PlainMail())
    assert (sink.noops, sink.connections) == (2, 3)


def test_the_dot_does_not_wait_for_what_came_before_it_to_be_acknowledged(transport: SmtpTransport) -> None:
    """Sent alone behind the mail, it would: some 40 ms with each."""
    transport.send(PlainMail())
    (connection,) = transport._open
    assert connection._smtp.sock
    assert connection._smtp.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_each_thread_has_its_own_connection(sink: Sink, transport: SmtpTransport) -> None:
    together = threading.Barrier(3)

    def send_two() -> None:
        transport.send(PlainMail())
        together.wait()
        transport.send(PlainMail())

    threads = [threading.Thread(target=send_two) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(sink.taken), sink.connections) == (6, 3)
    transport.close()
    assert transport._open == set()


def test_closing_is_not_the_end(sink: Sink, transport: SmtpTransport) -> None:
    transport.send(PlainMail())
    transport.close()
    transport.close()
    transport.send(PlainMail())
    assert sink.connections == 2


def test_nobody_there_is_trouble_of_the_transport() -> None:
    transport = SmtpTransport(server_at(free_port()))
    with pytest.raises(MailTransportDown):
        transport.send(PlainMail())
    with pytest.raises(MailTransportDown):
        transport.check()


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = replace(server_at(mute.getsockname()[1]), connect_seconds=0.3)
        with pytest.raises(MailTransportDown):
            SmtpTransport(server).send(PlainMail())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A self-made one for localhost, as a server has it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - TLS reads the machine's clock as well
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def accept_ana(server: SMTP, session: SmtpSession, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
    assert isinstance(auth, LoginPassword)
    right = (auth.login, auth.password) == (b"ana", b"p/:@")
    return AuthResult(success=right, handled=right)


def signed_in_as(transport: SmtpTransport, password: str, **changes: Any) -> SmtpTransport:
    return SmtpTransport(replace(transport._server, user="ana", password=password, **changes))


def test_tls_is_used_where_it_is_offered(sink: Sink, certificate: ssl.SSLContext) -> None:
    with running(sink, tls_context=certificate, require_starttls=True) as transport:
        transport.send(PlainMail())
        assert "over TLS" in transport.check()
    assert len(sink.taken) == 1


def test_the_password_opens_the_server(sink: Sink, certificate: ssl.SSLContext) -> None:
    with running(sink, tls_context=certificate, authenticator=accept_ana, auth_required=True) as transport:
        right = signed_in_as(transport, "p/:@")
        right.send(PlainMail())
        assert right.check().endswith("answers over TLS, signed in")
        right.close()
        with pytest.raises(MailTransportDown) as refusal:
            signed_in_as(transport, "wrong").send(PlainMail())
        assert (refusal.value.code, refusal.value.permanent) == (535, False)
    assert len(sink.taken) == 1


def test_a_password_never_travels_in_the_open(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(sink, authenticator=accept_ana, auth_require_tls=False) as transport:
        near = signed_in_as(transport, "p/:@")
        near.send(PlainMail())  # the control: on loopback nobody listens
        near.close()
        monkeypatch.setattr(SmtpServer, "is_loopback", property(lambda _: False))
        with pytest.raises(MailTransportDown, match="no TLS"):
            signed_in_as(transport, "p/:@").send(PlainMail())


def test_a_strange_certificate_is_not_trusted_across_the_network(
    sink: Sink, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(sink, tls_context=certificate) as transport:
        monkeypatch.setattr(SmtpServer, "is_loopback", property(lambda _: False))
        with pytest.raises(MailTransportDown, match="certificate"):
            transport.send(PlainMail())
    assert sink.taken == []


def test_tls_from_the_first_byte(sink: Sink, certificate: ssl.SSLContext) -> None:
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), ssl_context=certificate)
    controller.start()
    transport = SmtpTransport(replace(server_at(controller.port), tls=True))
    try:
        transport.send(PlainMail())
        assert "over TLS" in transport.check()
    finally:
        transport.close()
        controller.stop()
    assert len(sink.taken) == 1


def test_only_this_machine_is_loopback() -> None:
    for host, here in (
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("mail.example", False),
        ("10.0.0.1", False),
    ):
        assert SmtpServer(host=host, port=25, tls=False).is_loopback is here


def test_the_longest_mail_fits_into_a_lease() -> None:
    server = SmtpServer("mail.clinic.example", 25, tls=False)
    assert server.mail_seconds + server.dot_seconds < delivery._LEAST_LEASE_LEFT
