"""Mailgun, played by a server that answers what its documentation says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from tests.support.providers import DROP, Answer, Asked, ProviderServer
from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import compose_mail
from webinars.gateways.mail_errors import MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.mailgun import MailgunTransport
from webinars.terms import MessageKind

KEY = "key-nobody-may-see"
INVITE = compose_mail(replace(FACTS, kind=MessageKind.confirmation))
TAKEN = {"id": "<20260302150000.1.ABC@mg.clinic.example>", "message": "Queued. Thank you."}


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(200, TAKEN)) as provider:
        yield provider


@pytest.fixture
def transport(provider: ProviderServer) -> Iterator[MailgunTransport]:
    transport = MailgunTransport(KEY, "mg.clinic.example", provider.url)
    yield transport
    transport.close()


def form(asked: Asked) -> dict[str, bytes]:
    """The fields of a multipart form, as an independent reader takes them apart."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + asked.body, policy=policy.HTTP)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True) if part.get_content_type() != "message/rfc822" else None
        fields[str(name)] = payload if isinstance(payload, bytes) else b""
    return fields


def test_a_mail_goes_as_it_is_and_its_id_is_theirs(transport: MailgunTransport, provider: ProviderServer) -> None:
    assert transport.send(INVITE) == TAKEN["id"]
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/v3/mg.clinic.example/messages.mime")
    assert asked.headers["authorization"] == f"Basic {b64encode(f'api:{KEY}'.encode()).decode()}"
    assert INVITE.raw in asked.body  # byte for byte, and with it the calendar
    fields = form(asked)
    assert (fields["to"], fields["o:tracking"]) == (INVITE.recipient.encode(), b"no")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(400, {"message": "'to' parameter is not a valid address. please check documentation"}), MailRefused),
        (Answer(401, "Forbidden"), MailTransportDown),
        (Answer(404, {"message": "Domain not found: mg.clinic.example"}), MailTransportDown),
        (Answer(402, {"message": "Payment required"}), MailTransportDown),
        (Answer(429, {"message": "Too many requests"}, {"Retry-After": "7"}), MailTransportDown),
        (Answer(DROP), MailUnconfirmed),
        (Answer(204), MailUnconfirmed),
    ],
)
def test_what_its_answers_mean(
    transport: MailgunTransport, provider: ProviderServer, answer: Answer, kind: type[MailError]
) -> None:
    provider.answers = [answer]
    with pytest.raises(MailError) as caught:
        transport.send(INVITE)
    assert type(caught.value) is kind
    assert caught.value.retry_after == (7.0 if answer.status == 429 else None)


def test_words_that_are_no_json_are_told_without_the_key(transport: MailgunTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(401, f"Forbidden: {KEY}")]
    with pytest.raises(MailTransportDown) as caught:
        transport.send(INVITE)
    assert str(caught.value) == "401 Forbidden: (secret)"


def test_an_answer_that_breaks_off_says_that_it_was_taken(
    transport: MailgunTransport, provider: ProviderServer
) -> None:
    provider.answers = [Answer(200, '{"', is_cut=True)]
    assert transport.send(INVITE) == ""


def test_looking_whether_it_works_sends_nothing(transport: MailgunTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(400, {"message": "to parameter is missing"}), Answer(401, "Forbidden")]
    assert "domain" in transport.check()
    assert b"message" not in provider.asked[0].body
    with pytest.raises(MailTransportDown):
        transport.check()
