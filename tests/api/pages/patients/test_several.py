"""Several dates with one form: each answers for itself, and pressing twice is pressing once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.conftest import make_settings
from tests.factories import Factory
from tests.support.scheduling import tick
from webinars.services import sessions
from webinars.tables import Message, Registration
from webinars.terms import MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

PAGE = "/webinars/knee-options"
FORM = f"{PAGE}/register-several"
PERSON = {"name": "Ana Núñez", "email": "ana@mail.example", "seats": "1", "timezone": "America/New_York"}


@pytest.fixture
def dates(make: Factory) -> list[UUID]:
    """Three dates, a week apart."""
    make.webinar("knee-options")
    return [make.session("knee-options", starts_in=timedelta(weeks=week)).session.id for week in (1, 2, 3)]


def address(*chosen: UUID) -> str:
    return f"{FORM}?{'&'.join(f'session={date}' for date in chosen)}"


def register(visitor: Visitor, clock: SetClock, path: str, **fields: str) -> httpx.Response:
    hidden = visitor.hidden(path)
    clock.advance(A_WHILE)
    return visitor.post(path, data=hidden | PERSON | fields)


def rows(process: Process, table: type[Any]) -> list[Any]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(table).order_by(col(table.id))))


def said(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["location"])
    assert parts.path == f"{PAGE}/registered"
    return parse_qsl(parts.query)


def test_dates_are_ticked_and_the_form_is_filled_in_once(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock, mailer: MemoryMailer, dates: list[UUID]
) -> None:
    page = visitor.get(f"{PAGE}?utm_source=blog").text
    assert "Register for several dates" in page
    assert re.findall(r'type="checkbox" name="session" id="several-\d" value="([^"]+)"', page) == [*map(str, dates)]
    path = f"{address(dates[0], dates[2])}&utm_source=blog"
    form = visitor.get(path)
    assert form.status_code == 200
    assert "Register for 2 dates" in form.text
    assert ["March 9, 2026" in form.text, "March 16, 2026" in form.text, "March 23, 2026" in form.text] == [
        True,
        False,
        True,
    ]
    answer = register(visitor, clock, path)
    assert said(answer) == [("confirmed", str(dates[0])), ("confirmed", str(dates[2]))]
    assert {row.session_id for row in rows(sqlite_process, Registration)} == {dates[0], dates[2]}
    assert {row.source["last"]["utm_source"] for row in rows(sqlite_process, Registration)} == {"blog"}
    thanks = visitor.get(answer.headers["location"])
    assert "Thank you. Your seats are reserved" in thanks.text
    assert thanks.text.count("Your seat is reserved") == 2
    assert f"/sessions/{dates[2]}/calendar.ics" in thanks.text
    assert "mail.example" not in thanks.text
    assert "noindex" in thanks.headers["x-robots-tag"]
    tick(sqlite_process, clock.now())
    assert len(mailer.to("ana@mail.example")) == 2  # one mail for each date's invite


def test_each_date_says_what_became_of_it(visitor: Visitor, make: Factory, clock: SetClock, dates: list[UUID]) -> None:
    waiting = make.session("knee-options", starts_in=timedelta(weeks=4), capacity=1).session.id
    full = make.session("knee-options", starts_in=timedelta(weeks=5), capacity=1, waitlist_open=False).session.id
    for session_id in (waiting, full):
        make.registration(session_id)
    path = address(dates[0], waiting, full, dates[1])
    hidden = visitor.hidden(path)
    with make.process.work() as work:
        sessions.cancel_session(work, dates[1], version=None, actor="test", now=make.now)
    clock.advance(A_WHILE)
    answer = visitor.post(path, data=hidden | PERSON)
    assert sorted(said(answer)) == sorted(
        [("confirmed", str(dates[0])), ("waitlisted", str(waiting)), ("refused", str(full)), ("refused", str(dates[1]))]
    )
    page = visitor.get(answer.headers["location"]).text
    assert "Thank you. This is how it stands" in page
    for words in ("Your seat is reserved", "You are on the waitlist", ">Full<", ">Cancelled<"):
        assert page.count(words) == 1, words
    assert page.count("Not registered") == 2


def test_none_of_the_dates_could_be_taken(visitor: Visitor, make: Factory, clock: SetClock) -> None:
    make.webinar("knee-options")
    both = [make.session("knee-options", capacity=1, waitlist_open=False).session.id for _ in range(2)]
    hidden = visitor.hidden(address(*both))
    for session_id in both:
        make.registration(session_id)
    clock.advance(A_WHILE)
    answer = visitor.post(address(*both), data=hidden | PERSON)
    assert {standing for standing, _ in said(answer)} == {"refused"}
    assert "None of these dates could be taken" in visitor.get(answer.headers["location"]).text


def test_all_dates_can_be_taken_at_once(visitor: Visitor, make: Factory, dates: list[UUID]) -> None:
    full = make.session("knee-options", starts_in=timedelta(weeks=5), capacity=1, waitlist_open=False).session.id
    make.registration(full)
    assert "Take all 3 dates" in visitor.get(PAGE).text
    to_form = visitor.get(f"{FORM}?all=true&utm_source=blog&timezone=America/New_York")
    assert to_form.status_code == 303
    assert to_form.headers["location"] == f"{address(*dates)}&utm_source=blog&timezone=America/New_York"
    page = visitor.get(to_form.headers["location"]).text
    assert "Register for 3 dates" in page
    assert '<option value="America/New_York" selected>' in page


def test_one_date_has_its_own_form_and_none_is_asked_for_again(visitor: Visitor, dates: list[UUID]) -> None:
    one = visitor.get(f"{address(dates[1])}&timezone=America/New_York")
    assert one.status_code == 303
    assert one.headers["location"] == f"/sessions/{dates[1]}/register?timezone=America/New_York"
    for path in (FORM, f"{FORM}?session=none", f"{FORM}?session={UUID(int=1)}"):
        none = visitor.get(path)
        assert none.status_code == 422
        assert "<title>Error: " in none.text
        assert none.text.count("Choose the dates that suit you.") == 2
        assert '<details class="card" open>' in none.text
        assert visitor.post(path, data=PERSON).status_code == 422


def test_a_webinar_with_one_open_date_offers_no_choice_of_several(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    make.session("knee-options")
    closed = make.session("knee-options", capacity=1, waitlist_open=False).session.id
    make.registration(closed)
    assert "several dates" not in visitor.get(PAGE).text


def test_pressed_twice_is_registered_and_mailed_once(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, dates: list[UUID]
) -> None:
    path = address(*dates)
    fields = visitor.hidden(path) | PERSON
    clock.advance(A_WHILE)
    answers = [visitor.post(path, data=fields) for _ in range(2)]
    assert said(answers[0]) == said(answers[1])
    assert len(rows(sqlite_process, Registration)) == 3
    kinds = [row.kind for row in rows(sqlite_process, Message)]
    assert kinds == [MessageKind.confirmation] * 3


def test_the_last_seat_pressed_twice_is_still_answered_as_before(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    make.webinar("knee-options")
    both = [make.session("knee-options", capacity=1, waitlist_open=False).session.id for _ in range(2)]
    path = address(*both)
    fields = visitor.hidden(path) | PERSON
    clock.advance(A_WHILE)
    answers = [visitor.post(path, data=fields) for _ in range(2)]
    assert said(answers[0]) == said(answers[1])
    assert {standing for standing, _ in said(answers[0])} == {"confirmed"}


@pytest.fixture
def limited(
    sqlite_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer, serve: Callable[[Process], str]
) -> Iterator[Visitor]:
    """A visitor of a process that lets two tries a minute through."""
    settings = make_settings(sqlite_url, tmp_path, register_limit_minute=2, register_limit_hour=20)
    process = Process(settings, clock=clock, mail=mailer)
    with Visitor(serve(process), clock) as client:
        yield client
    process.close()


def test_many_dates_count_as_one_try(limited: Visitor, make: Factory, clock: SetClock) -> None:
    """A year's weeks are registered for at once, and no limit of tries stands in the way."""
    make.webinar("knee-options")
    weeks = [make.session("knee-options", starts_in=timedelta(weeks=week)).session.id for week in range(1, 53)]
    answer = register(limited, clock, address(*weeks))
    assert said(answer) == [("confirmed", str(week)) for week in weeks]
    assert limited.get(answer.headers["location"]).text.count("Your seat is reserved") == 52


