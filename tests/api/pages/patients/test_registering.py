"""The form, what it says to mistakes, and what a stranger can learn from its answer: nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.factories import Factory
from webinars.services import erasure, sessions
from webinars.services.registrations import email_of, name_of
from webinars.tables import Consent, Message, Registration
from webinars.testing import SetClock
from webinars.work import Process


def rows(process: Process, table: type[Any]) -> list[Any]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(table)))


def test_registering_stores_what_was_typed_and_leads_to_thanks(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    make.webinar("knee-options", asks_question=True)
    session_id = make.session("knee-options").session.id
    answer = visitor.register(
        session_id, "?utm_source=blog&src=embed", seats="2", question="Do I need an MRI?", consent_topic_alerts="yes"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sessions/{session_id}/registered?status=confirmed"
    (registration,) = rows(sqlite_process, Registration)
    assert name_of(sqlite_process.vault, registration) == "Ana Núñez"
    assert email_of(sqlite_process.vault, registration) == "ana@mail.example"
    assert (registration.seats, registration.timezone, registration.locale) == (2, "America/New_York", "en-US")
    came = {"utm_source": "blog", "src": "embed"}
    assert registration.source == {"first": came, "last": came}
    assert registration.question is not None
    (consent,) = rows(sqlite_process, Consent)
    assert (consent.purpose, consent.is_granted, consent.method) == ("topic_alerts", True, "form")
    thanks = visitor.get(answer.headers["location"])
    assert "Your seat is reserved" in thanks.text
    assert "mail.example" not in thanks.text
    assert "/j/" not in thanks.text


def test_the_form_asks_for_little_and_ticks_nothing(visitor: Visitor, make: Factory) -> None:
    item = make.session()
    page = visitor.get(f"/sessions/{item.session.id}/register")
    assert page.headers["cache-control"] == "no-cache"
    assert "Monday, March 9, 2026" in page.text
    assert "Mountain Time" in page.text
    assert re.findall(r'autocomplete="(\w+)" (?:autocap|input)', page.text) == ["name", "email"]
    assert page.text.count(" required") == 2
    assert 'type="checkbox"' in page.text
    assert not re.search(r'type="checkbox"[^>]*checked', page.text)
    assert "novalidate" in page.text
    assert "textarea" not in page.text


def test_the_question_is_only_taken_where_it_was_asked(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    visitor.register(make.session().session.id, question="I have had a fall")
    (registration,) = rows(sqlite_process, Registration)
    assert registration.question is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, ["Enter your name."]),
        ({"email": "ana"}, ["Enter an e-mail address in the form name@example.com."]),
        ({"name": "", "email": ""}, ["Enter your name.", "Enter an e-mail address in the form name@example.com."]),
        ({"question": "x" * 1001}, ["Enter a question of at most 1000 characters."]),
    ],
)
def test_mistakes_are_said_twice_and_what_was_typed_is_kept(
    visitor: Visitor, make: Factory, sqlite_process: Process, fields: dict[str, str], words: list[str]
) -> None:
    make.webinar("knee-options", asks_question=True)
    session_id = make.session("knee-options").session.id
    typed = {"name": "<b>Ana", "email": "a&a@mail.example", "seats": "2", "consent_topic_alerts": "yes"} | fields
    page = visitor.register(session_id, "?utm_source=blog", **typed)
    assert page.status_code == 422
    assert page.headers["cache-control"] == "no-store"
    assert "<title>Error: Register" in page.text
    for said in words:
        assert page.text.count(said) == 2
    assert page.text.index("error-summary") < page.text.index("<h1>")
    for kept in ("&lt;b&gt;Ana" if "name" not in fields else "", 'value="2" checked', 'value="yes" checked'):
        assert kept in page.text
    assert 'name="utm_source" value="blog"' in page.text
    assert '<option value="America/New_York" selected>' in page.text
    for field in fields:
        assert f'href="#{field}"' in page.text
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*{field}-wrong', page.text)
    assert rows(sqlite_process, Registration) == []


def test_a_zone_that_does_not_exist_turns_nobody_away(visitor: Visitor, make: Factory, sqlite_process: Process) -> None:
    answer = visitor.register(make.session().session.id, timezone="Mars/Olympus")
    assert answer.status_code == 303
    assert rows(sqlite_process, Registration)[0].timezone == "America/Denver"


def test_pressed_twice_is_registered_and_mailed_once(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    session_id = make.session().session.id
    path = f"/sessions/{session_id}/register"
    fields = visitor.hidden(path) | {"name": "Ana", "email": "ana@mail.example"}
    clock.advance(A_WHILE)
    answers = [visitor.post(path, data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(rows(sqlite_process, Registration)) == 1
    assert len([row for row in rows(sqlite_process, Message) if row.kind == "confirmation"]) == 1
    assert not [row for row in rows(sqlite_process, Message) if row.kind == "resent"]


def test_going_back_to_register_somebody_else_works(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    session_id = make.session().session.id
    path = f"/sessions/{session_id}/register"
    fields = visitor.hidden(path)
    clock.advance(A_WHILE)
    for name in ("ana", "bert"):
        answer = visitor.post(path, data=fields | {"name": name, "email": f"{name}@mail.example"})
        assert answer.status_code == 303
    assert len(rows(sqlite_process, Registration)) == 2


def test_whoever_had_all_deleted_and_goes_back_to_the_form_presses_once_more(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    session_id = make.session().session.id
    fields = {"form_key": "the-same"}
    visitor.register(session_id, **fields)
    (first,) = rows(sqlite_process, Registration)
    with sqlite_process.work() as work:
        erasure.erase_person(work, first.id, actor="registrant", now=make.now)
    again = visitor.register(session_id, **fields)
    assert again.status_code == 422
    assert "Please press the button once more." in again.text
    found = re.search(r'name="form_key" value="([^"]+)"', again.text)
    assert found
    assert found[1] != "the-same"
    assert visitor.register(session_id, form_key=found[1]).status_code == 303
    assert [row.erased_at is None for row in rows(sqlite_process, Registration)] == [False, True]


def test_a_stranger_learns_nothing_from_a_known_address(visitor: Visitor, make: Factory, clock: SetClock) -> None:
    session_id = make.session().session.id

    def seen(email: str) -> tuple[int, list[tuple[str, str]], bytes]:
        answer = visitor.register(session_id, email=email)
        page = visitor.get(answer.headers["location"])
        headers = [item for item in [*answer.headers.items(), *page.headers.items()] if item[0] != "date"]
        return answer.status_code, headers, page.content

    new = seen("ana@mail.example")
    clock.advance(timedelta(hours=2))
    assert seen("ANA@mail.example") == new
    assert seen("bert@mail.example") == new


def test_the_waitlist_and_a_repeat_in_a_full_session(visitor: Visitor, make: Factory, sqlite_process: Process) -> None:
    session_id = make.session(capacity=1).session.id
    make.registration(session_id, "ana@mail.example")
    assert "Join the waitlist" in visitor.get(f"/sessions/{session_id}/register").text
    known = visitor.register(session_id)
    new = visitor.register(session_id, email="bert@mail.example")
    assert (
        known.headers["location"] == new.headers["location"] == f"/sessions/{session_id}/registered?status=waitlisted"
    )
    page = visitor.get(new.headers["location"]).text
    assert "You are on the waitlist" in page
    assert "your earlier seat or place is unaffected" in page
    assert "Other dates of the same webinar" not in page
    assert len(rows(sqlite_process, Registration)) == 2


def test_approval_says_that_the_clinic_looks_at_it(visitor: Visitor, make: Factory) -> None:
    make.webinar("asks", needs_approval=True)
    answer = visitor.register(make.session("asks").session.id)
    assert answer.headers["location"].endswith("status=pending")
    assert "We have your request" in visitor.get(answer.headers["location"]).text


def test_full_started_and_cancelled_sessions_say_so_and_offer_others(
    visitor: Visitor, make: Factory, clock: SetClock
) -> None:
    make.webinar("knee-options")
    full = make.session("knee-options", capacity=1, waitlist_open=False).session.id
    other = make.session("knee-options", starts_in=timedelta(days=9)).session.id
    hidden = visitor.hidden(f"/sessions/{full}/register")
    make.registration(full)
    clock.advance(A_WHILE)
    late = visitor.post(f"/sessions/{full}/register", data=hidden | {"name": "Ana", "email": "ana@mail.example"})
    assert late.status_code == 409
    for page in (late, visitor.get(f"/sessions/{full}/register")):
        assert "This date is full" in page.text
        assert f"/sessions/{other}/register" in page.text
    with make.process.work() as work:
        sessions.cancel_session(work, other, version=None, actor="test", now=make.now)
    assert "This date was cancelled" in visitor.get(f"/sessions/{other}/register").text
    clock.advance(timedelta(days=7, minutes=5))
    assert "This webinar has started" in visitor.get(f"/sessions/{full}/register").text
    clock.advance(timedelta(hours=2))
    assert "This webinar is over" in visitor.get(f"/sessions/{full}/register").text


def test_who_waits_is_shown_dates_with_seats(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    full = make.session("knee-options", capacity=1).session.id
    free, also_full = (make.session("knee-options", starts_in=timedelta(days=9), capacity=1).session.id for _ in "ab")
    make.registration(full)
    make.registration(also_full)
    thanks = visitor.register(full).headers["location"]
    page = visitor.get(thanks).text
    assert f"/sessions/{free}/register" in page
    assert f"/sessions/{also_full}/register" not in page
    assert "Other dates" not in visitor.get(thanks.replace("waitlisted", "confirmed")).text


def test_before_registration_opens_and_after_it_closes_nobody_registers(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    session = make.session().session
    path = f"/sessions/{session.id}/register"
    hidden = visitor.hidden(path)
    window = {
        "registration_opens_at": make.now + timedelta(days=1),
        "registration_closes_at": make.now + timedelta(days=6),
    }
    with sqlite_process.work() as work:
        sessions.update_session(work, session.id, window, version=None, actor="test", now=make.now)

    def tried() -> list[httpx.Response]:
        clock.advance(A_WHILE)
        sent = visitor.post(path, data=hidden | {"name": "Ana", "email": "ana@mail.example"})
        assert sent.status_code == 409
        return [sent, visitor.get(path)]

    for page in tried():
        assert "Registration is not open yet" in page.text
        assert "Registration opens on" in page.text
        assert '<time class="when" datetime="2026-03-03T15:00:00Z" data-in="America/Denver">' in page.text
        assert "8:00 AM</strong> <span>Mountain Time</span> <small>(America/Denver)</small>" in page.text
    assert "10:00 AM</strong> <span>Eastern Time" in visitor.get(f"{path}?timezone=America/New_York").text
    clock.advance(timedelta(days=1))
    assert 'name="email"' in visitor.get(path).text
    clock.advance(timedelta(days=5))
    for page in tried():
        assert "Registration for this date is closed" in page.text
        assert "Are you registered already? Your seat is unaffected" in page.text
    assert rows(sqlite_process, Registration) == []


def test_programs_get_the_same_thanks_and_nothing_is_stored(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    session_id = make.session().session.id
    answer = visitor.register(session_id, leave_empty="buy now")
    assert answer.headers["location"] == f"/sessions/{session_id}/registered?status=confirmed"
    assert rows(sqlite_process, Registration) == []


def test_whoever_is_quicker_than_a_person_is_asked_to_press_again(
    visitor: Visitor, make: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    path = f"/sessions/{make.session().session.id}/register"
    fields = visitor.hidden(path) | {"name": "Ana", "email": "ana@mail.example"}
    hasty = visitor.post(path, data=fields)
    assert hasty.status_code == 422
    assert "Please press the button once more" in hasty.text
    assert 'value="ana@mail.example"' in hasty.text
    assert rows(sqlite_process, Registration) == []
    clock.advance(A_WHILE)
    assert visitor.post(path, data=fields).status_code == 303


def test_a_form_without_its_stamp_gets_a_new_one(visitor: Visitor, make: Factory, clock: SetClock) -> None:
    path = f"/sessions/{make.session().session.id}/register"
    asked = visitor.post(path, data={"name": "Ana", "email": "ana@mail.example"})
    assert asked.status_code == 422
    clock.advance(A_WHILE)
    found = re.search(r'name="opened_at" value="(\d+)"', asked.text)
    assert found
    again = {"name": "Ana", "email": "ana@mail.example", "opened_at": found[1]}
    assert visitor.post(path, data=again).status_code == 303


def test_hostile_forms_are_no_surprise(visitor: Visitor, make: Factory) -> None:
    path = f"/sessions/{make.session().session.id}/register"
    for data in ({"name": "\x00\r\nBcc: x", "email": "ana@mail.example"}, {"opened_at": "9" * 40}, {"seats": "99"}):
        assert visitor.post(path, data=data).status_code in {303, 422}
    assert visitor.post(path, files={"name": ("a.txt", b"x")}, data={"email": "x"}).status_code in {400, 422}


def test_reading_changes_nothing(visitor: Visitor, make: Factory, sqlite_process: Process) -> None:
    item = make.session()
    base = f"/sessions/{item.session.id}"
    before = [len(rows(sqlite_process, table)) for table in (Registration, Message, Consent)]
    for method in ("GET", "HEAD"):
        for path in ("/", f"{base}/register", f"{base}/registered?status=confirmed", f"{base}/calendar.ics"):
            answer = visitor.request(method, path)
            assert answer.status_code == 200, (method, path)
            assert "set-cookie" not in answer.headers
    assert [len(rows(sqlite_process, table)) for table in (Registration, Message, Consent)] == before
    assert visitor.get(f"{base}/registered?status=withdrawn").status_code == 404


def test_the_calendar_file_and_links_are_discreet(visitor: Visitor, make: Factory) -> None:
    make.topic("knee", "Knee")
    make.webinar("knee-options", topics=("knee",), title="Knee pain: options")
    session_id: UUID = make.session("knee-options").session.id
    file = visitor.get(f"/sessions/{session_id}/calendar.ics")
    assert file.headers["content-type"].startswith("text/calendar")
    assert 'filename="webinar.ics"' in file.headers["content-disposition"]
    assert "DTSTART:20260309T150000Z" in file.text
    assert "knee" not in file.text.lower()
    page = visitor.get(f"/sessions/{session_id}/registered?status=confirmed").text
    links = re.findall(r'href="(https://[^"]+)"', page)
    assert [link.split("/")[2] for link in links] == [
        "calendar.google.com",
        "outlook.live.com",
        "outlook.office.com",
        "calendar.yahoo.com",
    ]
    for url in links:
        assert "knee" not in url.lower()
        assert "+" not in url
        assert "20260309T150000Z" in url or "2026-03-09T15%3A00%3A00Z" in url
