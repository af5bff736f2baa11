"""Amazon SES, played by a server that answers what its documentation says and looks at the signature."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.support.providers import DROP, Answer, Asked, ProviderServer
from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import compose_mail
from webinars.gateways.mail_errors import MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.ses import SesTransport
from webinars.gateways.sigv4 import AwsKey, signed_headers
from webinars.terms import MessageKind

KEY, SECRET = "AKIDEXAMPLE", "a/secret+nobody/may/see"
MOMENT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
INVITE = compose_mail(replace(FACTS, kind=MessageKind.confirmation))


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(200, {"MessageId": "0100018f-1-000000"})) as provider:
        yield provider


@pytest.fixture
def transport(provider: ProviderServer) -> Iterator[SesTransport]:
    transport = SesTransport(KEY, SECRET, "eu-west-1", clock=lambda: MOMENT, endpoint=provider.url)
    yield transport
    transport.close()


def is_signed(asked: Asked, secret: str) -> bool:
    """What AWS does: sign the request that came, and compare."""
    key = AwsKey(KEY, secret, "eu-west-1", "ses")
    more = {"content-type": asked.headers["content-type"]}
    expected = signed_headers(key, asked.method, asked.headers["host"], asked.path, asked.body, MOMENT, more)
    return asked.headers["authorization"] == expected["authorization"]


def test_a_mail_goes_as_it_is_and_its_id_is_theirs(transport: SesTransport, provider: ProviderServer) -> None:
    assert transport.send(INVITE) == "0100018f-1-000000"
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/v2/email/outbound-emails")
    assert asked.headers["host"] == urlsplit(provider.url).netloc
    assert b64decode(asked.json["Content"]["Raw"]["Data"]) == INVITE.raw
    assert asked.json["Destination"] == {"ToAddresses": [INVITE.recipient]}
    assert asked.json["FromEmailAddress"] == INVITE.sender
    assert is_signed(asked, SECRET)
    assert not is_signed(asked, "another")


def test_each_region_has_a_place_of_its_own() -> None:
    transport = SesTransport(KEY, SECRET, "us-west-2", clock=lambda: MOMENT)
    assert transport._endpoint == "https://email.us-west-2.amazonaws.com"
    transport.close()


def refusal(status: int, kind: str, **headers: str) -> Answer:
    return Answer(status, {"message": f"about {SECRET}"}, {"x-amzn-ErrorType": f"{kind}:http://x/", **headers})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(400, "MessageRejected"), MailRefused),
        (refusal(400, "BadRequestException"), MailRefused),
        (refusal(400, "AccountSuspendedException"), MailTransportDown),
        (refusal(400, "SendingPausedException"), MailTransportDown),
        (refusal(400, "MailFromDomainNotVerifiedException"), MailTransportDown),
        (refusal(403, "InvalidSignatureException"), MailTransportDown),
        (refusal(429, "TooManyRequestsException"), MailTransportDown),
        (Answer(DROP), MailUnconfirmed),
        (Answer(204), MailUnconfirmed),
    ],
)
def test_what_its_answers_mean(
    transport: SesTransport, provider: ProviderServer, answer: Answer, kind: type[MailError]
) -> None:
    provider.answers = [answer]
    with pytest.raises(MailError) as caught:
        transport.send(INVITE)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


def test_an_answer_that_breaks_off_says_that_it_was_taken(transport: SesTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(200, '{"', is_cut=True)]
    assert transport.send(INVITE) == ""


def test_looking_whether_it_works_sends_nothing(transport: SesTransport, provider: ProviderServer) -> None:
    provider.answers = [
        Answer(200, {"SendingEnabled": True}),
        refusal(403, "AccessDeniedException"),
        Answer(200, {"SendingEnabled": False}),
        refusal(403, "UnrecognizedClientException"),
    ]
    assert "eu-west-1" in transport.check()
    assert (provider.asked[0].method, provider.asked[0].path) == ("GET", "/v2/email/account")
    assert "may not look" in transport.check()
    with pytest.raises(MailTransportDown, match="stopped"):
        transport.check()
    with pytest.raises(MailTransportDown, match="UnrecognizedClient"):
        transport.check()
