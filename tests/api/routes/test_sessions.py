from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.terms import PublicationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

WANTED = {"webinar": "knee-options", "timezone": "America/Denver", "duration_minutes": 60, "capacity": 40}


@pytest.fixture(autouse=True)
def webinar(factory: Factory) -> str:
    return factory.webinar("knee-options")


def test_a_session_is_made_by_moment_or_by_wall_time(api: httpx.Client, public: httpx.Client) -> None:
    by_moment = api.post("/sessions", json=WANTED | {"starts_at": "2026-03-11T00:00:00Z"})
    by_wall = api.post("/sessions", json=WANTED | {"starts_at_local": "2026-03-10T18:00"})
    assert (by_moment.status_code, by_wall.status_code) == (201, 201)
    one, other = by_moment.json(), by_wall.json()
    assert one | {"id": other["id"]} == other
    assert one == {
        "id": one["id"],
        "webinar": "knee-options",
        "series_id": None,
        "title": "Knee pain: options",
        "status": "scheduled",
        "starts_at": "2026-03-11T00:00:00Z",
        "ends_at": "2026-03-11T01:00:00Z",
        "starts_at_local": "2026-03-10T18:00",
        "timezone": "America/Denver",
        "duration_minutes": 60,
        "capacity": 40,
        "seats_left": 40,
        "waitlist_open": True,
        "registration_opens_at": None,
        "registration_closes_at": None,
        "is_exception": False,
        "room_url": "",
        "seats_taken": 0,
        "waitlisted": 0,
        "schedule_version": 0,
        "details_version": 0,
        "settled_at": None,
        "version": 1,
    }
    shown = public.get(f"/sessions/{one['id']}")
    only_hosts = {
        "is_exception",
        "room_url",
        "seats_taken",
        "waitlisted",
        "schedule_version",
        "details_version",
        "settled_at",
        "version",
    }
    assert shown.json() == {name: value for name, value in one.items() if name not in only_hosts}
    assert (shown.headers["etag"], by_moment.headers["etag"]) == ('"1"', '"1"')


REFUSED: list[tuple[dict[str, object], str]] = [
    ({}, "invalid_request"),
    ({"starts_at": "2026-03-11T00:00:00Z", "starts_at_local": "2026-03-10T18:00"}, "invalid_request"),
    ({"starts_at_local": "2026-03-10T18:00Z"}, "invalid_request"),
    ({"starts_at": "2026-03-11T00:00:00"}, "invalid_request"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "invalid_request"),
    ({"starts_at_local": "9999-12-31T23:00"}, "invalid_request"),
    ({"starts_at_local": "2026-03-08T02:30"}, "time_does_not_exist"),
    ({"starts_at_local": "2026-11-01T01:30"}, "time_is_ambiguous"),
    ({"starts_at_local": "2026-03-10T18:00:30"}, "invalid_field"),
    ({"starts_at_local": "2026-03-10T18:00", "timezone": "Mars/Olympus"}, "unknown_timezone"),
    ({"starts_at_local": "2026-03-01T18:00"}, "session_started"),
    ({"starts_at_local": "2026-03-10T18:00", "capacity": 0}, "invalid_request"),
    ({"starts_at_local": "2026-03-10T18:00", "status": "cancelled"}, "invalid_request"),
    ({"starts_at_local": "2026-03-10T18:00", "room_url": "http://rooms.example"}, "invalid_field"),
    ({"starts_at_local": "2026-03-10T18:00", "webinar": "nothing"}, "not_found"),
    ({"starts_at_local": "2026-03-10T18:00", "seats_taken": 3}, "invalid_request"),
]


def test_what_is_no_session_is_refused(api: httpx.Client) -> None:
    answers = [api.post("/sessions", json=WANTED | changes).json()["code"] for changes, _ in REFUSED]
    assert answers == [code for _, code in REFUSED]
    assert api.get("/sessions").json()["items"] == []


def test_registration_opens_and_closes_when_the_host_says(
    api: httpx.Client, public: httpx.Client, clock: SetClock
) -> None:
    window = {"registration_opens_at": "2026-03-03T15:00:00Z", "registration_closes_at": "2026-03-10T23:00:00Z"}
    made = api.post("/sessions", json=WANTED | {"starts_at": "2026-03-11T00:00:00Z"} | window).json()
    assert {name: made[name] for name in window} == window
    path = f"/sessions/{made['id']}"
    assert {name: public.get(path).json()[name] for name in window} == window

    person = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}

    def answered() -> str:
        answer = public.post(f"{path}/registrations", json=person)
        return str(answer.json()["status"] if answer.is_success else answer.json()["code"])

    assert answered() == "session_not_open"
    assert api.get(f"{path}/registrations").json()["items"] == []
    opened = api.patch(path, json={"registration_opens_at": None}, headers={"If-Match": "*"})
    assert opened.json()["registration_opens_at"] is None
    assert opened.json()["registration_closes_at"] == window["registration_closes_at"]
    assert answered() == "confirmed"
    clock.set(datetime(2026, 3, 10, 23, tzinfo=UTC))
    assert answered() == "registration_closed"


