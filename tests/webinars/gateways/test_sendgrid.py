"""SendGrid, played by a server that answers what its documentation says."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.providers import DROP, Answer, ProviderServer
from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import compose_mail
from webinars.gateways.mail_errors import MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.parts import parts_of
from webinars.gateways.sendgrid import SendGridTransport
from webinars.terms import MessageKind

KEY = "SG.a-key-nobody-may-see"
INVITE = compose_mail(replace(FACTS, kind=MessageKind.confirmation))
REMINDER = compose_mail(replace(FACTS, kind=MessageKind.reminder))


def errors(message: str) -> dict[str, object]:
    return {"errors": [{"message": message, "field": "x", "help": None}]}


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(Answer(202, headers={"X-Message-Id": "14c5d75ce93.dfd.64b469"})) as provider:
        yield provider


@pytest.fixture
def transport(provider: ProviderServer) -> Iterator[SendGridTransport]:
    transport = SendGridTransport(KEY, provider.url)
    yield transport
    transport.close()


def test_a_mail_is_handed_over_and_its_id_is_theirs(transport: SendGridTransport, provider: ProviderServer) -> None:
    assert transport.send(INVITE) == "14c5d75ce93.dfd.64b469"
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/v3/mail/send")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    fields = asked.json
    assert [to["email"] for to in fields["personalizations"][0]["to"]] == [INVITE.recipient]
    assert fields["from"]["email"] == INVITE.sender
    assert fields["subject"] == INVITE.subject
    assert fields["custom_args"] == {"message_id": INVITE.message_id}
    assert fields["headers"]["Message-ID"] == INVITE.message_id
    assert not {name.lower() for name in fields["headers"]} & {"from", "to", "subject", "reply-to", "content-type"}
    assert fields["tracking_settings"]["open_tracking"] == {"enable": False}


def test_the_invitation_survives_in_the_list_and_as_an_attachment(
    transport: SendGridTransport, provider: ProviderServer
) -> None:
    transport.send(INVITE)
    fields = provider.asked[0].json
    calendar = parts_of(INVITE).calendar
    assert [part["type"] for part in fields["content"]] == [
        "text/plain",
        "text/html",
        "text/calendar; method=REQUEST",
    ]
    assert fields["content"][2]["value"].encode() == calendar
    (attached,) = fields["attachments"]
    assert (attached["type"], b64decode(attached["content"])) == ("application/ics", calendar)
    transport.send(REMINDER)
    assert "attachments" not in provider.asked[1].json


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(400, errors("Does not contain a valid address.")), MailRefused),
        (Answer(413, errors("too large")), MailRefused),
        (Answer(401, errors("The provided authorization grant is invalid")), MailTransportDown),
        (Answer(403, errors("The from address does not match a verified Sender Identity.")), MailTransportDown),
        (Answer(429, errors("too many requests")), MailTransportDown),
        (Answer(DROP), MailUnconfirmed),
        (Answer(200), MailUnconfirmed),
    ],
)
def test_what_its_answers_mean(
    transport: SendGridTransport, provider: ProviderServer, answer: Answer, kind: type[MailError]
) -> None:
    provider.answers = [answer]
    with pytest.raises(MailError) as caught:
        transport.send(INVITE)
    assert type(caught.value) is kind


def test_the_key_is_not_told(transport: SendGridTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(400, errors(f"not {KEY}"))]
    with pytest.raises(MailRefused) as caught:
        transport.send(INVITE)
    assert str(caught.value) == "400 not (secret)"


def test_an_answer_that_breaks_off_says_that_it_was_taken(
    transport: SendGridTransport, provider: ProviderServer
) -> None:
    provider.answers = [Answer(202, '{"', is_cut=True)]
    assert transport.send(INVITE) == ""


def test_looking_whether_it_works_sends_nothing(transport: SendGridTransport, provider: ProviderServer) -> None:
    provider.answers = [Answer(200, {"scopes": ["mail.send"]}), Answer(401, errors("invalid"))]
    assert "key" in transport.check()
    assert provider.asked[0].path == "/v3/scopes"
    with pytest.raises(MailTransportDown):
        transport.check()
