"""Series at the console: all dates are shown before they are made, and all consequences before they happen."""

from __future__ import annotations

import html
import re
from uuid import UUID

import httpx
import pytest

from tests.factories import Factory
from webinars.clock import SetClock
from webinars.services import messages, series, sessions
from webinars.services.series import SeriesItem
from webinars.terms import MessageKind
from webinars.work import Process

NEW = "/console/webinars/knee-options/series/new"
FORM = {
    "date": "2026-03-03",
    "time": "18:00",
    "timezone": "America/New_York",
    "minutes": "60",
    "capacity": "25",
    "room_url": "https://rooms.example/r/2",
    "waitlist_open": "true",
    "repeat": "weekly",
    "count": "3",
    "until": "",
    "rrule": "",
}


@pytest.fixture(autouse=True)
def webinar(sqlite_factory: Factory) -> str:
    return sqlite_factory.webinar()


def make(console: httpx.Client, **changes: str) -> str:
    """A series; gives its page's path."""
    answer = console.post(NEW, data=FORM | {"is_confirmed": "true"} | changes)
    assert answer.status_code == 303
    path, _, said = answer.headers["location"].partition("?")
    assert said == "done=series_created"
    return path


def item_of(process: Process, path: str) -> SeriesItem:
    with process.read() as work:
        return series.get_series(work, UUID(path.rpartition("/")[2]))


def walls(process: Process, path: str) -> list[str]:
    found = [each.session for each in item_of(process, path).sessions]
    return [f"{row.starts_at_local:%m-%d %H:%M}" for row in found if row.status.value == "scheduled"]


def told(process: Process, path: str, kind: MessageKind) -> int:
    with process.read() as work:
        pages = [
            messages.list_messages(work, session_id=each.session.id, cursor=None, limit=200)
            for each in item_of(process, path).sessions
        ]
    return sum(row.kind is kind for page in pages for row in page.items)