def test_a_window_that_cannot_be_is_refused(api: httpx.Client) -> None:
    session = WANTED | {"starts_at": "2026-03-11T00:00:00Z"}
    for window, field in (
        ({"registration_closes_at": "2026-03-11T00:00:01Z"}, "registration_closes_at"),
        ({"registration_opens_at": "2026-03-11T00:00:00Z"}, "registration_opens_at"),
        (
            {"registration_opens_at": "2026-03-09T00:00:00Z", "registration_closes_at": "2026-03-09T00:00:00Z"},
            "registration_opens_at",
        ),
    ):
        refused = api.post("/sessions", json=session | window)
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "invalid_field", field)
    for moment in ("2026-03-09T00:00:00", "0001-01-01T00:00:00Z", "soon"):
        refused = api.post("/sessions", json=session | {"registration_opens_at": moment})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert api.get("/sessions").json()["items"] == []


def test_drafts_are_for_hosts(api: httpx.Client, public: httpx.Client, factory: Factory) -> None:
    draft = api.post("/sessions", json=WANTED | {"starts_at_local": "2026-03-10T18:00", "status": "draft"}).json()
    hidden = factory.session(factory.webinar("hidden", status=PublicationStatus.draft)).session.id
    shown = factory.session("knee-options").session.id

    def ids(client: httpx.Client) -> list[str]:
        return [item["id"] for item in client.get("/sessions").json()["items"]]

    assert ids(public) == [str(shown)]
    assert ids(api) == [str(hidden), str(shown), draft["id"]]
    assert public.get(f"/sessions/{draft['id']}").status_code == 404
    assert public.get(f"/sessions/{hidden}").status_code == 404
    unknown = public.get("/sessions", params={"webinar": "nothing"})
    assert unknown.status_code == 404
    assert public.get("/sessions", params={"webinar": "hidden"}).json() == unknown.json()

    api.patch(f"/sessions/{draft['id']}", json={"status": "scheduled"}, headers={"If-Match": '"1"'})
    assert ids(public) == [str(shown), draft["id"]]


