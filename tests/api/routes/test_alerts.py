"""Alerts over the JSON API: one answer for all, numbers for hosts."""

from __future__ import annotations

import httpx
import pytest

from tests.factories import Factory
from webinars.terms import Scope
from webinars.work import Process

BODY = {"email": "ana@mail.example", "timezone": "America/Denver", "consent": True}


@pytest.fixture(autouse=True)
def _topics(factory: Factory) -> None:
    factory.topic()
    factory.topic("acl", "Torn ACL", parent="knee")


def test_whoever_asks_however_often_is_answered_the_same(public: httpx.Client, process: Process) -> None:
    answers = [
        public.post("/topics/knee/alerts", json=BODY | {"email": email})
        for email in ("ana@mail.example", "ana@mail.example", "ANA@MAIL.EXAMPLE", "bo@mail.example")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, b'{"topic":"knee","status":"check_mailbox"}')
    }


def test_the_same_key_is_the_same_request(public: httpx.Client) -> None:
    key = {"Idempotency-Key": "a"}
    public.post("/topics/knee/alerts", json=BODY, headers=key)
    assert public.post("/topics/knee/alerts", json=BODY, headers=key).headers["Idempotency-Replayed"] == "true"
    other = public.post("/topics/knee/alerts", json=BODY | {"email": "bo@mail.example"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"consent": False}, "invalid_request"),
        ({"email": "ana"}, "invalid_field"),
        ({"timezone": "Mars/Base"}, "unknown_timezone"),
        ({"name": "Ana"}, "invalid_request"),
    ],
)
def test_what_cannot_be_used_is_refused(public: httpx.Client, change: dict[str, object], code: str) -> None:
    answer = public.post("/topics/knee/alerts", json=BODY | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_topic_that_is_none_is_not_found(public: httpx.Client) -> None:
    assert public.post("/topics/elbow/alerts", json=BODY).status_code == 404


def test_hosts_see_numbers_and_nobody_else(public: httpx.Client, caller: object) -> None:
    public.post("/topics/acl/alerts", json=BODY)
    client: httpx.Client = caller(Scope.registrations_read)  # type: ignore[operator]
    assert client.get("/subscriptions").json()["items"] == [
        {"topic": "knee", "active": 0, "pending": 0, "ended": 0},
        {"topic": "acl", "active": 0, "pending": 1, "ended": 0},
    ]
    assert public.get("/subscriptions").status_code == 401