def plain(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def test_all_dates_are_shown_with_their_zone_before_any_is_made(console: httpx.Client, sqlite_process: Process) -> None:
    assert f'href="{NEW}"' in console.get("/console/webinars/knee-options").text
    assert 'name="rrule"' in console.get(NEW).text
    asked = console.post(NEW, data=FORM)
    assert asked.status_code == 200
    for day in ("March 3", "March 10", "March 17"):
        assert f"{day}, 2026, 6:00 PM Eastern Time (America/New_York)" in asked.text
    assert asked.text.count("The clocks went forward") == 1
    assert "Each session stays at 6:00" in asked.text
    assert "Schedule 3 sessions" in plain(asked)
    with sqlite_process.read() as work:
        assert sessions.list_sessions(work, webinar="knee-options").items == []
    made = console.post(NEW, data=hidden_fields(asked.text) | {"is_confirmed": "true"})
    path = made.headers["location"].partition("?")[0]
    assert walls(sqlite_process, path) == ["03-03 18:00", "03-10 18:00", "03-17 18:00"]
    assert {each.session.capacity for each in item_of(sqlite_process, path).sessions} == {25}
    assert "The series is scheduled." in console.get(made.headers["location"]).text


def test_a_series_without_a_change_of_the_clocks_says_nothing_of_them(console: httpx.Client) -> None:
    assert "clocks" not in plain(console.post(NEW, data=FORM | {"timezone": "America/Phoenix"})).replace("Clocks", "")


@pytest.mark.parametrize(
    ("choices", "dates", "words"),
    [
        ({"count": "2"}, ["03-03", "03-10"], "Every week, 2 sessions"),
        ({"count": "", "until": "2026-03-17"}, ["03-03", "03-10", "03-17"], "Every week, until March 17, 2026"),
        ({"repeat": "fortnightly"}, ["03-03", "03-17", "03-31"], "Every two weeks, 3 sessions"),
        ({"repeat": "monthly"}, ["03-03", "04-07", "05-05"], "Every month on the first Tuesday, 3 sessions"),
        ({"repeat": "monthly", "date": "2026-03-31"}, ["03-31", "04-28", "05-26"], "on the last Tuesday, 3 sessions"),
        (
            {"rrule": "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "count": "", "repeat": "nonsense"},
            ["03-03", "03-05", "03-10"],
            "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3",
        ),
    ],
)
def test_choices_or_a_rule_make_the_dates(
    console: httpx.Client, sqlite_process: Process, choices: dict[str, str], dates: list[str], words: str
) -> None:
    path = make(console, **choices)
    assert walls(sqlite_process, path) == [f"{day} 18:00" for day in dates]
    assert words in plain(console.get(path))
    assert words in plain(console.get("/console/webinars/knee-options"))
    # The form of the series says the same again, so that saving it changes nothing.
    fields = filled(console.get(f"{path}/edit").text)
    asked = console.post(f"{path}/edit", data=fields)
    assert asked.status_code == 200
    assert f"{len(dates)} sessions to come stay as they are" in plain(asked)


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the form of a series."""
    fields = hidden_fields(page)
    typed = re.findall(r'<input id="[^"]+" name="([^"]+)" type="(?:text|date|time|url)" value="([^"]*)"', page)
    fields |= {name: html.unescape(value) for name, value in typed}
    for name, value in re.findall(r'name="(repeat|waitlist_open)" type="\w+" value="(\w+)" checked', page):
        fields[name] = value
    fields["timezone"] = re.findall(r'<option value="([^"]+)" selected', page)[0]
    return fields


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"count": "", "until": ""}, "Enter either how many sessions there will be, or the last day.", "count"),
        ({"until": "2026-05-01"}, "Enter either how many sessions there will be, or the last day.", "count"),
        ({"count": "201"}, "The number of sessions must be a whole number from 1 to 200.", "count"),
        ({"count": "", "until": "soon"}, "Enter the last day.", "until"),
        ({"count": "", "until": "2026-03-02"}, "It ends before the first session.", "repeat"),
        ({"count": "", "until": "2029-03-02"}, "A series lasts at most two years.", "repeat"),
        ({"repeat": "hourly"}, "Choose how often.", "repeat"),
        ({"rrule": "every week"}, "This is no recurrence rule.", "rrule"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=FR;COUNT=3"}, "does not follow the rule", "rrule"),
        ({"date": ""}, "Enter the day of the session.", "date"),
        ({"date": "2026-02-24"}, "The start lies in the past", "date"),
        ({"date": "2026-03-01", "time": "02:30"}, "On Sunday, March 8, 2026 at 02:30 the clocks", "time"),
        ({"timezone": "Denver"}, "Choose the time zone of the session.", "timezone"),
        ({"capacity": "0"}, "Seats must be a whole number from 1 to 100000.", "capacity"),
        ({"room_url": "http://rooms.example"}, "The address of the room must begin with https://.", "room_url"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_values_are_kept(
    console: httpx.Client, sqlite_process: Process, changes: dict[str, str], words: str, field: str
) -> None:
    for confirmed in ({}, {"is_confirmed": "true"}):
        page = console.post(NEW, data=FORM | changes | confirmed)
        assert page.status_code == 422
        assert html.unescape(page.text).count(words) == 2
        assert f'href="#{field}"' in page.text
        assert f'id="{field}"' in page.text
        assert f'id="{field}-wrong"' in page.text
        assert ("<details" in page.text and " open>" in page.text) == ("rrule" in changes)
    with sqlite_process.read() as work:
        assert series.list_series(work, "knee-options") == []


@pytest.fixture
def path(console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process) -> str:
    """A series of three; two people are registered for the first session, one for the last."""
    path = make(console)
    first, _, last = (each.session.id for each in item_of(sqlite_process, path).sessions)
    for session_id in (first, first, last):
        sqlite_factory.registration(session_id)
    return path


def test_a_change_says_what_it_does_to_each_session_before_it_does(
    console: httpx.Client, sqlite_process: Process, path: str
) -> None:
    form = FORM | {"time": "19:00", "count": "4", "version": "1"}
    asked = console.post(f"{path}/edit", data=form)
    assert asked.status_code == 200
    text = plain(asked)
    assert "3 sessions move" in text
    assert "1 session is new" in text
    assert "3 mails will tell registrants" in text
    assert "Tuesday, March 3, 2026, 7:00 PM Eastern Time (America/New_York)" in text
    assert "from Tuesday, March 3, 2026, 6:00 PM Eastern Time (America/New_York), 60 minutes" in text
    assert told(sqlite_process, path, MessageKind.moved) == 0
    done = console.post(f"{path}/edit", data=hidden_fields(asked.text) | {"is_confirmed": "true"})
    assert done.headers["location"] == f"{path}?done=series_changed"
    assert told(sqlite_process, path, MessageKind.moved) == 3
    assert walls(sqlite_process, path) == ["03-03 19:00", "03-10 19:00", "03-17 19:00", "03-24 19:00"]


def test_a_change_that_ends_sessions_says_which_are_cancelled_and_which_vanish(
    console: httpx.Client, sqlite_process: Process, path: str
) -> None:
    asked = console.post(f"{path}/edit", data=FORM | {"count": "1", "version": "1"})
    text = plain(asked)
    assert "1 session is cancelled" in text
    assert "1 session vanishes" in text
    assert "1 session to come stays as it is" in text
    assert "1 mail will tell registrants" in text
    console.post(f"{path}/edit", data=hidden_fields(asked.text) | {"is_confirmed": "true"})
    assert walls(sqlite_process, path) == ["03-03 18:00"]
    assert told(sqlite_process, path, MessageKind.session_cancelled) == 1


def test_a_session_says_that_it_belongs_to_a_series_and_when_it_left_it(
    console: httpx.Client, sqlite_process: Process, path: str
) -> None:
    session = item_of(sqlite_process, path).sessions[1].session
    own = f"/console/sessions/{session.id}"
    assert f'href="{path}"' in console.get(own).text
    assert "changed by itself" not in console.get(own).text
    room = {"capacity": "5", "room_url": "", "version": "1"}
    assert console.post(f"{own}/room", data=room).status_code == 303
    assert "It was changed by itself" in console.get(own).text
    assert "changed by itself" in console.get(path).text
    asked = console.post(f"{path}/edit", data=FORM | {"time": "19:00", "version": "1"})
    assert "2 sessions move" in plain(asked)
    assert "1 session to come stays as it is" in plain(asked)
    assert "It was changed by itself" in plain(asked)


def test_a_change_of_an_outdated_page_is_not_done(console: httpx.Client, sqlite_process: Process, path: str) -> None:
    assert console.post(f"{path}/edit", data=FORM | {"capacity": "30", "version": "1", "is_confirmed": "true"})
    page = console.post(f"{path}/edit", data=FORM | {"time": "19:00", "version": "1", "is_confirmed": "true"})
    assert page.status_code == 422
    assert "Somebody changed this in the meantime." in page.text
    assert 'name="version" value="2"' in page.text
    assert told(sqlite_process, path, MessageKind.moved) == 0


def test_an_impossible_change_is_said_beside_its_field(console: httpx.Client, path: str) -> None:
    page = console.post(f"{path}/edit", data=FORM | {"date": "2026-03-01", "time": "02:30", "version": "1"})
    assert page.status_code == 422
    assert "On Sunday, March 8, 2026 at 02:30 the clocks" in page.text
    assert 'value="02:30"' in page.text


def test_ending_a_series_says_what_it_ends_before_it_does(
    console: httpx.Client, sqlite_process: Process, sqlite_factory: Factory, clock: SetClock
) -> None:
    path = make(console, date="2026-03-02", time="11:00")
    first, _, last = (each.session for each in item_of(sqlite_process, path).sessions)
    for session in (first, last):
        sqlite_factory.registration(session.id)
    clock.set(first.ends_at)
    asked = console.get(f"{path}/cancel")
    text = plain(asked)
    assert "2 sessions to come will be cancelled" in text
    assert "1 mail will tell registrants" in text
    assert "March 2," not in text
    answer = console.post(f"{path}/cancel", data=hidden_fields(asked.text))
    assert answer.headers["location"] == f"{path}?done=series_cancelled"
    assert walls(sqlite_process, path) == ["03-02 11:00"]
    assert told(sqlite_process, path, MessageKind.session_cancelled) == 1
    assert f"{path}/cancel" not in console.get(path).text


def test_viewers_may_look_at_a_series_and_no_more(viewer: httpx.Client, path: str, sqlite_process: Process) -> None:
    page = viewer.get(path)
    assert page.status_code == 200
    assert f"{path}/edit" not in page.text
    for deed in ("edit", "cancel"):
        assert viewer.get(f"{path}/{deed}").status_code == 403
        assert viewer.post(f"{path}/{deed}", data=FORM | {"version": "1"}).status_code == 403
    assert viewer.get(NEW).status_code == 403
    assert viewer.post(NEW, data=FORM).status_code == 403
    assert item_of(sqlite_process, path).series.version == 1


def test_a_series_that_is_not_there_gets_a_page_that_says_so(console: httpx.Client) -> None:
    for series_id in (str(UUID(int=1)), "none"):
        for end in ("", "/edit", "/cancel"):
            assert console.get(f"/console/series/{series_id}{end}").status_code == 404
    assert console.get("/console/webinars/nothing/series/new").status_code == 404
    assert console.post("/console/webinars/nothing/series/new", data=FORM).status_code == 404
