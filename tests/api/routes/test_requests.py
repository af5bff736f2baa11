"""What registrants ask for, over the API."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.conftest import Caller
from tests.factories import Factory
from webinars.rules.requests import Wish
from webinars.services import requests
from webinars.tables import AuditEntry
from webinars.terms import CallTime, RecentMri, Scope
from webinars.testing import SetClock
from webinars.work import Process

WISH = Wish(RecentMri.not_sure, CallTime.morning, "303 555 0134", "The left knee")


@pytest.fixture
def ana(factory: Factory, process: Process, clock: SetClock) -> UUID:
    """Somebody who asked for an evaluation and the packet."""
    session = factory.session().session
    registration_id = factory.registration(session.id).registration.id
    clock.set(session.ends_at)
    for later in range(2):
        with process.work() as work:
            moment = clock.now() + timedelta(minutes=later)
            if later:
                requests.ask_packet(work, registration_id, moment)
            else:
                requests.ask_evaluation(work, registration_id, WISH, moment)
    return registration_id


def reads(process: Process) -> int:
    with process.read() as work:
        query = sa.select(sa.func.count()).where(AuditEntry.action == "requests.read_health")
        return work.db.scalar(query) or 0


def test_requests_are_listed_and_what_they_told_only_with_the_scope(
    api: httpx.Client, caller: Caller, ana: UUID, process: Process
) -> None:
    plain = caller(Scope.attendance_read).get("/requests").json()["items"]
    assert [(item["kind"], item["state"], item["details"]) for item in plain] == [
        ("candidacy", "open", None),
        ("packet", "open", None),
    ]
    assert plain[0]["registration_id"] == str(ana)
    assert reads(process) == 0
    told = {"recent_mri": "not_sure", "call_time": "morning", "phone": "303 555 0134", "words": "The left knee"}
    assert [item["details"] for item in api.get("/requests").json()["items"]] == [told, None]
    assert reads(process) == 1
    assert [item["kind"] for item in api.get("/requests?kind=packet&state=open").json()["items"]] == ["packet"]
    assert api.get("/requests?state=done").json()["items"] == []
    assert api.get("/requests?kind=other").status_code == 422


def test_a_request_is_worked_off_by_who_saw_it_as_it_is(api: httpx.Client, caller: Caller, ana: UUID) -> None:
    path = f"/requests/{api.get('/requests').json()['items'][0]['id']}"
    writer = caller(Scope.attendance_write)
    done = {"state": "done", "note": "Comes in May."}
    assert writer.patch(path, json=done).json()["code"] == "version_missing"
    answer = writer.patch(path, json=done, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert {name: answer.json()[name] for name in ("state", "note", "details")} == done | {"details": None}
    assert writer.patch(path, json=done, headers={"If-Match": '"1"'}).json()["code"] == "version_mismatch"
    assert api.patch(path, json={"state": "open"}, headers={"If-Match": "*"}).json()["details"]["words"]
    for wrong in ({"state": "none"}, {"kind": "packet"}, {"details": {}}):
        assert writer.patch(path, json=wrong, headers={"If-Match": "*"}).status_code == 422
