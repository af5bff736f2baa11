from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.tables import WebinarSession
from webinars.testing import SetClock
from webinars.work import Process


@pytest.fixture
def session(factory: Factory) -> WebinarSession:
    return factory.session().session


def _at(session: WebinarSession, minutes: int) -> str:
    moment: datetime = session.starts_at + timedelta(minutes=minutes)
    return moment.isoformat()


def test_reports_settle_into_attendance_and_follow_ups(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, session: WebinarSession
) -> None:
    stayed, left, absent = (
        factory.registration(session.id, f"{name}@mail.example").registration.id for name in ("ana", "bo", "cy")
    )
    path = f"/sessions/{session.id}/attendance"
    replay: dict[str, object] = {"replayed_at": None}
    unsettled = {"state": None, "minutes": None, "share": None, "evidence": None} | replay
    assert [
        item
        for item in api.get(path).json()["items"]
        if item != {"registration_id": item["registration_id"]} | unsettled
    ] == []

    clock.set(session.ends_at + timedelta(minutes=1))
    intervals = [
        {
            "registration_id": str(stayed),
            "joined_at": _at(session, 0),
            "left_at": _at(session, 54),
            "source": "provider",
        },
        {"email": "BO@mail.example", "joined_at": _at(session, -5), "left_at": _at(session, 15)},
        {"email": "stranger@mail.example", "joined_at": _at(session, 1)},
    ]
    recorded = api.post(path, json={"intervals": intervals})
    assert (recorded.status_code, recorded.json()) == (200, {"matched": 2, "unmatched": 1})

    clock.advance(timedelta(hours=1))
    tick(process, clock.now())
    expected = [
        {"registration_id": str(stayed), "state": "attended", "minutes": 54, "share": 0.9, "evidence": "interval"},
        {"registration_id": str(left), "state": "left_early", "minutes": 15, "share": 0.25, "evidence": "interval"},
        {"registration_id": str(absent), "state": "no_show", "minutes": 0, "share": 0.0, "evidence": "none"},
    ]
    assert api.get(path).json()["items"] == [item | replay for item in expected]
    assert api.get(f"/sessions/{session.id}").json()["settled_at"] is not None
    follow_ups = api.get(f"/sessions/{session.id}/follow-ups").json()["items"]
    assert [(item["registration_id"], item["segment"], item["message_state"]) for item in follow_ups] == [
        (str(stayed), "attended", "sent"),
        (str(left), "left_early", "sent"),
        (str(absent), "no_show", "sent"),
    ]


def test_a_bare_list_and_items_are_taken_too(
    api: httpx.Client, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    factory.registration(session.id, "ana@mail.example")
    clock.set(session.ends_at)
    interval = {"email": "ana@mail.example", "joined_at": _at(session, 0)}
    path = f"/sessions/{session.id}/attendance"
    for body in (
        [interval],
        {"items": [interval]},
        interval,
        [interval | {"source": "some tool of the clinic"}],
        {"intervals": [interval]},
        [interval | {"left_at": _at(session, 9)}],
    ):
        assert api.post(path, json=body).json() == {"matched": 1, "unmatched": 0}


def test_what_is_no_report_is_refused(
    api: httpx.Client, factory: Factory, clock: SetClock, session: WebinarSession
) -> None:
    registration = str(factory.registration(session.id, "ana@mail.example").registration.id)
    foreign = str(factory.registration(factory.session().session.id).registration.id)
    clock.set(session.ends_at)
    joined = {"joined_at": _at(session, 0)}
    path = f"/sessions/{session.id}/attendance"
    for interval in (
        joined,
        joined | {"registration_id": registration, "email": "ana@mail.example"},
        joined | {"registration_id": foreign},
        joined | {"registration_id": registration, "source": 7},
        joined | {"email": "nobody"},
        {"registration_id": registration, "joined_at": _at(session, 90)},
        {"registration_id": registration, "joined_at": "2026-03-09T15:00:00"},
        joined | {"registration_id": registration, "left_at": _at(session, -1)},
    ):
        assert api.post(path, json=[interval]).status_code == 422
    good = joined | {"email": "ana@mail.example"}
    assert api.post(path, json=[good] * 1001).status_code == 422
    assert api.post(path, json=[good] * 1000).json() == {"matched": 1000, "unmatched": 0}
    assert api.post(f"/sessions/{UUID(int=1)}/attendance", json=[good]).status_code == 404


def test_a_task_and_a_note_are_changed_under_their_version(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, session: WebinarSession
) -> None:
    factory.registration(session.id)
    clock.set(session.ends_at + timedelta(hours=2))
    tick(process, clock.now())
    follow_up = api.get(f"/sessions/{session.id}/follow-ups").json()["items"][0]
    path = f"/follow-ups/{follow_up['id']}"
    assert (follow_up["task"], follow_up["note"], follow_up["version"]) == ("none", "", 1)

    assert api.patch(path, json={"task": "open"}).status_code == 428
    changed = api.patch(path, json={"task": "open", "note": "Called."}, headers={"If-Match": '"1"'})
    assert changed.json() == follow_up | {"task": "open", "note": "Called.", "version": 2}
    assert changed.headers["etag"] == '"2"'
    assert api.patch(path, json={"task": "done"}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.patch(path, json={"segment": "attended"}, headers={"If-Match": "*"}).status_code == 422
    cleared = api.patch(path, json={"note": ""}, headers={"If-Match": "*"})
    assert cleared.json() == follow_up | {"task": "open", "version": 3}
    assert api.get(f"/sessions/{session.id}/follow-ups").json()["items"] == [cleared.json()]
    assert api.patch(f"/follow-ups/{UUID(int=1)}", json={"task": "done"}, headers={"If-Match": "*"}).status_code == 404
