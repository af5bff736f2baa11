"""Reports over real HTTP: who may send them, how much and how often, and that nothing else changes anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.bounces import (
    TOPIC,
    SendGridKey,
    SnsKey,
    mailgun_body,
    notification,
    ses_bounce,
    ses_complaint,
)
from tests.webinars.services.test_suppressions import ANA, ledger, marks
from webinars.documents.bounces import MOST_BYTES
from webinars.gateways.provider_reports import Sns
from webinars.services.delivery import Sender
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

SECRET = "only our own mail server knows"
POSTMARK = ("reports", "only Postmark knows")
MAILGUN = "only Mailgun knows"
LATE = timedelta(minutes=5, seconds=1)
SENDGRID = SendGridKey()
AMAZON = SnsKey()
BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 7, "Email": ANA}


@pytest.fixture
def process(sqlite_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    """One with all keys."""
    keys = {
        "mail_url": "smtp://127.0.0.1:1",
        "bounce_domain": "bounces.clinic.example",
        "inbound_secret": SECRET,
        "postmark_report_secret": ":".join(POSTMARK),
        "sendgrid_report_key": SENDGRID.public,
        "mailgun_report_key": MAILGUN,
        "ses_report_topic": TOPIC,
    }
    process = Process(make_settings(sqlite_url, tmp_path, **keys), clock=clock, mail=mailer)
    process.sns = Sns(lambda _: AMAZON.certificate)
    yield process
    process.close()


@pytest.fixture
def path(process: Process, factory: Factory, mailer: MemoryMailer) -> str:
    """Where a mail to Ana comes back to."""
    factory.registration(factory.session().session.id, ANA)
    sender = Sender(process)
    sender.send_due(NOW)
    sender.stop()
    return mailer.mails[-1].sender


def by_sendgrid(event: dict[str, Any], at: Any = NOW) -> dict[str, Any]:
    raw = json.dumps([event]).encode()
    return {"content": raw, "headers": SENDGRID.headers(raw, at)}


def by_ses(message: Any, **how: Any) -> dict[str, Any]:
    return {"content": json.dumps(AMAZON.notice(how.pop("at", NOW), message, **how)).encode()}


def mailgun(at: Any = NOW, key: str = MAILGUN) -> dict[str, Any]:
    event = {"event": "failed", "severity": "permanent", "reason": "bounce", "recipient": ANA}
    return {"content": mailgun_body(key, at, **event)}


SENDGRID_EVENT = {"event": "bounce", "type": "bounce", "email": ANA, "sg_event_id": "1", "status": "5.1.1"}


def test_a_notification_from_our_own_mail_server_is_taken_once(process: Process, http: httpx.Client, path: str) -> None:
    for _ in range(2):
        answer = http.post("/inbound/dsn", content=notification(path), headers={"X-Inbound-Secret": SECRET})
        assert (answer.status_code, answer.content) == (204, b"")
    assert ledger(process) == [("confirmation", "bounced", "hard")]
    assert len(marks(process)) == 1


@pytest.mark.parametrize(
    ("provider", "proven"),
    [
        ("postmark", {"json": BOUNCE, "auth": POSTMARK}),
        ("sendgrid", by_sendgrid(SENDGRID_EVENT)),
        ("mailgun", mailgun()),
        ("ses", by_ses(ses_bounce(ANA))),
        ("ses", by_ses(ses_complaint(ANA), version="2")),
    ],
)
def test_a_proven_report_is_taken(
    process: Process, http: httpx.Client, path: str, provider: str, proven: dict[str, Any]
) -> None:
    assert http.post(f"/inbound/{provider}", **proven).status_code == 204
    assert len(marks(process)) == 1


def test_whatever_is_not_proven_is_refused_and_changes_nothing(process: Process, http: httpx.Client, path: str) -> None:
    changed = by_sendgrid(SENDGRID_EVENT)
    changed["content"] = changed["content"].replace(b"ana@", b"bert@")
    forged = {"content": json.dumps(SnsKey().notice(NOW, ses_bounce(ANA))).encode()}
    unproven: list[tuple[str, dict[str, Any]]] = [
        ("dsn", {"content": notification(path)}),
        ("dsn", {"content": notification(path), "headers": {"X-Inbound-Secret": SECRET + "!"}}),
        ("dsn", {"content": notification(path), "headers": {"X-Inbound-Secret": ""}}),
        ("postmark", {"json": BOUNCE}),
        ("postmark", {"json": BOUNCE, "auth": (POSTMARK[0], "wrong")}),
        ("sendgrid", {"json": [SENDGRID_EVENT]}),
        ("sendgrid", changed),
        ("sendgrid", by_sendgrid(SENDGRID_EVENT, NOW - LATE)),
        ("mailgun", mailgun(key="another")),
        ("mailgun", mailgun(NOW - LATE)),
        ("ses", forged),
        ("ses", by_ses(ses_bounce(ANA), at=NOW - LATE)),
        ("ses", by_ses(ses_bounce(ANA), TopicArn="arn:aws:sns:us-east-1:1:theirs")),
        ("ses", {"content": b"\xff"}),
    ]
    for provider, request in unproven:
        answer = http.post(f"/inbound/{provider}", **request)
        assert (answer.status_code, answer.json()["code"]) == (401, "report_unproven"), provider
        assert answer.headers["content-type"] == "application/problem+json"
    assert marks(process) == []
    assert ledger(process) == [("confirmation", "sent", None)]


def test_a_network_that_keeps_guessing_has_to_wait(process: Process, http: httpx.Client, clock: SetClock) -> None:
    codes = [http.post("/inbound/dsn", headers={"X-Inbound-Secret": str(number)}).status_code for number in range(31)]
    assert codes == [401] * 30 + [429]
    right = {"headers": {"X-Inbound-Secret": SECRET}}
    refused = http.post("/inbound/dsn", **right)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    clock.advance(timedelta(minutes=1, seconds=1))
    assert http.post("/inbound/dsn", **right).status_code == 204  # type: ignore[arg-type]


def test_a_mail_has_a_size(process: Process, http: httpx.Client, path: str) -> None:
    headers = {"X-Inbound-Secret": SECRET}
    whole = notification(path)
    largest = whole + b" " * (MOST_BYTES - len(whole))
    too_large = http.post("/inbound/dsn", content=largest + b" ", headers=headers)
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")
    assert marks(process) == []
    assert http.post("/inbound/dsn", content=largest, headers=headers).status_code == 204
    assert len(marks(process)) == 1


def test_an_address_without_a_key_does_not_exist(sqlite_process: Process, serve: Callable[[Process], str]) -> None:
    with httpx.Client(base_url=serve(sqlite_process)) as client:
        for name in ("dsn", "postmark", "sendgrid", "mailgun", "ses"):
            answer = client.post(f"/inbound/{name}", headers={"X-Inbound-Secret": ""}, json={})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
