"""Reports of providers: taken with a signature made just now, and with nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.conftest import NOW
from tests.support.bounces import (
    CERTIFICATE_URL,
    TOPIC,
    SendGridKey,
    SnsKey,
    mailgun_body,
    ses_bounce,
    ses_complaint,
)
from webinars.gateways import provider_reports
from webinars.gateways.provider_reports import (
    OLDEST,
    ProviderEvent,
    Sns,
    Unproven,
    mailgun_events,
    postmark_events,
    sendgrid_events,
    ses_events,
)

SECOND = timedelta(seconds=1)
ANA = "ana@mail.example"
MAILGUN_KEY = "key-0123456789abcdef"

# The published example of SendGrid's own libraries (sendgrid-python, test/unit/test_eventwebhook.py).
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+"
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SENDGRID_HEADERS = {
    "x-twilio-email-event-webhook-signature": (
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    ),
    "x-twilio-email-event-webhook-timestamp": "1600112502",
}
SENDGRID_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
SENDGRID_AT = datetime.fromtimestamp(1600112502, UTC)


def basic(user_and_password: str) -> str:
    return "Basic " + base64.b64encode(user_and_password.encode()).decode()


def postmark(**event: Any) -> bytes:
    return json.dumps({"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": ANA} | event).encode()


def test_sendgrids_published_example_is_proven() -> None:
    assert sendgrid_events(SENDGRID_BODY, SENDGRID_HEADERS, SENDGRID_KEY, SENDGRID_AT) == [
        ProviderEvent(
            event_id="ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
            email="hello@world.com",
            provider_id="LRzXl_NHStOGhQ4kofSm_A",
            is_complaint=False,
            is_permanent=True,
            status="",
            words="Bounced Address",
        )
    ]


@pytest.mark.parametrize(
    ("body", "key", "at"),
    [
        (SENDGRID_BODY.strip(), SENDGRID_KEY, SENDGRID_AT),
        (SENDGRID_BODY.replace(b"hello", b"jello"), SENDGRID_KEY, SENDGRID_AT),
        (SENDGRID_BODY, SendGridKey().public, SENDGRID_AT),
        (SENDGRID_BODY, "no key", SENDGRID_AT),
        (SENDGRID_BODY, SENDGRID_KEY, SENDGRID_AT + OLDEST + SECOND),
        (SENDGRID_BODY, SENDGRID_KEY, SENDGRID_AT - OLDEST - SECOND),
    ],
)
def test_sendgrids_example_with_anything_changed_is_not(body: bytes, key: str, at: datetime) -> None:
    with pytest.raises(Unproven):
        sendgrid_events(body, SENDGRID_HEADERS, key, at)


def test_sendgrid_needs_both_headers() -> None:
    for name in SENDGRID_HEADERS:
        without = {key: value for key, value in SENDGRID_HEADERS.items() if key != name}
        with pytest.raises(Unproven):
            sendgrid_events(SENDGRID_BODY, without, SENDGRID_KEY, SENDGRID_AT)


def test_sendgrid_reports_many_at_once() -> None:
    key = SendGridKey()
    events = [
        {"event": "delivered", "email": ANA},
        {
            "event": "bounce",
            "type": "bounce",
            "email": ANA,
            "status": "5.1.1",
            "reason": f"no {ANA}",
            "sg_event_id": "1",
        },
        {"event": "bounce", "type": "blocked", "email": ANA, "status": "5.7.1", "sg_event_id": "2"},
        {"event": "spamreport", "email": ANA, "sg_event_id": "3"},
        {"event": "dropped", "email": ANA, "reason": "Unsubscribed Address", "sg_event_id": "4"},
        "nonsense",
    ]
    raw = json.dumps(events).encode()
    found = sendgrid_events(raw, key.headers(raw, NOW), key.public, NOW)
    assert [(event.event_id, event.is_permanent, event.is_complaint, event.words) for event in found] == [
        ("1", True, False, "no (address)"),
        ("2", False, False, ""),
        ("3", False, True, ""),
        ("4", False, False, "Unsubscribed Address"),
    ]


def test_postmark_proves_itself_by_user_and_password() -> None:
    (event,) = postmark_events(postmark(MessageID="m-1", Details="smtp;550 5.1.1"), basic("us:right"), "us:right")
    assert (event.event_id, event.email, event.provider_id, event.is_permanent) == ("42", ANA, "m-1", True)
    for wrong in ("", basic("us:wrong"), basic("right"), "Bearer us:right", "Basic ü"):
        with pytest.raises(Unproven):
            postmark_events(postmark(), wrong, "us:right")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"Type": "SoftBounce"}, [(False, False)]),
        ({"Type": "SpamComplaint"}, [(True, False)]),
        ({"RecordType": "SpamComplaint"}, [(True, True)]),
        ({"Type": "Transient"}, []),
        ({"Type": "AutoResponder"}, []),
        ({"RecordType": "Delivery"}, []),
    ],
)
def test_what_postmark_reports(changes: dict[str, str], found: list[tuple[bool, bool]]) -> None:
    events = postmark_events(postmark(**changes), basic("us:right"), "us:right")
    assert [(event.is_complaint, event.is_permanent) for event in events] == found


MAILGUN_BOUNCE = {
    "event": "failed",
    "severity": "permanent",
    "reason": "bounce",
    "recipient": ANA,
    "delivery-status": {"enhanced-code": "5.1.1", "message": "no such user"},
    "message": {"headers": {"message-id": "x@clinic.example"}},
}


def test_mailgun_proves_itself_by_a_hash_over_time_and_token() -> None:
    (event,) = mailgun_events(mailgun_body(MAILGUN_KEY, NOW, **MAILGUN_BOUNCE), MAILGUN_KEY, NOW + OLDEST)
    assert (event.event_id, event.provider_id, event.status) == ("t" * 50, "<x@clinic.example>", "5.1.1")
    assert event.is_permanent


@pytest.mark.parametrize(
    "body",
    [
        mailgun_body("another key", NOW, **MAILGUN_BOUNCE),
        mailgun_body(MAILGUN_KEY, NOW - OLDEST - SECOND, **MAILGUN_BOUNCE),
        mailgun_body(MAILGUN_KEY, NOW, **MAILGUN_BOUNCE).replace(b"ttt", b"tta", 1),
        json.dumps({"event-data": MAILGUN_BOUNCE}).encode(),
        json.dumps({"signature": {"timestamp": "", "token": "", "signature": ""}}).encode(),
        b"[]",
        b"no JSON",
        b"[" * 100_000,
    ],
)
def test_mailgun_without_its_signature_is_not_believed(body: bytes) -> None:
    with pytest.raises(Unproven):
        mailgun_events(body, MAILGUN_KEY, NOW)


def test_what_mailgun_still_tries_is_no_news() -> None:
    for change in ({"severity": "temporary"}, {"event": "delivered"}, {"event": "opened"}):
        assert mailgun_events(mailgun_body(MAILGUN_KEY, NOW, **MAILGUN_BOUNCE | change), MAILGUN_KEY, NOW) == []
    (complaint,) = mailgun_events(mailgun_body(MAILGUN_KEY, NOW, event="complained", recipient=ANA), MAILGUN_KEY, NOW)
    assert complaint.is_complaint


class Amazon:
    """Hands out certificates and counts visits."""

    def __init__(self, key: SnsKey) -> None:
        self.key = key
        self.visits: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.visits.append(url)
        return self.key.certificate if url.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"


@pytest.fixture(scope="module")
def sns_key() -> SnsKey:
    return SnsKey()


@pytest.fixture
def amazon(sns_key: SnsKey) -> Amazon:
    return Amazon(sns_key)


@pytest.fixture
def read(amazon: Amazon) -> Callable[..., list[ProviderEvent]]:
    sns = Sns(amazon)

    def events(notice: dict[str, str], at: datetime = NOW) -> list[ProviderEvent]:
        return ses_events(json.dumps(notice).encode(), TOPIC, sns, at)

    return events


@pytest.mark.parametrize("version", ["1", "2"])
def test_ses_proves_itself_by_amazons_certificate(
    sns_key: SnsKey, amazon: Amazon, read: Callable[..., list[ProviderEvent]], version: str
) -> None:
    notice = sns_key.notice(NOW, ses_bounce(ANA, provider_id="s-1"), version=version, Subject="Amazon SES")
    for _ in range(2):
        (event,) = read(notice)
        assert (event.email, event.provider_id, event.is_permanent, event.status) == (ANA, "s-1", True, "5.1.1")
    assert amazon.visits == [CERTIFICATE_URL]  # once: it is kept
    (complaint,) = read(sns_key.notice(NOW, ses_complaint(ANA)))
    assert complaint.is_complaint


def test_ses_is_not_believed_with_anything_changed(sns_key: SnsKey, read: Callable[..., list[ProviderEvent]]) -> None:
    make = partial(sns_key.notice, NOW, ses_bounce(ANA))
    forged = SnsKey().notice(NOW, ses_bounce(ANA))
    late = make()
    for notice, at in [
        (forged, NOW),
        (late, NOW + OLDEST + SECOND),
        (make() | {"Message": json.dumps(ses_bounce("bert@mail.example"))}, NOW),
        (make() | {"MessageId": "another"}, NOW),
        (make() | {"SignatureVersion": "3"}, NOW),
        (make() | {"Signature": "AAAA"}, NOW),
        (make() | {"Type": "UnsubscribeConfirmation"}, NOW),
        (make(TopicArn=TOPIC.replace("123", "321")), NOW),  # well signed, but of somebody else's topic
        ({}, NOW),
    ]:
        with pytest.raises(Unproven):
            read(notice, at)
    assert len(read(late)) == 1  # control: untouched and in time it is believed


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
        "https://evil.example#sns.us-east-1.amazonaws.com",
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com:8443/x.pem",
        "https://s3.us-east-1.amazonaws.com/x.pem",
        "https://snsxus-east-1.amazonaws.com/x.pem",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1/x.pem",
        "",
    ],
)
def test_a_certificate_or_confirmation_from_elsewhere_is_never_fetched(
    sns_key: SnsKey, amazon: Amazon, read: Callable[..., list[ProviderEvent]], url: str
) -> None:
    with pytest.raises(Unproven):
        read(sns_key.notice(NOW, ses_bounce(ANA), SigningCertURL=url))
    assert amazon.visits == []
    confirmation = sns_key.notice(NOW, "Confirm", Type="SubscriptionConfirmation", Token="t", SubscribeURL=url)
    with pytest.raises(Unproven):
        read(confirmation)
    assert amazon.visits == [CERTIFICATE_URL]


def test_a_subscription_to_our_topic_is_confirmed_by_a_visit(
    sns_key: SnsKey, amazon: Amazon, read: Callable[..., list[ProviderEvent]]
) -> None:
    url = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    notice = sns_key.notice(NOW, "Confirm", Type="SubscriptionConfirmation", Token="t", SubscribeURL=url)
    assert read(notice) == []
    assert amazon.visits == [CERTIFICATE_URL, url]
    with pytest.raises(Unproven):
        read(notice | {"SubscribeURL": url + "&more"})
    assert len(amazon.visits) == 2


def test_a_certificate_that_is_not_valid_yet_proves_nothing() -> None:
    key = SnsKey(valid_from=NOW + timedelta(days=1))
    with pytest.raises(Unproven):
        ses_events(json.dumps(key.notice(NOW, ses_bounce(ANA))).encode(), TOPIC, Sns(Amazon(key)), NOW)


def test_what_cannot_be_fetched_proves_nothing() -> None:
    with pytest.raises(Unproven):
        provider_reports.fetch("http://127.0.0.1:9/nothing.pem")
