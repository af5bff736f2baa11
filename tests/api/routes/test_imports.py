"""Many registrants at once over the API: a file, all or nobody; a batch, each for itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.factories import Factory
from webinars.documents.sheets import MOST_BYTES
from webinars.services.exports import export_registrations
from webinars.work import Process

CSV = {"Content-Type": "text/csv"}
TWO = b"email,name,Notes\nana@mail.example,Ana,x\nben@mail.example,Ben,y\n"


@pytest.fixture
def path(factory: Factory) -> str:
    """Of a session with two seats and no waitlist."""
    return f"/sessions/{factory.session(capacity=2, waitlist_open=False).session.id}/registrations"


def person(name: str, **facts: Any) -> dict[str, Any]:
    return {"email": f"{name}@mail.example", "name": name.title(), "timezone": "America/Denver"} | facts


def registered(api: httpx.Client, path: str) -> list[str]:
    return [item["name"] for item in api.get(path).json()["items"]]


def test_a_file_is_looked_at_then_registered_then_known(api: httpx.Client, path: str) -> None:
    nothing: dict[str, Any] = {
        "rows": 2,
        "confirmed": 2,
        "waitlisted": 0,
        "pending": 0,
        "already_registered": 0,
        "skipped": 0,
        "notes": [],
        "bad_rows": 0,
        "problems": [],
        "unknown_columns": ["Notes"],
    }
    looked = api.post(f"{path}/import", params={"dry_run": True}, content=TWO, headers=CSV)
    assert (looked.status_code, looked.json()) == (200, nothing | {"dry_run": True})
    assert registered(api, path) == []
    done = api.post(f"{path}/import", content=TWO, headers=CSV)
    assert (done.status_code, done.json()) == (200, nothing | {"dry_run": False})
    assert registered(api, path) == ["Ana", "Ben"]
    again = api.post(f"{path}/import", content=TWO, headers=CSV).json()
    assert again == nothing | {"dry_run": False, "confirmed": 0, "already_registered": 2}


def test_bad_rows_are_named_without_what_they_hold_and_nobody_is_registered(api: httpx.Client, path: str) -> None:
    content = b"email,name\nana@mail.example,Ana\nplanted,Ben\nplanted@nowhere,\n"
    refused = api.post(f"{path}/import", content=content, headers=CSV)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    body = refused.json()
    assert (body["code"], body["bad_rows"]) == ("rows_refused", 2)
    assert [(item["line"], item["column"]) for item in body["problems"]] == [(3, "email"), (4, "email"), (4, "name")]
    assert "planted" not in refused.text
    assert registered(api, path) == []
    looked = api.post(f"{path}/import", params={"dry_run": True}, content=content, headers=CSV)
    assert (looked.status_code, looked.json()["bad_rows"]) == (200, 2)
    assert looked.json()["problems"] == body["problems"]


def test_rows_without_a_seat_are_bad_rows(api: httpx.Client, path: str) -> None:
    content = TWO + b"cleo@mail.example,Cleo,z\n"
    body = api.post(f"{path}/import", content=content, headers=CSV).json()
    assert (body["code"], [item["line"] for item in body["problems"]]) == ("rows_refused", [4])
    assert registered(api, path) == []


def test_what_is_no_such_file_is_refused(api: httpx.Client, path: str) -> None:
    for content in (b"", b"\x00", b'{"items": []}', b"name\nAna\n"):
        refused = api.post(f"{path}/import", content=content, headers=CSV)
        assert (refused.status_code, refused.json()["field"]) == (422, "file")
    assert api.post(f"/sessions/{uuid4()}/registrations/import", content=TWO, headers=CSV).status_code == 404


def test_a_key_makes_it_one_import_and_a_dry_run_is_another_request(api: httpx.Client, path: str) -> None:
    keyed = CSV | {"Idempotency-Key": "k1"}
    first = api.post(f"{path}/import", content=TWO, headers=keyed)
    replay = api.post(f"{path}/import", content=TWO, headers=keyed)
    assert (replay.json(), replay.headers["idempotency-replayed"]) == (first.json(), "true")
    other = api.post(f"{path}/import", params={"dry_run": True}, content=TWO, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_mail_can_be_left_out(api: httpx.Client, path: str) -> None:
    api.post(f"{path}/import", params={"send_mail": False}, content=TWO, headers=CSV)
    assert registered(api, path) == ["Ana", "Ben"]
    assert api.get("/messages").json()["items"] == []


def test_a_file_may_be_larger_than_other_bodies_but_not_than_5_mb(api: httpx.Client, path: str) -> None:
    wide = TWO.replace(b",x\n", b"," + b"x" * 100_000 + b"\n" + b"\n" * 2_000_000)
    assert api.post(f"{path}/import", content=wide, headers=CSV).json()["confirmed"] == 2
    large = api.post(f"{path}/import", content=TWO + b"\n" * MOST_BYTES, headers=CSV)
    assert (large.status_code, large.json()["field"]) == (422, "file")
    huge = api.post(f"{path}/import", content=b"\n" * (MOST_BYTES + 100_000), headers=CSV)
    assert (huge.status_code, huge.json()["code"]) == (413, "body_too_large")


def test_what_was_exported_can_be_imported(api: httpx.Client, path: str, factory: Factory, process: Process) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id, phone="+1 303 555 0134")
    content = export_registrations(process, session_id, actor="test", now=factory.now)
    assert api.post(f"{path}/import", content=content, headers=CSV).json()["confirmed"] == 1


def test_in_a_batch_each_answers_for_itself_in_order(api: httpx.Client, path: str) -> None:
    items = [
        person("ana"),
        person("ben", email="nobody"),
        {"email": "cleo@mail.example", "seats": 9},
        person("dora", consents=[{"purpose": "no_such_thing", "channel": "email", "granted": True}]),
        person("eva"),
        person("fay"),
        person("ana", email="ANA@mail.example"),
    ]
    answered = api.post(f"{path}/batch", json={"items": items})
    assert answered.status_code == 200
    said = answered.json()["items"]
    assert [item["status"] for item in said] == ["confirmed", 422, 422, 422, "confirmed", 409, "confirmed"]
    assert [item.get("index") for item in said] == [None, 1, 2, 3, None, 5, None]
    assert said[6]["id"] == said[0]["id"]  # full or not: a token is told who is there already
    assert [item.get("code") for item in said[1:4]] == ["invalid_field", "invalid_request", "invalid_field"]
    assert {wrong["field"] for wrong in said[2]["errors"]} == {"name", "timezone", "seats"}
    assert said[0]["manage_url"].startswith("http")
    assert registered(api, path) == ["Ana", "Eva"]


def test_a_batch_sent_again_changes_nothing(api: httpx.Client, factory: Factory) -> None:
    path = f"/sessions/{factory.session().session.id}/registrations"
    body = {"items": [person("ana"), person("ben")]}
    first = api.post(f"{path}/batch", json=body, headers={"Idempotency-Key": "k1"})
    replay = api.post(f"{path}/batch", json=body, headers={"Idempotency-Key": "k1"})
    assert (replay.json(), replay.headers["idempotency-replayed"]) == (first.json(), "true")
    again = api.post(f"{path}/batch", json=body)
    assert [item["id"] for item in again.json()["items"]] == [item["id"] for item in first.json()["items"]]
    assert registered(api, path) == ["Ana", "Ben"]


def test_a_batch_in_which_nobody_can_be_read_is_answered_all_the_same(api: httpx.Client, path: str) -> None:
    said = api.post(f"{path}/batch", json={"items": [{}, person("ana", email="nobody")]}).json()["items"]
    assert [item["status"] for item in said] == [422, 422]


def test_a_batch_has_one_to_500_items_of_one_session(api: httpx.Client, path: str) -> None:
    for items in ([], [person("ana")] * 501, ["ana"], None):
        assert api.post(f"{path}/batch", json={"items": items}).status_code == 422
    assert api.post(f"/sessions/{uuid4()}/registrations/batch", json={"items": [person("ana")]}).status_code == 404


def test_a_batch_of_500_is_decided_in_its_order(api: httpx.Client, factory: Factory) -> None:
    path = f"/sessions/{factory.session(capacity=300).session.id}/registrations"
    items = [person(f"person{number}") for number in range(500)]
    said = api.post(f"{path}/batch", json={"items": items}).json()["items"]
    assert [item["status"] for item in said] == ["confirmed"] * 300 + ["waitlisted"] * 200
