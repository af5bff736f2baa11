"""Registrants at the console: masked, revealed, approved, declined, mailed again; and one person's history."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.console.conftest import SignIn
from tests.factories import Factory
from webinars.clock import SetClock
from webinars.queries.sessions import Scheduled
from webinars.services import attendance, messages, registrations, sessions, waitlist
from webinars.services.attendance import Report
from webinars.services.consents import ConsentAnswer
from webinars.tables import AuditEntry
from webinars.terms import MessageKind, RegistrationStatus, Role
from webinars.work import Process

EMAIL = "ana.nunez@mail.example"
MASKED = "a•••@m•••.example"


@pytest.fixture
def item(sqlite_factory: Factory) -> Scheduled:
    return sqlite_factory.session()


@pytest.fixture
def ana(sqlite_factory: Factory, item: Scheduled) -> UUID:
    """Somebody with a seat."""
    return sqlite_factory.registration(item.session.id, EMAIL).registration.id


@pytest.fixture
def waiting(sqlite_factory: Factory) -> UUID:
    """Somebody who waits for approval."""
    sqlite_factory.webinar("careful", needs_approval=True)
    return sqlite_factory.registration(sqlite_factory.session("careful").session.id, EMAIL).registration.id


def _status(process: Process, registration_id: UUID) -> RegistrationStatus:
    with process.read() as work:
        return registrations.get_registration(work, registration_id)[0].status


def _kinds(process: Process, registration_id: UUID) -> list[MessageKind]:
    with process.read() as work:
        page = messages.list_messages(work, registration_ids=[registration_id], cursor=None, limit=50)
    return [row.kind for row in page.items]


def _audit(process: Process, action: str) -> list[AuditEntry]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.action) == action)))


def test_addresses_are_masked_until_a_host_asks_and_asking_is_noted(
    console: httpx.Client, sqlite_process: Process, clock: SetClock, item: Scheduled, ana: UUID
) -> None:
    path = f"/console/sessions/{item.session.id}"
    pages = (f"{path}/registrants", f"/console/registrations/{ana}")
    for page in pages:
        text = console.get(page).text
        assert "Ana Núñez" in text
        assert MASKED in text
        assert EMAIL not in text
    assert _audit(sqlite_process, "registrations.reveal") == []
    answer = console.post(f"{path}/reveal", data={"back": f"{path}/registrants?status=confirmed"})
    assert answer.headers["location"] == f"{path}/registrants?status=confirmed&done=revealed"
    for page in pages:
        assert EMAIL in console.get(page).text
    (note,) = _audit(sqlite_process, "registrations.reveal")
    assert note.subject_id == item.session.id
    assert note.actor.startswith("host:")
    assert note.fields == ["email"]
    clock.advance(timedelta(minutes=16))
    for page in pages:
        assert EMAIL not in console.get(page).text


def test_what_one_host_reveals_stays_masked_for_others_and_for_other_sessions(
    console: httpx.Client, viewer: httpx.Client, sqlite_factory: Factory, item: Scheduled, ana: UUID
) -> None:
    other = sqlite_factory.session().session
    sqlite_factory.registration(other.id, EMAIL)
    console.post(f"/console/sessions/{item.session.id}/reveal")
    assert EMAIL not in viewer.get(f"/console/sessions/{item.session.id}/registrants").text
    assert EMAIL not in console.get(f"/console/sessions/{other.id}/registrants").text


def test_tabs_count_and_pages_follow_each_other(console: httpx.Client, sqlite_factory: Factory) -> None:
    item = sqlite_factory.session(capacity=51)
    for number in range(53):
        sqlite_factory.registration(item.session.id, name=f"Person {number:02}")
    path = f"/console/sessions/{item.session.id}/registrants"
    page = console.get(path).text
    assert 'Confirmed <span class="count">51</span>' in page
    assert 'Waitlist <span class="count">2</span>' in page
    assert "Person 49" in page
    assert "Person 50" not in page
    assert f"{path}?cursor=" in page
    cursor = page.split(f"{path}?cursor=")[1].split('"')[0]
    second = console.get(f"{path}?cursor={cursor}").text
    assert "Person 52" in second
    assert "First page" in second
    waitlist = console.get(f"{path}?status=waitlisted").text
    assert "Person 51" in waitlist
    assert "Person 00" not in waitlist


def test_approving_gives_a_seat(console: httpx.Client, sqlite_process: Process, waiting: UUID) -> None:
    path = f"/console/registrations/{waiting}"
    assert "Waiting for approval" in console.get(path).text
    answer = console.post(f"{path}/approve", data={"back": path})
    assert answer.headers["location"] == f"{path}?done=approved"
    assert _status(sqlite_process, waiting) is RegistrationStatus.confirmed
    assert MessageKind.confirmation in _kinds(sqlite_process, waiting)
    assert [note.subject_id for note in _audit(sqlite_process, "registration.approve")] == [waiting]
    again = console.post(f"{path}/approve", data={"back": path})
    assert again.headers["location"] == f"{path}?refused=registration_not_active"
    assert "This registration is no longer active." in console.get(again.headers["location"]).text


def test_declining_tells_the_registrant(console: httpx.Client, sqlite_process: Process, waiting: UUID) -> None:
    assert console.post(f"/console/registrations/{waiting}/decline").status_code == 303
    assert _status(sqlite_process, waiting) is RegistrationStatus.declined
    assert MessageKind.declined in _kinds(sqlite_process, waiting)


def test_a_seat_taken_back_goes_to_who_waits(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    session = sqlite_factory.session(capacity=1).session
    first = sqlite_factory.registration(session.id).registration.id
    second = sqlite_factory.registration(session.id).registration.id
    console.post(f"/console/registrations/{first}/decline")
    assert _status(sqlite_process, first) is RegistrationStatus.declined
    assert _status(sqlite_process, second) is RegistrationStatus.offered


def test_an_offered_seat_is_taken_for_somebody_who_calls(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    session = sqlite_factory.session(capacity=1).session
    first, second = (sqlite_factory.registration(session.id).registration.id for _ in range(2))
    console.post(f"/console/registrations/{first}/decline")
    listing, page = f"/console/sessions/{session.id}/registrants", f"/console/registrations/{second}"
    assert 'Seat offered <span class="count">1</span>' in console.get(listing).text
    assert "Tuesday, March 3, 2026, 8:00 AM Mountain Time (America/Denver)" in console.get(page).text
    for path in (listing, page):
        assert f'action="{page}/accept"' in console.get(path).text
    answer = console.post(f"{page}/accept", data={"back": page})
    assert answer.headers["location"] == f"{page}?done=accepted"
    assert _status(sqlite_process, second) is RegistrationStatus.confirmed
    assert [note.subject_id for note in _audit(sqlite_process, "registration.accept")] == [second]
    assert f"{page}/accept" not in console.get(page).text
    late = console.post(f"/console/registrations/{first}/accept", data={"back": page})
    assert late.headers["location"] == f"{page}?refused=registration_not_active"


def test_an_offer_nobody_answered_is_said_and_may_come_back(
    signed_in: SignIn, sqlite_factory: Factory, sqlite_process: Process, clock: SetClock
) -> None:
    session = sqlite_factory.session(capacity=1).session
    first, second = (sqlite_factory.registration(session.id).registration.id for _ in range(2))
    with sqlite_process.work() as work:
        registrations.decline(work, first, clock.now())
    clock.advance(timedelta(days=1))
    waitlist.end_offers(sqlite_process, clock.now())
    console = signed_in(Role.host)
    listing, page = f"/console/sessions/{session.id}/registrants", f"/console/registrations/{second}"
    assert 'Did not answer <span class="count">1</span>' in console.get(listing).text
    assert re.search(r"Offered a seat</li>.*Did not answer</li>", console.get(page).text, re.DOTALL)
    for registration_id in (first, second):
        assert f"/console/registrations/{registration_id}/readmit" in console.get(listing).text
    answer = console.post(f"{page}/readmit", data={"back": listing})
    assert answer.headers["location"] == f"{listing}?done=readmitted"
    assert _status(sqlite_process, second) is RegistrationStatus.confirmed
    again = console.post(f"{page}/readmit", data={"back": listing})
    assert again.headers["location"] == f"{listing}?refused=registration_not_active"


def test_moving_somebody_to_another_session(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    slug = sqlite_factory.webinar("knee-options")
    here, there, full = (
        sqlite_factory.session(slug, starts_in=timedelta(days=day), capacity=1).session for day in (7, 14, 21)
    )
    foreign = sqlite_factory.session().session
    sqlite_factory.registration(full.id)
    ana = sqlite_factory.registration(here.id, EMAIL).registration.id
    path = f"/console/registrations/{ana}"
    page = console.get(path).text
    assert f'<option value="{there.id}">Mon, Mar 16, 9:00 AM Mountain Time (America/Denver): 0 of 1 taken' in page
    assert f'<option value="{full.id}">' in page
    assert f'<option value="{here.id}">' not in page
    assert f'<option value="{foreign.id}">' not in page

    waits = console.post(f"{path}/move", data={"session_id": str(full.id)})
    assert waits.headers["location"] == f"{path}?done=transferred_waiting"
    assert _status(sqlite_process, ana) is RegistrationStatus.confirmed
    moved = console.post(f"{path}/move", data={"session_id": str(there.id)})
    new, _, said = moved.headers["location"].partition("?")
    assert (said, new == path) == ("done=transferred", False)
    assert "Changed to the other session." in console.get(moved.headers["location"]).text
    assert _status(sqlite_process, UUID(new.rpartition("/")[2])) is RegistrationStatus.confirmed
    assert "Changed to another session" in console.get(path).text
    assert [note.subject_id for note in _audit(sqlite_process, "registration.move")] == [ana, ana]
    refused = console.post(f"{new}/move", data={"session_id": str(foreign.id)})
    assert refused.headers["location"] == f"{new}?refused=invalid_field"
    assert console.post(f"{new}/move", data={"session_id": "none"}).status_code in {404, 422}


def test_a_host_adds_somebody_by_hand(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, item: Scheduled
) -> None:
    closed = {"registration_closes_at": sqlite_factory.now}  # to the public
    with sqlite_process.work() as work:
        sessions.update_session(work, item.session.id, closed, version=None, actor="test", now=sqlite_factory.now)
    path = f"/console/sessions/{item.session.id}/registrants"
    assert f'href="{path}/new"' in console.get(path).text
    assert '<option value="America/Denver" selected>' in console.get(f"{path}/new").text
    form = {"name": "Ana Núñez", "email": EMAIL, "seats": "2", "timezone": "America/Chicago", "locale": "es-US"}
    answer = console.post(f"{path}/new", data=form)
    assert answer.headers["location"] == f"{path}?done=registered"
    with sqlite_process.read() as work:
        (made,) = registrations.list_registrations(
            work, item.session.id, statuses=None, modified_since=None, cursor=None, limit=9
        ).items
    assert (made.status, made.seats, made.timezone, made.locale) == (
        RegistrationStatus.confirmed,
        2,
        "America/Chicago",
        "es-US",
    )
    assert [note.subject_id for note in _audit(sqlite_process, "registration.add")] == [made.id]
    again = console.post(f"{path}/new", data=form | {"email": EMAIL.upper()})
    assert again.headers["location"] == f"{path}?done=registered_before"
    assert "They were registered before" in console.get(again.headers["location"]).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "Enter your name."),
        ({"email": "ana"}, "Enter an e-mail address in the form name@example.com."),
        ({"seats": "3"}, "Seats must be a whole number from 1 to 2."),
        ({"timezone": "Mars/Olympus"}, "Choose the time zone they read times in."),
        ({"locale": "xx"}, "Choose a language."),
    ],
)
def test_what_is_wrong_with_somebody_added_is_said_beside_its_field(
    console: httpx.Client, item: Scheduled, changes: dict[str, str], words: str
) -> None:
    path = f"/console/sessions/{item.session.id}/registrants/new"
    form = {"name": "Ana", "email": EMAIL, "seats": "1", "timezone": "America/Chicago", "locale": "en-US"} | changes
    page = console.post(path, data=form)
    assert page.status_code == 422
    assert page.text.count(words) == 2
    assert page.text.count('aria-invalid="true"') == 1
    assert EMAIL in page.text or "email" in changes
    assert "Nobody yet." in console.get(path.removesuffix("/new")).text


def test_nobody_is_added_where_there_is_no_room(console: httpx.Client, sqlite_factory: Factory) -> None:
    session = sqlite_factory.session(capacity=1, waitlist_open=False).session
    sqlite_factory.registration(session.id)
    form = {"name": "Ana", "email": EMAIL, "seats": "1", "timezone": "America/Chicago", "locale": "en-US"}
    page = console.post(f"/console/sessions/{session.id}/registrants/new", data=form)
    assert page.status_code == 422
    assert "This session is full and has no waitlist." in page.text


def test_erasing_is_for_managers_and_leaves_no_trace(
    signed_in: SignIn, console: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID
) -> None:
    path, listing = f"/console/registrations/{ana}", f"/console/sessions/{item.session.id}/registrants"
    host = signed_in(Role.host)
    assert "Erase this person" not in host.get(path).text
    assert host.post(f"{path}/erase").status_code == 403
    assert "This cannot be undone." in console.get(path).text
    answer = console.post(f"{path}/erase")
    assert answer.headers["location"] == f"{path}?done=erased"
    console.post(f"/console/sessions/{item.session.id}/reveal")
    messages_page = f"/console/sessions/{item.session.id}/messages"
    for page in (console.get(answer.headers["location"]), console.get(listing), console.get(messages_page)):
        assert page.status_code == 200
        assert "Erased" in page.text
        assert "Ana Núñez" not in page.text
        assert EMAIL not in page.text
    for deed in ("readmit", "resend", "decline", "move", "erase"):
        assert f"{path}/{deed}" not in console.get(path).text
        assert f"{path}/{deed}" not in console.get(listing).text
    assert [note.subject_id for note in _audit(sqlite_process, "registration.erase")] == [ana]


def test_their_mail_is_sent_again_once_an_hour(console: httpx.Client, sqlite_process: Process, ana: UUID) -> None:
    for _ in range(3):
        answer = console.post(f"/console/registrations/{ana}/resend")
        assert answer.headers["location"] == "/console?done=resent"
    assert _kinds(sqlite_process, ana).count(MessageKind.resent) == 1


def test_a_persons_history_in_one_place(
    console: httpx.Client, viewer: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, item: Scheduled
) -> None:
    registered = sqlite_factory.registration(
        item.session.id,
        EMAIL,
        question="Do I need a recent MRI?",
        consents=[ConsentAnswer("topic_alerts", "email", True, "form")],
    )
    reports = [Report(registered.registration.id, None, sqlite_factory.now, None)]
    with sqlite_process.work() as work:
        attendance.record(work, item.session.id, reports, sqlite_factory.now)
    path = f"/console/registrations/{registered.registration.id}"
    page = console.get(path).text
    for words in ("Confirmation", "Planned", "Joined", "topic alerts by email", "Show health answers"):
        assert words in page, words
    assert "Do I need a recent MRI?" not in page + viewer.get(path).text


def test_back_never_leads_elsewhere(console: httpx.Client, ana: UUID) -> None:
    answer = console.post(f"/console/registrations/{ana}/resend", data={"back": "https://evil.example/"})
    assert answer.headers["location"] == "/console?done=resent"


def test_viewers_decide_nothing(viewer: httpx.Client, sqlite_process: Process, waiting: UUID) -> None:
    for deed in ("approve", "decline", "resend", "accept", "readmit", "move", "erase"):
        assert viewer.post(f"/console/registrations/{waiting}/{deed}").status_code == 403
    assert _status(sqlite_process, waiting) is RegistrationStatus.pending


def test_unknown_registrations_get_a_page_that_says_so(console: httpx.Client) -> None:
    assert console.get(f"/console/registrations/{uuid4()}").status_code == 404
    assert console.post(f"/console/registrations/{uuid4()}/approve").status_code == 404
    assert console.get("/console/registrations/none").status_code == 404


def test_what_people_type_is_shown_as_text(console: httpx.Client, sqlite_factory: Factory, item: Scheduled) -> None:
    sqlite_factory.registration(item.session.id, name="<script>alert(1)</script>")
    page = console.get(f"/console/sessions/{item.session.id}/registrants").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
