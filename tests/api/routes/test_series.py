from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

WANTED = {
    "rrule": "FREQ=WEEKLY;COUNT=3",
    "starts_at_local": "2026-03-03T18:00",
    "timezone": "America/New_York",
    "duration_minutes": 60,
    "capacity": 40,
}
PATH = "/webinars/knee-options/series"


@pytest.fixture(autouse=True)
def webinar(factory: Factory) -> str:
    return factory.webinar("knee-options")


def change(api: httpx.Client, made: dict[str, Any], **body: object) -> httpx.Response:
    return api.patch(f"/series/{made['id']}", json=body, headers={"If-Match": "*"})


def starts(made: dict[str, Any]) -> list[str]:
    return [item["starts_at"] for item in made["items"]]


def test_a_rule_makes_sessions_that_anybody_sees(api: httpx.Client, public: httpx.Client) -> None:
    answer = api.post(PATH, json=WANTED)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    items = made.pop("items")
    facts = {"webinar": "knee-options", "room_url": "", "waitlist_open": True, "version": 1}
    assert made == WANTED | facts | {"id": made["id"]}
    assert [item["starts_at"] for item in items] == [
        "2026-03-03T23:00:00Z",
        "2026-03-10T22:00:00Z",  # the clocks go forward in between
        "2026-03-17T22:00:00Z",
    ]
    assert {item["starts_at_local"][11:] for item in items} == {"18:00"}
    assert {(item["series_id"], item["capacity"], item["is_exception"]) for item in items} == {(made["id"], 40, False)}
    shown = public.get("/sessions", params={"webinar": "knee-options"}).json()["items"]
    assert [(item["id"], item["series_id"]) for item in shown] == [(item["id"], made["id"]) for item in items]
    assert api.get(f"/series/{made['id']}").json() == made | {"items": items}


def test_the_same_key_makes_one_series(api: httpx.Client) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = (api.post(PATH, json=WANTED, headers=key) for _ in range(2))
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert len(api.get("/sessions").json()["items"]) == 3


REFUSED: list[tuple[dict[str, object], str, str | None]] = [
    ({"rrule": "every week"}, "invalid_field", "rrule"),
    ({"rrule": ""}, "invalid_request", None),
    ({"rrule": "X" * 501}, "invalid_request", None),
    ({"rrule": "FREQ=WEEKLY;COUNT=3\nEXDATE:20260310T180000"}, "invalid_request", None),
    ({"rrule": "FREQ=WEEKLY"}, "invalid_field", "rrule"),
    ({"rrule": "FREQ=DAILY;COUNT=201"}, "invalid_field", "rrule"),
    ({"rrule": "FREQ=SECONDLY;COUNT=3"}, "invalid_field", "rrule"),
    ({"rrule": "FREQ=WEEKLY;BYDAY=FR;COUNT=3"}, "invalid_field", "rrule"),
    ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"}, "invalid_field", "rrule"),
    ({"starts_at_local": "2026-03-01T02:30", "rrule": "FREQ=WEEKLY;COUNT=2"}, "time_does_not_exist", None),
    ({"starts_at_local": "2026-10-25T01:30", "rrule": "FREQ=WEEKLY;COUNT=2"}, "time_is_ambiguous", None),
    ({"starts_at_local": "2026-03-03T18:00Z"}, "invalid_request", None),
    ({"starts_at_local": "2026-02-24T18:00"}, "session_started", "starts_at_local"),
    ({"timezone": "Mars/Olympus"}, "unknown_timezone", "timezone"),
    ({"capacity": 0}, "invalid_request", None),
    ({"room_url": "http://rooms.example"}, "invalid_field", "room_url"),
    ({"starts_at": "2026-03-03T23:00:00Z"}, "invalid_request", None),
]


def test_what_is_no_series_is_refused_and_makes_nothing(api: httpx.Client) -> None:
    answers = [api.post(PATH, json=WANTED | changes) for changes, _, _ in REFUSED]
    assert [(answer.json()["code"], answer.json().get("field")) for answer in answers] == [
        (code, field) for _, code, field in REFUSED
    ]
    named = [answer.json()["detail"] for answer in answers if answer.json()["code"].startswith("time_")]
    assert ["March 8, 2026" in named[0], "November 1, 2026" in named[1]] == [True, True]
    assert api.post("/webinars/nothing/series", json=WANTED).status_code == 404
    assert api.get("/sessions").json()["items"] == []


def test_a_new_hour_moves_the_series_and_tells_registrants_once_a_session(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    made = api.post(PATH, json=WANTED).json()
    body = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/New_York", "sessions": "all"}
    assert len(api.post("/webinars/knee-options/registrations", json=body).json()["items"]) == 3
    tick(process, clock.now())
    assert len(mailer.mails) == 3  # one for each session's invite
    own = made["items"][1]["id"]
    api.patch(f"/sessions/{own}", json={"capacity": 12}, headers={"If-Match": "*"})
    mailer.mails.clear()
    clock.advance(timedelta(seconds=1))

    stale = api.patch(f"/series/{made['id']}", json={"capacity": 5}, headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert api.patch(f"/series/{made['id']}", json={"capacity": 5}).status_code == 428
    moved = change(api, made, starts_at_local="2026-03-03T19:00", rrule="FREQ=WEEKLY;COUNT=4")
    assert (moved.status_code, moved.headers["etag"]) == (200, '"2"')
    assert starts(moved.json()) == [
        "2026-03-04T00:00:00Z",
        "2026-03-10T22:00:00Z",  # it was changed by itself
        "2026-03-17T23:00:00Z",
        "2026-03-24T23:00:00Z",
    ]
    assert [item["is_exception"] for item in moved.json()["items"]] == [False, True, False, False]
    assert [item["id"] for item in moved.json()["items"]][:3] == [item["id"] for item in made["items"]]
    tick(process, clock.now())
    assert len(mailer.to("ana@mail.example")) == 2


def test_ending_a_series_cancels_its_sessions_and_tells_their_registrants(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    made = api.post(PATH, json=WANTED).json()
    body = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/New_York"}
    api.post(f"/sessions/{made['items'][1]['id']}/registrations", json=body)
    tick(process, clock.now())
    mailer.mails.clear()
    clock.advance(timedelta(seconds=1))
    ended = api.post(f"/series/{made['id']}/cancel")
    assert (ended.status_code, {item["status"] for item in ended.json()["items"]}) == (200, {"cancelled"})
    assert api.post(f"/series/{made['id']}/cancel").json() == ended.json()
    tick(process, clock.now())
    assert len(mailer.mails) == 1
    refused = change(api, made, capacity=50)
    assert (refused.status_code, refused.json()["code"]) == (409, "series_over")


def test_a_series_that_is_not_there(api: httpx.Client) -> None:
    nothing = "00000000-0000-0000-0000-000000000001"
    for method, end in (("GET", ""), ("PATCH", ""), ("POST", "/cancel")):
        answer = api.request(method, f"/series/{nothing}{end}", json={}, headers={"If-Match": "*"})
        assert answer.status_code == 404, method
