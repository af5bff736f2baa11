"""Reminder rules over the API: of a webinar, and of a session that goes its own way."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Caller
from tests.factories import Factory
from webinars.terms import Scope

OF_WEBINAR = "/webinars/knee-options/reminder-rules"
ANY = {"If-Match": "*"}
USUAL = ["24 h before", "1 h before", "10 min before", "5 min after the start, if not there"]


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    return factory.session(factory.webinar("knee-options")).session.id


def names(api: httpx.Client, path: str) -> list[str]:
    answer = api.get(path)
    assert answer.status_code == 200
    return [item["name"] for item in answer.json()["items"]]


def test_a_rule_is_made_listed_changed_and_deleted(api: httpx.Client, session_id: UUID) -> None:
    assert names(api, OF_WEBINAR) == USUAL
    made = api.post(OF_WEBINAR, json={"offset_minutes": -180, "texts": {"en": " Soon. ", "es": ""}})
    rule = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert rule == {
        "id": rule["id"],
        "session_id": None,
        "origin_id": None,
        "name": "3 h before",
        "anchor": "start",
        "offset_days": 0,
        "offset_minutes": -180,
        "audience": "everyone",
        "channel": "email",
        "texts": {"en": "Soon."},
        "is_enabled": True,
        "version": 1,
        "created_at": rule["created_at"],
    }
    assert names(api, OF_WEBINAR) == [USUAL[0], "3 h before", *USUAL[1:]]
    assert names(api, f"/sessions/{session_id}/reminder-rules") == names(api, OF_WEBINAR)

    path = f"/reminder-rules/{rule['id']}"
    assert api.patch(path, json={"offset_minutes": -120}).status_code == 428
    changed = api.patch(path, json={"offset_minutes": -120}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["name"]) == (200, '"2"', "2 h before")
    stale = api.patch(path, json={"offset_minutes": -90}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")

    assert api.delete(path).status_code == 428
    assert api.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    assert api.delete(path, headers=ANY).status_code == 404
    assert names(api, OF_WEBINAR) == USUAL


def test_the_same_key_makes_one(api: httpx.Client, session_id: UUID) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = (api.post(OF_WEBINAR, json={"offset_minutes": -180}, headers=key).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert len(names(api, OF_WEBINAR)) == 5


def test_a_session_goes_its_own_way_and_comes_back(api: httpx.Client, session_id: UUID) -> None:
    own = f"/sessions/{session_id}/reminder-rules"
    hour = api.get(OF_WEBINAR).json()["items"][1]
    changed = api.patch(
        f"/reminder-rules/{hour['id']}",
        json={"offset_minutes": -45},
        params={"session_id": str(session_id)},
        headers=ANY,
    ).json()
    assert (changed["session_id"], changed["origin_id"]) == (str(session_id), hour["id"])
    assert names(api, own) == [USUAL[0], "45 min before", *USUAL[2:]]
    assert names(api, OF_WEBINAR) == USUAL
    assert api.post(own, json={"offset_days": -7, "offset_minutes": 0}).status_code == 201
    assert names(api, own)[0] == "7 d before"
    assert api.delete(own).status_code == 204
    assert names(api, own) == USUAL


def test_the_ledger_follows_the_rules(api: httpx.Client, factory: Factory, session_id: UUID) -> None:
    factory.registration(session_id)
    api.post(OF_WEBINAR, json={"offset_minutes": -180})
    ledger = api.get(f"/sessions/{session_id}/reminders").json()["items"]
    assert [item["rule"] for item in ledger] == [USUAL[0], "3 h before", *USUAL[1:]]
    assert api.post(f"/sessions/{session_id}/reminders/preview").json()["items"] == ledger


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"offset_minutes": -1, "offset_days": -60}, "offset"),
        ({"offset_minutes": -5, "audience": "absent"}, "offset"),
        ({"offset_minutes": -60, "texts": {"en": "Soon.", "es": "{{ nothing }}"}}, "texts.es"),
        ({"offset_minutes": -60, "texts": {"de": "Bald."}}, None),
        ({"offset_minutes": -60, "texts": {"en": "x" * 4001}}, None),
        ({"offset_minutes": -60, "text": "Soon."}, None),
        ({"offset_minutes": 10**12}, None),
        ({"offset_minutes": -60, "channel": "pigeon"}, None),
        ({"offset_minutes": -60, "webinar_id": "x"}, None),
        ({}, None),
    ],
)
def test_what_cannot_be_is_said(
    api: httpx.Client, session_id: UUID, body: dict[str, object], field: str | None
) -> None:
    refused = api.post(OF_WEBINAR, json=body)
    assert refused.status_code == 422
    assert refused.json().get("field") == field
    assert names(api, OF_WEBINAR) == USUAL


def test_who_may_only_read_changes_nothing(caller: Caller, session_id: UUID) -> None:
    reader = caller(Scope.messages_read)
    assert names(reader, OF_WEBINAR) == USUAL
    assert reader.post(OF_WEBINAR, json={"offset_minutes": -180}).status_code == 403
