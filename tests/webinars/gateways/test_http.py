"""What a failure over HTTP means for a mail: surely not sent, perhaps sent, refused, or nobody's can be."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.support.providers import DROP, Answer, ProviderServer
from webinars.gateways.http import Http, Reply, trouble, words_of
from webinars.gateways.mail_errors import MailDeferred, MailError, MailRefused, MailTransportDown, MailUnconfirmed


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(200, {"ok": True})) as server:
        yield server


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(("a secret",))
    yield http
    http.close()


def test_an_answer_is_read(http: Http, server: ProviderServer) -> None:
    reply = http.request("POST", f"{server.url}/x", content=b"body")
    assert (reply.status, reply.facts) == (200, {"ok": True})
    assert [(asked.method, asked.path, asked.body) for asked in server.asked] == [("POST", "/x", b"body")]


def test_where_nobody_listens_nothing_was_sent(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(MailTransportDown, match="cannot connect"):
        http.request("POST", f"http://127.0.0.1:{port}/", content=b"x")


def test_without_an_answer_nobody_knows(http: Http, server: ProviderServer) -> None:
    server.answers = [Answer(DROP)]
    with pytest.raises(MailUnconfirmed, match="no answer"):
        http.request("POST", server.url, content=b"x")
    assert len(server.asked) == 1  # it did arrive: to say it surely had not would be wrong


def test_a_connection_that_breaks_while_sending_is_no_refusal(http: Http) -> None:
    """The client still looks for an answer then, and tells this from a lost answer only when it ran out of time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises((MailDeferred, MailUnconfirmed)):
            http.request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", content=b"x" * 50_000_000)
        thread.join()


def test_nobody_is_led_elsewhere(http: Http, server: ProviderServer) -> None:
    server.answers = [Answer(307, headers={"Location": f"{server.url}/elsewhere"})]
    reply = http.request("POST", server.url, content=b"x")
    assert (reply.status, len(server.asked)) == (307, 1)
    assert isinstance(trouble(reply, ""), MailTransportDown)


def test_an_endless_answer_is_cut(http: Http, server: ProviderServer) -> None:
    server.answers = [Answer(400, "x" * 5_000_000)]
    reply = http.request("GET", server.url)
    assert (reply.status, len(reply.text)) == (400, 65536)


def test_secrets_are_taken_out(http: Http) -> None:
    assert http.clean("the token a secret is wrong") == "the token (secret) is wrong"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, MailRefused),
        (413, MailRefused),
        (422, MailRefused),
        (401, MailTransportDown),
        (403, MailTransportDown),
        (404, MailTransportDown),
        (429, MailTransportDown),
        (502, MailTransportDown),
        (503, MailTransportDown),
        (408, MailDeferred),
        (500, MailDeferred),
        (504, MailUnconfirmed),
        (200, MailUnconfirmed),
        (202, MailUnconfirmed),
    ],
)
def test_what_a_status_means(status: int, kind: type[MailError]) -> None:
    error = trouble(Reply(status, httpx.Headers(), ""), "words")
    assert (type(error), error.code, error.reason) == (kind, status, "words")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 02 Mar 2026 15:01:00 GMT", 60.0),
        ("Mon, 02 Mar 2026 14:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_wish_to_be_left_alone(said: str, seconds: float | None) -> None:
    headers = httpx.Headers({"Retry-After": said, "Date": "Mon, 02 Mar 2026 15:00:00 GMT"})
    assert Reply(429, headers, "").retry_after(None) == seconds
    assert trouble(Reply(429, headers, ""), "").retry_after == seconds
    there = datetime(2026, 3, 2, 15, 0, 30, tzinfo=UTC)
    if seconds == 60:
        assert Reply(429, headers, "").retry_after(there) == 30.0


def test_what_is_not_an_object_says_nothing() -> None:
    for text in ("", "[1]", '"a"', "{", "null"):
        assert Reply(200, httpx.Headers(), text).facts == {}
    assert words_of({"a": 1, "b": "", "c": "said"}, "a", "b", "c") == "said"
    assert words_of({}, "a") == "no reason given"


def test_all_timeouts_together_fit_into_a_lease() -> None:
    from webinars.gateways.http import TIMEOUT
    from webinars.services import delivery

    longest = sum(value or 0 for value in TIMEOUT.as_dict().values())
    assert longest < delivery._LEAST_LEASE_LEFT
