"""Postmark, played by a server that answers what its documentation says."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.providers import DROP, Answer, ProviderServer
from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import compose_mail
from webinars.gateways.mail_errors import (
    MailDeferred,
    MailError,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
    RecipientRefused,
)
from webinars.gateways.parts import parts_of
from webinars.gateways.postmark import PostmarkTransport
from webinars.terms import MessageKind

TOKEN = "b8a8a5a1-a-token-nobody-may-see"
TAKEN = {
    "To": "ana@mail.example",
    "SubmittedAt": "2026-03-02T15:00:00.1234567-05:00",
    "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d",
    "ErrorCode": 0,
    "Message": "OK",
}
INVITE = compose_mail(replace(FACTS, kind=MessageKind.confirmation))
REMINDER = compose_mail(replace(FACTS, kind=MessageKind.reminder))


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(200, TAKEN)) as provider:
        yield provider


@pytest.fixture
def transport(provider: ProviderServer) -> Iterator[PostmarkTransport]:
    transport = PostmarkTransport(TOKEN, provider.url)
    yield transport
    transport.close()


def test_a_mail_is_handed_over_and_its_id_is_theirs(transport: PostmarkTransport, provider: ProviderServer) -> None:
    assert transport.send(INVITE) == TAKEN["MessageID"]
    (asked,) = provider.asked
    assert (asked.method, asked.path, asked.headers["x-postmark-server-token"]) == ("POST", "/email", TOKEN)
    fields = asked.json
    assert fields["To"] == INVITE.recipient
    assert fields["Subject"] == INVITE.subject
    assert fields["From"].endswith(f"<{INVITE.sender}>")
    assert FACTS.manage_url in fields["TextBody"]
    headers = {header["Name"]: header["Value"] for header in fields["Headers"]}
    assert headers["Message-ID"] == INVITE.message_id
    assert headers["X-PM-KeepID"] == "true"
    assert (fields["TrackOpens"], fields["TrackLinks"]) == (False, "None")


def test_the_invitation_survives(transport: PostmarkTransport, provider: ProviderServer) -> None:
    transport.send(INVITE)
    (attached,) = provider.asked[0].json["Attachments"]
    assert attached["ContentType"] == "text/calendar; charset=utf-8; method=REQUEST"
    assert b64decode(attached["Content"]) == parts_of(INVITE).calendar
    transport.send(REMINDER)
    assert "Attachments" not in provider.asked[1].json


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            Answer(422, {"ErrorCode": 406, "Message": "You tried to send to a recipient that is inactive"}),
            RecipientRefused,
        ),
        (Answer(422, {"ErrorCode": 300, "Message": "Invalid 'To' address"}), MailRefused),
        (Answer(422, {"ErrorCode": 400, "Message": "The Sender signature was not found"}), MailTransportDown),
        (Answer(422, {"ErrorCode": 405, "Message": "Not allowed to send"}), MailTransportDown),
        (Answer(422, {"ErrorCode": 412, "Message": "Your account is pending approval"}), MailTransportDown),
        (Answer(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token"}), MailTransportDown),
        (Answer(429, {"ErrorCode": 429, "Message": "Rate limit exceeded"}), MailTransportDown),
        (Answer(503, "away"), MailTransportDown),
        (Answer(DROP), MailUnconfirmed),
        # Taken, and then the line broke: to call it refused would have a host send it again.
        (Answer(200, '{"ErrorCode":0,', is_cut=True), MailUnconfirmed),
        (Answer(201, TAKEN), MailUnconfirmed),
        (Answer(422, '{"ErrorCode":4', is_cut=True), MailDeferred),
    ],
)
def test_what_its_answers_mean(
    transport: PostmarkTransport, provider: ProviderServer, answer: Answer, kind: type[MailError]
) -> None:
    provider.answers = [answer]
    with pytest.raises(MailError) as caught:
        transport.send(INVITE)
    assert type(caught.value) is kind


def test_neither_token_nor_address_is_told(transport: PostmarkTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(422, {"ErrorCode": 300, "Message": f"{TOKEN} to ana@mail.example"})]
    with pytest.raises(MailRefused) as caught:
        transport.send(INVITE)
    assert str(caught.value) == "422 (secret) to (address)"


def test_looking_whether_it_works_sends_nothing(transport: PostmarkTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(200, {"ID": 1}), Answer(401, {"ErrorCode": 10, "Message": "Bad token"})]
    assert "token" in transport.check()
    assert provider.asked[0].path == "/server"
    with pytest.raises(MailTransportDown, match="Bad token"):
        transport.check()
