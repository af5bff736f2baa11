"""Registrants at the console: masked, revealed, approved, declined, mailed again; and one person's history."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.factories import Factory
from webinars.clock import SetClock
from webinars.queries.sessions import Scheduled
from webinars.services import attendance, messages, registrations
from webinars.services.attendance import Report
from webinars.services.consents import ConsentAnswer
from webinars.tables import AuditEntry
from webinars.terms import MessageKind, RegistrationStatus
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
    assert _status(sqlite_process, second) is RegistrationStatus.confirmed


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
    for words in ("Confirmation", "Planned", "Joined", "topic alerts by email", "Do I need a recent MRI?"):
        assert words in page, words
    assert "Do I need a recent MRI?" not in viewer.get(path).text


def test_back_never_leads_elsewhere(console: httpx.Client, ana: UUID) -> None:
    answer = console.post(f"/console/registrations/{ana}/resend", data={"back": "https://evil.example/"})
    assert answer.headers["location"] == "/console?done=resent"


def test_viewers_decide_nothing(viewer: httpx.Client, sqlite_process: Process, waiting: UUID) -> None:
    for deed in ("approve", "decline", "resend"):
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