def test_a_list_is_walked_by_cursor_in_the_order_of_starts(public: httpx.Client, factory: Factory) -> None:
    days = [5, 1, 4, 2, 3, 2, 7]
    made = [factory.session("knee-options", starts_in=timedelta(days=day)).session for day in days]
    expected = [str(item.id) for item in sorted(made, key=lambda item: (item.starts_at, item.id))]
    pages, cursor = [], None
    while cursor is not None or not pages:
        page = public.get("/sessions", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        pages.append([item["id"] for item in page["items"]])
        assert page["limit"] == 3
        cursor = page["next"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == expected  # noqa: RUF017 - three of them


def test_lists_have_bounds(public: httpx.Client) -> None:
    assert public.get("/sessions", params={"limit": 200}).status_code == 200
    assert public.get("/sessions", params={"limit": 201}).status_code == 422
    assert public.get("/sessions", params={"limit": 0}).status_code == 422
    assert public.get("/sessions", params={"cursor": "nonsense"}).json()["field"] == "cursor"


def test_a_list_is_about_a_topic_a_webinar_and_a_span(public: httpx.Client, factory: Factory, clock: SetClock) -> None:
    factory.topic("knee")
    about = factory.session(factory.webinar("about-knees", topics=("knee",)), starts_in=timedelta(days=2)).session
    later = factory.session("knee-options", starts_in=timedelta(days=9)).session
    past = factory.session("knee-options", starts_in=timedelta(hours=1)).session
    clock.advance(timedelta(days=1))

    def ids(**params: str) -> list[str]:
        return [item["id"] for item in public.get("/sessions", params=params).json()["items"]]

    assert ids() == [str(about.id), str(later.id)]
    assert ids(topic="knee") == [str(about.id)]
    assert ids(webinar="knee-options") == [str(later.id)]
    assert ids(to="2026-03-05T00:00:00Z") == [str(about.id)]
    assert ids(**{"from": "2026-03-01T00:00:00+00:00", "to": "2026-03-03T00:00:00Z"}) == [str(past.id)]


def test_moving_a_session_tells_registrants_and_moves_its_reminders(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session("knee-options").session
    factory.registration(session.id, "ana@mail.example")
    tick(process, clock.now())
    assert len(mailer.mails) == 1  # the confirmation
    before = api.get(f"/sessions/{session.id}").json()

    stale = api.patch(
        f"/sessions/{session.id}", json={"starts_at": "2026-03-12T01:00:00Z"}, headers={"If-Match": '"9"'}
    )
    assert stale.json()["code"] == "version_mismatch"
    clock.advance(timedelta(seconds=1))
    moved = api.patch(
        f"/sessions/{session.id}", json={"starts_at": "2026-03-12T01:00:00Z"}, headers={"If-Match": '"1"'}
    )
    assert moved.json() == before | {
        "starts_at": "2026-03-12T01:00:00Z",
        "ends_at": "2026-03-12T02:00:00Z",
        "starts_at_local": "2026-03-11T19:00",
        "schedule_version": 1,
        "version": 2,
    }
    tick(process, clock.now())
    assert len(mailer.mails) == 2  # the notice of the move
    ledger = api.get(f"/sessions/{session.id}/reminders").json()["items"]
    assert [(item["rule"], item["due_at"]) for item in ledger] == [
        ("24 h before", "2026-03-11T01:00:00Z"),
        ("1 h before", "2026-03-12T00:00:00Z"),
        ("10 min before", "2026-03-12T00:50:00Z"),
        ("5 min after the start, if not there", "2026-03-12T01:05:00Z"),
    ]


def test_a_new_zone_keeps_the_wall_time(api: httpx.Client) -> None:
    made = api.post("/sessions", json=WANTED | {"starts_at_local": "2026-03-10T18:00"}).json()

    def change(**body: object) -> tuple[str, str, int]:
        answer = api.patch(f"/sessions/{made['id']}", json=body, headers={"If-Match": "*"}).json()
        return answer["starts_at"], answer["starts_at_local"], answer["schedule_version"]

    assert change(timezone="America/New_York") == ("2026-03-10T22:00:00Z", "2026-03-10T18:00", 1)
    assert change(starts_at="2026-03-11T22:00:00Z", timezone="America/Denver") == (
        "2026-03-11T22:00:00Z",
        "2026-03-11T16:00",
        2,
    )
    assert change(capacity=50) == ("2026-03-11T22:00:00Z", "2026-03-11T16:00", 2)


def test_more_seats_go_to_who_has_waited(api: httpx.Client, factory: Factory) -> None:
    session = factory.session("knee-options", capacity=1).session
    for _ in range(3):
        factory.registration(session.id)
    grown = api.patch(f"/sessions/{session.id}", json={"capacity": 2}, headers={"If-Match": "*"}).json()
    assert (grown["seats_taken"], grown["waitlisted"], grown["seats_left"]) == (2, 1, 0)


def test_a_cancelled_session_stays_visible_and_tells_everybody_once(
    api: httpx.Client, public: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session("knee-options").session
    factory.registration(session.id)
    tick(process, clock.now())
    mailer.mails.clear()
    clock.advance(timedelta(seconds=1))
    cancelled = api.post(f"/sessions/{session.id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"], cancelled.headers["etag"]) == (200, "cancelled", '"2"')
    assert api.post(f"/sessions/{session.id}/cancel").json() == cancelled.json()
    tick(process, clock.now())
    assert len(mailer.mails) == 1
    assert public.get(f"/sessions/{session.id}").json()["status"] == "cancelled"
    refused = api.patch(f"/sessions/{session.id}", json={"capacity": 5}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (409, "session_cancelled")


def test_only_a_session_without_registrations_is_deleted(api: httpx.Client, factory: Factory) -> None:
    empty, taken = factory.session("knee-options").session, factory.session("knee-options").session
    factory.registration(taken.id)
    assert api.delete(f"/sessions/{empty.id}").status_code == 204
    assert api.delete(f"/sessions/{taken.id}").status_code == 422
    assert [item["id"] for item in api.get("/sessions").json()["items"]] == [str(taken.id)]


def test_moments_are_taken_with_any_offset_and_given_in_utc(api: httpx.Client) -> None:
    made = api.post("/sessions", json=WANTED | {"starts_at": "2026-03-11T09:00:00+09:00"}).json()
    assert datetime.fromisoformat(made["starts_at"]) == datetime(2026, 3, 11, tzinfo=UTC)
    assert made["starts_at"].endswith("Z")


def test_a_cancellation_is_taken_back_once(api: httpx.Client, factory: Factory) -> None:
    session_id = factory.session().session.id
    registered = factory.registration(session_id, "ana@mail.example").registration
    api.post(f"/sessions/{session_id}/cancel")
    for _ in range(2):
        back = api.post(f"/sessions/{session_id}/reinstate")
        assert (back.status_code, back.json()["status"], back.json()["schedule_version"]) == (200, "scheduled", 2)
    told = [item["kind"] for item in api.get("/messages", params={"session": str(session_id)}).json()["items"]]
    assert told.count("reinstated") == 1
    assert api.get(f"/registrations/{registered.id}").json()["status"] == "confirmed"


def test_what_is_over_is_not_taken_back(api: httpx.Client, factory: Factory, clock: SetClock) -> None:
    session = factory.session().session
    api.post(f"/sessions/{session.id}/cancel")
    clock.set(session.starts_at)
    refused = api.post(f"/sessions/{session.id}/reinstate")
    assert (refused.status_code, refused.json()["code"]) == (409, "session_started")
