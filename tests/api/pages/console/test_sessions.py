"""Sessions at the console: scheduled, moved, given seats, cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from tests.factories import Factory
from webinars.clock import SetClock
from webinars.queries.sessions import Scheduled
from webinars.services import messages, sessions
from webinars.tables import WebinarSession
from webinars.terms import MessageKind, SessionStatus
from webinars.work import Process

FORM = {
    "date": "2026-03-20",
    "time": "18:00",
    "timezone": "America/Denver",
    "minutes": "60",
    "capacity": "25",
    "room_url": "https://rooms.example/r/2",
    "waitlist_open": "true",
}


def _session(process: Process, session_id: UUID) -> WebinarSession:
    with process.read() as work:
        return sessions.get_session(work, session_id, public_only=False).session


def _told(process: Process, session_id: UUID, kind: MessageKind) -> int:
    with process.read() as work:
        page = messages.list_messages(work, session_id=session_id, cursor=None, limit=200)
    return sum(row.kind is kind for row in page.items)


def _scheduled(console: httpx.Client, **changes: str) -> httpx.Response:
    return console.post("/console/webinars/knee-options/sessions/new", data=FORM | changes)


def test_scheduling_a_session(console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process) -> None:
    sqlite_factory.webinar()
    answer = _scheduled(console)
    assert answer.status_code == 303
    path, _, said = answer.headers["location"].partition("?")
    assert said == "done=scheduled"
    session = _session(sqlite_process, UUID(path.rpartition("/")[2]))
    assert session.status is SessionStatus.scheduled
    assert (session.capacity, session.timezone, session.waitlist_open) == (25, "America/Denver", True)
    page = console.get(answer.headers["location"])
    assert "Friday, March 20, 2026, 6:00 PM Mountain Time (America/Denver)" in page.text
    agenda = console.get("/console").text
    assert "Fri, Mar 20, 6:00 PM" in agenda
    assert "Mountain Time (America/Denver)" in agenda
    assert "0 of 25" in agenda


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date": "2026-11-01", "time": "01:30"}, "That wall time exists twice"),
        ({"date": "2026-03-08", "time": "02:30"}, "That wall time does not exist"),
        ({"date": "2026-03-01"}, "The start lies in the past"),
        ({"date": ""}, "Enter the day of the session."),
        ({"date": "2026-02-30"}, "Enter the day of the session."),
        ({"time": "6 pm"}, "Enter the time of day, such as 18:00."),
        ({"timezone": "Denver"}, "Choose the time zone of the session."),
        ({"minutes": "3"}, "Minutes must be a whole number from 5 to 600."),
        ({"capacity": "0"}, "Seats must be a whole number from 1 to 100000."),
        ({"capacity": "99999999999999999999"}, "Seats must be a whole number from 1 to 100000."),
        ({"room_url": "http://rooms.example/r/2"}, "The address of the room must begin with https://."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_values_are_kept(
    console: httpx.Client, sqlite_factory: Factory, changes: dict[str, str], words: str
) -> None:
    sqlite_factory.webinar()
    page = _scheduled(console, **changes)
    assert page.status_code == 422
    assert page.text.count(words) == 2
    assert page.text.count('aria-invalid="true"') == 1
    assert '<option value="America/Denver" selected>' in page.text or "timezone" in changes
    assert "https://rooms.example/r/2" in page.text or "room_url" in changes
    assert "Nothing is scheduled." in console.get("/console").text


def test_a_draft_is_published_later(console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process) -> None:
    sqlite_factory.webinar()
    path = _scheduled(console, is_draft="true").headers["location"].partition("?")[0]
    session_id = UUID(path.rpartition("/")[2])
    assert _session(sqlite_process, session_id).status is SessionStatus.draft
    assert "Draft" in console.get("/console").text
    assert console.post(f"{path}/publish", data={"version": "1"}).headers["location"] == f"{path}?done=scheduled"
    assert _session(sqlite_process, session_id).status is SessionStatus.scheduled


@pytest.fixture
def full(sqlite_factory: Factory) -> Scheduled:
    """A session with two seats taken and one person waiting."""
    item = sqlite_factory.session(capacity=2)
    for _ in range(3):
        sqlite_factory.registration(item.session.id)
    return item


def test_a_move_says_whom_it_tells_before_it_does(
    console: httpx.Client, sqlite_process: Process, full: Scheduled
) -> None:
    session_id, path = full.session.id, f"/console/sessions/{full.session.id}"
    assert 'value="2026-03-09"' in console.get(f"{path}/move").text
    form = {"date": "2026-03-21", "time": "10:00", "timezone": "America/New_York", "minutes": "45", "version": "1"}
    asked = console.post(f"{path}/move", data=form)
    assert asked.status_code == 200
    assert "<strong>3 people</strong> will be told by mail" in asked.text
    assert "Saturday, March 21, 2026, 10:00 AM Eastern Time (America/New_York), 45 minutes" in asked.text
    assert _told(sqlite_process, session_id, MessageKind.moved) == 0
    moved = console.post(f"{path}/move", data=form | {"is_confirmed": "true"})
    assert moved.headers["location"] == f"{path}?done=moved"
    assert _told(sqlite_process, session_id, MessageKind.moved) == 3
    session = _session(sqlite_process, session_id)
    assert (session.timezone, session.duration_minutes, session.schedule_version) == ("America/New_York", 45, 1)


def test_a_move_to_an_impossible_time_asks_nobody(console: httpx.Client, full: Scheduled) -> None:
    path = f"/console/sessions/{full.session.id}/move"
    form = {"date": "2027-03-14", "time": "02:30", "timezone": "America/Denver", "minutes": "60", "version": "1"}
    page = console.post(path, data=form)
    assert page.status_code == 422
    assert "That wall time does not exist" in page.text
    assert 'value="02:30"' in page.text


def test_a_move_to_where_it_is_already_tells_nobody(console: httpx.Client, full: Scheduled) -> None:
    session = full.session
    form = {
        "date": f"{session.starts_at_local:%Y-%m-%d}",
        "time": f"{session.starts_at_local:%H:%M}",
        "timezone": session.timezone,
        "minutes": str(session.duration_minutes),
        "version": "1",
    }
    page = console.post(f"/console/sessions/{session.id}/move", data=form)
    assert page.status_code == 422
    assert "This is when it is already." in page.text


def test_a_move_of_an_outdated_page_is_not_done(
    console: httpx.Client, sqlite_process: Process, full: Scheduled
) -> None:
    path = f"/console/sessions/{full.session.id}"
    room = {"capacity": "2", "room_url": "", "waitlist_open": "true", "version": "1"}
    assert console.post(f"{path}/room", data=room).status_code == 303
    form = {"date": "2026-03-21", "time": "10:00", "timezone": "America/Denver", "minutes": "60", "version": "1"}
    page = console.post(f"{path}/move", data=form | {"is_confirmed": "true"})
    assert page.status_code == 422
    assert "Somebody changed this in the meantime." in page.text
    assert _told(sqlite_process, full.session.id, MessageKind.moved) == 0


def test_more_seats_go_to_who_waits(console: httpx.Client, sqlite_process: Process, full: Scheduled) -> None:
    path = f"/console/sessions/{full.session.id}"
    form = {"capacity": "5", "room_url": "https://rooms.example/new", "version": "1"}
    assert console.post(f"{path}/room", data=form).headers["location"] == f"{path}?done=saved"
    session = _session(sqlite_process, full.session.id)
    assert (session.capacity, session.seats_taken, session.waitlisted, session.waitlist_open) == (5, 3, 0, False)
    assert session.room_url == "https://rooms.example/new"


def test_fewer_seats_than_are_taken_throw_nobody_out(
    console: httpx.Client, sqlite_process: Process, full: Scheduled
) -> None:
    path = f"/console/sessions/{full.session.id}"
    assert "With fewer seats than that nobody loses theirs" in console.get(f"{path}/room").text
    assert console.post(f"{path}/room", data={"capacity": "1", "version": "1"}).status_code == 303
    session = _session(sqlite_process, full.session.id)
    assert (session.capacity, session.seats_taken, session.waitlisted) == (1, 2, 1)


def test_registration_opens_and_closes_by_the_clock_on_the_sessions_wall(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.webinar()
    window = {"registration_opens_at": "2026-03-07T08:00", "registration_closes_at": "2026-03-20T17:30"}
    path = _scheduled(console, **window).headers["location"].partition("?")[0]
    session_id = UUID(path.rpartition("/")[2])
    session = _session(sqlite_process, session_id)
    # before and after the clocks go forward in Denver
    assert session.registration_opens_at == datetime(2026, 3, 7, 15, tzinfo=UTC)
    assert session.registration_closes_at == datetime(2026, 3, 20, 23, 30, tzinfo=UTC)
    assert "Opens Saturday, March 7, 2026, 8:00 AM Mountain Time (America/Denver)" in console.get(path).text
    page = console.get(f"{path}/room").text
    assert 'value="2026-03-07T08:00"' in page
    assert 'value="2026-03-20T17:30"' in page
    room = {"capacity": "25", "room_url": "", "version": "1"}
    assert console.post(f"{path}/room", data=room | {"registration_opens_at": "2026-03-08T08:00"}).status_code == 303
    session = _session(sqlite_process, session_id)
    assert session.registration_opens_at == datetime(2026, 3, 8, 14, tzinfo=UTC)
    assert session.registration_closes_at is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"registration_opens_at": "2026-03-08T02:30"}, "That wall time does not exist"),
        ({"registration_closes_at": "soon"}, "Enter day and time, or leave it empty."),
        ({"registration_closes_at": "2026-03-20T18:01"}, "Registration cannot close after the session has started."),
        (
            {"registration_opens_at": "2026-03-20T12:00", "registration_closes_at": "2026-03-20T12:00"},
            "Registration must open before it closes.",
        ),
    ],
)
def test_a_window_that_cannot_be_is_said_beside_its_field(
    console: httpx.Client, sqlite_factory: Factory, changes: dict[str, str], words: str
) -> None:
    sqlite_factory.webinar()
    page = _scheduled(console, **changes)
    assert page.status_code == 422
    assert page.text.count(words) == 2
    assert page.text.count('aria-invalid="true"') == 1
    for value in changes.values():
        assert f'value="{value}"' in page.text
    assert "Nothing is scheduled." in console.get("/console").text


def test_a_cancellation_says_whom_it_tells_before_it_does(
    console: httpx.Client, sqlite_process: Process, full: Scheduled
) -> None:
    session_id, path = full.session.id, f"/console/sessions/{full.session.id}"
    assert "<strong>3 people</strong> will be told by mail" in console.get(f"{path}/cancel").text
    assert _session(sqlite_process, session_id).status is SessionStatus.scheduled
    answer = console.post(f"{path}/cancel", data={"version": "1"})
    assert answer.headers["location"] == f"{path}?done=cancelled"
    assert _told(sqlite_process, session_id, MessageKind.session_cancelled) == 3
    page = console.get(path).text
    assert "Cancelled" in page
    assert f"{path}/move" not in page


def test_a_running_session_stands_first(console: httpx.Client, sqlite_factory: Factory, clock: SetClock) -> None:
    item = sqlite_factory.session(starts_in=timedelta(hours=1))
    clock.advance(timedelta(minutes=70))
    path = f"/console/sessions/{item.session.id}"
    assert "Running now" in console.get("/console").text
    assert f"{path}/move" not in console.get(path).text
    assert console.get(f"{path}/cancel").status_code == 409
    assert (
        console.post(f"{path}/cancel", data={"version": "1"}).headers["location"].endswith("?refused=session_started")
    )
    clock.advance(timedelta(hours=1))
    assert "Over, not settled yet" in console.get("/console").text


def test_viewers_may_not_touch_a_session(viewer: httpx.Client, sqlite_process: Process, full: Scheduled) -> None:
    path = f"/console/sessions/{full.session.id}"
    assert viewer.get(path).status_code == 200
    assert viewer.get(f"{path}/cancel").status_code == 403
    for deed in ("move", "room", "cancel", "publish", "reveal"):
        assert viewer.post(f"{path}/{deed}", data={"version": "1"}).status_code == 403, deed
    assert _session(sqlite_process, full.session.id).version == 1


@pytest.mark.parametrize(
    "end", ["", "/room", "/move", "/cancel", "/registrants", "/messages", "/reminders", "/attendance", "/follow-ups"]
)
def test_a_session_that_is_not_there_gets_a_page_that_says_so(console: httpx.Client, end: str) -> None:
    for session_id in (str(uuid4()), "none"):
        page = console.get(f"/console/sessions/{session_id}{end}")
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
