from __future__ import annotations

from datetime import timedelta

import httpx

from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.gateways.mail_errors import MailRefused
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process


def test_a_failed_message_is_listed_and_tried_again(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session, other = factory.session().session, factory.session().session
    registration = factory.registration(session.id).registration
    mailer.failures.append(MailRefused("550 mailbox unavailable"))
    tick(process, clock.now())
    factory.registration(other.id)
    tick(process, clock.now())

    listed = api.get("/messages", params={"state": "failed"}).json()
    failed = listed["items"][0]
    assert listed == {"items": [failed], "next": None, "limit": 50}
    assert failed == {
        "id": failed["id"],
        "kind": "confirmation",
        "channel": "email",
        "registration_id": str(registration.id),
        "session_id": str(session.id),
        "state": "failed",
        "reason": "refused",
        "due_at": "2026-03-02T15:00:00Z",
        "sent_at": None,
        "deadline_at": session.ends_at.isoformat().replace("+00:00", "Z"),
        "attempts": 1,
        "last_error": "550 mailbox unavailable",
    }
    assert [item["state"] for item in api.get("/messages", params={"session": str(other.id)}).json()["items"]] == [
        "sent"
    ]
    both = api.get("/messages", params={"state": ["failed", "sent"], "limit": 1}).json()
    rest = api.get("/messages", params={"state": ["failed", "sent"], "cursor": both["next"]}).json()
    assert [item["state"] for item in both["items"] + rest["items"]] == ["failed", "sent"]

    again = api.post(f"/messages/{failed['id']}/retry")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (200, "planned", 0)
    tick(process, clock.now())
    assert api.get("/messages", params={"state": "failed"}).json()["items"] == []
    refused = api.post(f"/messages/{failed['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "message_not_retriable")


def test_the_ledger_and_its_dry_run_say_who_is_reminded_when(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock
) -> None:
    session = factory.session(capacity=1).session
    registration = factory.registration(session.id).registration
    factory.registration(session.id)  # waits in line: no reminder
    path = f"/sessions/{session.id}/reminders"

    def rows(page: httpx.Response) -> list[tuple[str, str, str | None]]:
        assert {item["registration_id"] for item in page.json()["items"]} <= {str(registration.id)}
        return [(item["rule"], item["state"], item["reason"]) for item in page.json()["items"]]

    tick(process, clock.now())
    rules = ("24 h before", "1 h before", "10 min before", "5 min after the start, if not there")
    coming = [(rule, "planned", None) for rule in rules]
    assert rows(api.get(path)) == coming
    assert rows(api.post(f"{path}/preview")) == coming
    assert api.get(path).json()["items"][0]["due_at"] == "2026-03-08T15:00:00Z"

    clock.set(session.starts_at - timedelta(hours=24))
    tick(process, clock.now())
    clock.advance(timedelta(minutes=1))
    assert rows(api.get(path)) == [("24 h before", "sent", None), *coming[1:]]
    assert rows(api.post(f"{path}/preview", json={})) == coming[1:]
    assert rows(api.post(f"{path}/preview", json={})) == coming[1:]  # it changed nothing


def test_all_that_failed_is_tried_again_and_twice_is_once(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    one, other = factory.session().session, factory.session().session
    for session_id in (one.id, one.id, other.id):
        factory.registration(session_id)
    mailer.failures = [MailRefused("no", 550) for _ in range(3)]
    tick(process, clock.now())

    def retry(**which: str) -> int:
        answer = api.post("/messages/retry", json=which)
        assert answer.status_code == 200
        return int(answer.json()["retried"])

    assert retry(channel="sms") == 0
    assert retry(session_id=str(one.id), channel="email") == 2
    assert retry(session_id=str(one.id)) == 0
    assert [item["session_id"] for item in api.get("/messages?state=failed&channel=email").json()["items"]] == [
        str(other.id)
    ]
    assert api.get("/messages?state=failed&channel=sms").json()["items"] == []
    assert retry() == 1
    tick(process, clock.now())
    assert {item["state"] for item in api.get("/messages").json()["items"]} == {"sent"}
    assert api.post("/messages/retry", json={"state": "sent"}).status_code == 422


def test_what_is_useless_by_now_stays_failed(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id)
    mailer.failures = [MailRefused("no", 550)]
    tick(process, clock.now())
    clock.set(session.ends_at)
    assert api.post("/messages/retry", json={}).json() == {"retried": 0}