def test_too_many_tries_are_told_to_wait_with_what_they_typed(
    limited: Visitor, sqlite_process: Process, clock: SetClock, dates: list[UUID]
) -> None:
    path = address(*dates[:2])
    answers = [register(limited, clock, path, email=f"person{number}@mail.example") for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Many people from your network pressed this button just now." in answers[-1].text
    assert 'value="person2@mail.example"' in answers[-1].text
    assert len(rows(sqlite_process, Registration)) == 4


def test_mistakes_are_said_and_the_dates_are_kept(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, dates: list[UUID]
) -> None:
    path = address(*dates[:2])
    page = register(visitor, clock, path, email="ana")
    assert page.status_code == 422
    assert "<title>Error: Register for 2 dates" in page.text
    assert page.text.count("Enter an e-mail address in the form name@example.com.") == 2
    assert "March 16, 2026" in page.text
    assert html.unescape(page.text).count("Ana Núñez") == 1
    hasty = visitor.post(path, data=visitor.hidden(path) | PERSON)
    assert hasty.status_code == 422
    assert "Please press the button once more" in hasty.text
    assert rows(sqlite_process, Registration) == []


def test_a_stranger_learns_nothing_from_a_known_address(visitor: Visitor, clock: SetClock, dates: list[UUID]) -> None:
    def seen(email: str) -> tuple[list[tuple[str, str]], bytes]:
        answer = register(visitor, clock, address(*dates), email=email)
        return said(answer), visitor.get(answer.headers["location"]).content

    new = seen("ana@mail.example")
    clock.advance(timedelta(hours=2))
    assert seen("ANA@mail.example") == new


def test_programs_get_the_same_thanks_and_nothing_is_stored(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, dates: list[UUID]
) -> None:
    answer = register(visitor, clock, address(*dates), leave_empty="buy now")
    assert said(answer) == [("confirmed", str(date)) for date in dates]
    assert rows(sqlite_process, Registration) == []


def test_reading_changes_nothing_and_nonsense_is_not_found(
    visitor: Visitor, sqlite_process: Process, dates: list[UUID]
) -> None:
    for method in ("GET", "HEAD"):
        assert visitor.request(method, address(*dates)).status_code == 200
        assert visitor.request(method, f"{PAGE}/registered?confirmed={dates[0]}").status_code == 200
    assert rows(sqlite_process, Registration) == []
    for query in ("", "?confirmed=none", f"?withdrawn={dates[0]}", f"?confirmed={UUID(int=1)}"):
        assert visitor.get(f"{PAGE}/registered{query}").status_code == 404
    for path in ("/webinars/nothing/register-several", "/webinars/nothing/registered?confirmed=x"):
        assert visitor.get(path).status_code == 404
    assert visitor.post("/webinars/nothing/register-several", data=PERSON).status_code == 404
