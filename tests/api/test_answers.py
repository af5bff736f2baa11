"""The same Idempotency-Key gets the same answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import sqlalchemy as sa

from tests.api.conftest import Caller
from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

KNEE = {"slug": "knee", "name": "Knee"}
KEY = {"Idempotency-Key": "a-key"}


def test_a_repeat_gets_the_same_bytes_and_does_nothing(api: httpx.Client) -> None:
    first, again = (api.post("/topics", json=KNEE, headers=KEY) for _ in range(2))
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert api.post("/topics", json=KNEE).json()["code"] == "slug_taken"


def test_a_key_is_for_one_request_of_one_token(api: httpx.Client, caller: Caller) -> None:
    api.post("/topics", json=KNEE, headers=KEY)
    other = api.post("/topics", json=KNEE | {"name": "Knees"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert caller().post("/topics", json=KNEE, headers=KEY).json()["code"] == "slug_taken"
    presenter = api.post("/presenters", json=KNEE, headers=KEY)
    assert (presenter.status_code, presenter.headers.get("idempotency-replayed")) == (201, None)


def test_a_refusal_leaves_the_key_free(api: httpx.Client) -> None:
    hip = {"slug": "hip", "name": "Hip", "parent": "knee"}
    assert api.post("/topics", json=hip, headers=KEY).status_code == 422
    api.post("/topics", json=KNEE)
    assert api.post("/topics", json=hip, headers=KEY).status_code == 201


def test_many_with_one_key_at_once_do_it_once(api: httpx.Client) -> None:
    def make(_: int) -> tuple[int, bytes]:
        response = api.post("/topics", json=KNEE, headers=KEY)
        return response.status_code, response.content

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(make, range(16)))
    assert [status for status, _ in answers] == [201]
    assert len(api.get("/topics").json()["items"]) == 1


def test_a_key_is_forgotten_after_a_day(api: httpx.Client, process: Process, clock: SetClock) -> None:
    api.post("/topics", json=KNEE, headers=KEY)
    clock.advance(timedelta(hours=23))
    tick(process, clock.now())
    assert api.post("/topics", json=KNEE, headers=KEY).headers["idempotency-replayed"] == "true"
    clock.advance(timedelta(hours=2))
    tick(process, clock.now())
    assert api.post("/topics", json=KNEE, headers=KEY).json()["code"] == "slug_taken"


def test_every_deed_of_a_token_is_done_once_per_key(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session(factory.webinar("knee-options", needs_approval=True)).session
    one, other = (factory.registration(session.id).registration.id for _ in range(2))
    body = {"webinar": "knee-options", "timezone": "America/Denver", "duration_minutes": 60, "capacity": 4}
    deeds: list[tuple[str, object]] = [
        ("/presenters", {"slug": "maria", "name": "Maria"}),
        ("/webinars", {"slug": "hip-options", "title": "Hip pain"}),
        ("/sessions", body | {"starts_at": "2026-03-11T00:00:00Z"}),
        (f"/registrations/{one}/approve", None),
        (f"/registrations/{other}/decline", None),
        (f"/registrations/{one}/resend", None),
        (f"/registrations/{one}/cancel", None),
        (f"/sessions/{session.id}/attendance", [{"email": "a@mail.example", "joined_at": "2026-03-02T14:00:00Z"}]),
        (f"/sessions/{session.id}/cancel", None),
    ]
    for path, json in deeds:
        first, again = (api.post(path, json=json, headers=KEY) for _ in range(2))
        assert (path, first.is_success, again.headers.get("idempotency-replayed")) == (path, True, "true")
        assert (again.status_code, again.content) == (first.status_code, first.content)


def test_what_is_kept_cannot_be_read_in_the_database(api: httpx.Client, factory: Factory, process: Process) -> None:
    made = factory.registration(factory.session().session.id, "planted@mail.example").registration
    assert b"planted@mail.example" in api.post(f"/registrations/{made.id}/decline", headers=KEY).content
    with process.read() as work:
        kept = work.db.execute(sa.text("SELECT answer FROM kept_answers")).scalars().all()
    assert len(kept) == 1
    assert b"planted" not in bytes(kept[0])
