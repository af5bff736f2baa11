"""Hosts see whose mail comes back, put the address right, or open the way again."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.console.conftest import SignIn
from tests.conftest import NOW
from tests.factories import Factory
from tests.webinars.services.test_suppressions import ANA, index_of, mark, marks
from webinars.clock import SetClock
from webinars.queries.sessions import Scheduled
from webinars.services import registrations
from webinars.tables import AuditEntry, Message
from webinars.terms import Role, SuppressionReason
from webinars.work import Process

BERT = "bert@mail.example"


@pytest.fixture
def item(sqlite_factory: Factory) -> Scheduled:
    return sqlite_factory.session()


@pytest.fixture
def ana(sqlite_factory: Factory, item: Scheduled) -> UUID:
    return sqlite_factory.registration(item.session.id, ANA).registration.id


@pytest.fixture
def bert(sqlite_factory: Factory, item: Scheduled) -> UUID:
    return sqlite_factory.registration(item.session.id, BERT, name="Bert Marsh").registration.id


def email_of(process: Process, registration_id: UUID) -> str:
    with process.read() as work:
        registration, _ = registrations.get_registration(work, registration_id)
        return registrations.email_of(process.vault, registration)


def test_nobody_is_warned_of_nothing(console: httpx.Client, item: Scheduled, ana: UUID) -> None:
    for page in ("", f"/sessions/{item.session.id}/registrants", f"/registrations/{ana}"):
        text = console.get(f"/console{page}").text
        assert "not take our mail" not in text
        assert "comes back" not in text


def test_hosts_are_told_on_the_first_page_in_the_list_and_at_the_person(
    console: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID, bert: UUID
) -> None:
    mark(sqlite_process, ANA)
    home = console.get("/console").text
    assert "1 address does not take our mail." in home
    assert f'href="/console/sessions/{item.session.id}/registrants"' in home
    mark(sqlite_process, BERT, SuppressionReason.complained)
    assert "2 addresses do not take our mail." in console.get("/console").text
    listed = console.get(f"/console/sessions/{item.session.id}/registrants").text
    assert "2 addresses do not take our mail." in listed
    assert (listed.count(">Mail comes back<"), listed.count(">Mail unwanted<")) == (1, 1)
    of_ana, of_bert = (console.get(f"/console/registrations/{who}").text for who in (ana, bert))
    assert "Mail to this address comes back</strong> since Monday" in of_ana
    assert "5.1.1 no such user" in of_ana
    assert of_ana.index("Mail to this address") < of_ana.index('<dl class="facts">')  # on a phone it is seen first
    assert "They have called our mail unwanted" in of_bert


def test_what_is_over_warns_nobody_on_the_first_page(
    signed_in: SignIn, sqlite_process: Process, clock: SetClock, item: Scheduled, ana: UUID
) -> None:
    mark(sqlite_process, ANA)
    clock.set(item.session.ends_at)
    console = signed_in(Role.manager)
    assert "not take our mail" not in console.get("/console").text
    listed = console.get(f"/console/sessions/{item.session.id}/registrants").text
    assert "1 address does not take our mail." in listed


def test_an_address_is_corrected(console: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID) -> None:
    mark(sqlite_process, ANA)
    path = f"/console/registrations/{ana}/correct"
    assert f'href="{path}"' in console.get(f"/console/registrations/{ana}").text
    form = console.get(path).text
    assert "a•••@m•••.example" in form
    assert ANA not in form
    done = console.post(path, data={"email": " Anna@Mail.Example "})
    assert (done.status_code, done.headers["location"]) == (303, f"/console/registrations/{ana}?done=corrected")
    assert email_of(sqlite_process, ana) == "Anna@mail.example"
    page = console.get(done.headers["location"]).text
    assert "The address is corrected." in page
    assert "comes back" not in page
    assert [index for index, _, _ in marks(sqlite_process)] == [index_of(sqlite_process, ANA)]


@pytest.mark.parametrize(("typed", "words"), [("", "Enter an e-mail address"), (BERT, "has this address")])
def test_an_address_that_cannot_be_is_refused_beside_the_field(
    console: httpx.Client, sqlite_process: Process, ana: UUID, bert: UUID, typed: str, words: str
) -> None:
    answer = console.post(f"/console/registrations/{ana}/correct", data={"email": typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<title>Error: " in answer.text
    assert email_of(sqlite_process, ana) == ANA


def test_a_mark_is_lifted_and_it_is_noted(console: httpx.Client, sqlite_process: Process, ana: UUID) -> None:
    mark(sqlite_process, ANA)
    with sqlite_process.work() as work:
        work.db.execute(sa.update(Message).values(state="failed", reason="refused"))
    back = f"/console/registrations/{ana}"
    done = console.post(f"{back}/lift", data={"back": back})
    assert done.headers["location"] == f"{back}?done=mark_lifted"
    assert "The mark is lifted." in console.get(done.headers["location"]).text
    assert marks(sqlite_process) == []
    with sqlite_process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.action) == "suppression.lift")).all()
        assert [(note.subject_id, note.at) for note in notes] == [(ana, NOW)]
        assert notes[0].actor.startswith("host:")
        states = work.db.scalars(sa.select(Message.state).order_by(col(Message.id))).all()
        assert states == ["failed", "planned"]


def test_who_may_only_look_sees_the_mark_without_buttons(
    viewer: httpx.Client, sqlite_process: Process, ana: UUID
) -> None:
    mark(sqlite_process, ANA)
    page = viewer.get(f"/console/registrations/{ana}").text
    assert "Mail to this address comes back" in page
    assert "/correct" not in page
    assert "/lift" not in page
    for verb in ("correct", "lift"):
        assert viewer.post(f"/console/registrations/{ana}/{verb}", data={"email": BERT}).status_code == 403
    assert len(marks(sqlite_process)) == 1
