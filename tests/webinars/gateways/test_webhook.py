"""Texts handed to the operator's adapter: signed, to nowhere they should not go, each told by the same id."""

from __future__ import annotations

import ipaddress
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.providers import DROP, Answer, ProviderServer
from webinars.errors import CannotStart
from webinars.gateways.mail_errors import MailDeferred, MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.short_texts import SendableText
from webinars.gateways.webhook import WebhookTransport, is_public, signed_headers, signing_key

SECRET = f"whsec_{b64encode(b'k' * 32).decode()}"
MOMENT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TEXT = SendableText("0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e51", "sms", "+1 303 555 0199", "Your webinar: …")


@pytest.fixture
def adapter() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(202, {"id": "SM123"})) as adapter:
        yield adapter


@pytest.fixture
def transport(adapter: ProviderServer) -> Iterator[WebhookTransport]:
    transport = WebhookTransport(f"{adapter.url}/texts?key=hidden", SECRET, allows_private=True, clock=lambda: MOMENT)
    yield transport
    transport.close()


def test_the_published_example_of_standard_webhooks() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_text_is_handed_over_signed(transport: WebhookTransport, adapter: ProviderServer) -> None:
    assert transport.send(TEXT) == "SM123"
    (asked,) = adapter.asked
    assert (asked.method, asked.path) == ("POST", "/texts?key=hidden")
    assert asked.json == {
        "message_id": TEXT.message_id,
        "channel": "sms",
        "to": "+1 303 555 0199",
        "text": "Your webinar: …",
    }
    expected = signed_headers(signing_key(SECRET), TEXT.message_id, asked.body, MOMENT)
    assert {name: asked.headers[name] for name in expected} == expected
    assert asked.headers["host"] == adapter.url.removeprefix("http://")


def test_a_repeat_has_the_same_id(transport: WebhookTransport, adapter: ProviderServer) -> None:
    adapter.answers = [Answer(DROP)]
    with pytest.raises(MailUnconfirmed):
        transport.send(TEXT)
    transport.send(TEXT)
    assert [asked.headers["webhook-id"] for asked in adapter.asked] == [TEXT.message_id] * 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, MailRefused),
        (422, MailRefused),
        (401, MailTransportDown),
        (410, MailTransportDown),
        (302, MailTransportDown),
        (429, MailTransportDown),
        (503, MailTransportDown),
        (500, MailDeferred),
    ],
)
def test_what_its_answers_mean(
    transport: WebhookTransport, adapter: ProviderServer, status: int, kind: type[MailError]
) -> None:
    adapter.answers = [Answer(status, {"detail": f"no: {TEXT.to} key=hidden"}, {"Retry-After": "9"})]
    with pytest.raises(MailError) as caught:
        transport.send(TEXT)
    assert type(caught.value) is kind
    assert str(caught.value) == f"{status} no: (number) (secret)"
    assert caught.value.retry_after == (None if kind is MailRefused else 9.0)


def test_a_private_address_is_never_asked(adapter: ProviderServer) -> None:
    """The control is every other test here: where it is allowed, the adapter on this machine is asked."""
    for url in (adapter.url, adapter.url.replace("127.0.0.1", "localhost")):
        transport = WebhookTransport(url, SECRET, allows_private=False, clock=lambda: MOMENT)
        for deed in (lambda: transport.send(TEXT), transport.check):  # noqa: B023 - called at once
            with pytest.raises(MailTransportDown, match="not a public one"):
                deed()
        transport.close()
    assert adapter.asked == []


def test_one_private_address_among_several_is_enough(adapter: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have a public address for whoever looks, and a private one for whoever connects."""
    port = int(adapter.url.rpartition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    transport = WebhookTransport("http://adapter.example", SECRET, allows_private=False, clock=lambda: MOMENT)
    with pytest.raises(MailTransportDown, match="not a public one"):
        transport.send(TEXT)
    transport.close()


def test_the_address_that_was_looked_at_is_the_one_asked(
    adapter: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[object] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[object]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    port = adapter.url.rpartition(":")[2]
    transport = WebhookTransport(f"http://adapter.example:{port}/", SECRET, allows_private=True, clock=lambda: MOMENT)
    monkeypatch.setattr("webinars.gateways.webhook.socket.getaddrinfo", look_up)
    transport.send(TEXT)
    transport.close()
    assert looked_up[0] == "adapter.example"
    assert set(looked_up[1:]) <= {"127.0.0.1"}  # the client is given the address: the name is not looked up again
    assert adapter.asked[0].headers["host"] == f"adapter.example:{port}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to be refused
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize("url", ["ftp://a.example", "https:///x", "https://u:p@a.example", "https://a.example:99999"])
def test_an_address_that_cannot_be_used_is_not_repeated(url: str) -> None:
    with pytest.raises(CannotStart) as caught:
        WebhookTransport(url, SECRET, allows_private=True, clock=lambda: MOMENT)
    assert url not in caught.value.detail


@pytest.mark.parametrize("secret", ["", "whsec_", "short", "whsec_dG9vIHNob3J0", "not base64 at all, but long enough"])
def test_a_secret_that_is_none_is_not_repeated(secret: str) -> None:
    with pytest.raises(CannotStart, match="MESSAGE_WEBHOOK_SECRET") as caught:
        signing_key(secret)
    assert not secret or secret not in caught.value.detail.replace("whsec_ and", "")


def test_text_and_number_are_not_shown() -> None:
    assert TEXT.to not in repr(TEXT)
    assert TEXT.text not in repr(TEXT)
