"""What is kept of a registrant: taken along as a file, and deleted, by the link in their mail alone."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_my_registration import PAGE, opened
from tests.api.pages.patients.test_registering import rows
from tests.factories import Factory
from tests.webinars.services.lives import ANA, live, told
from webinars.services import registrations
from webinars.services.links import link
from webinars.tables import AuditEntry, Message, Registration
from webinars.terms import LinkPurpose, MessageState, RegistrationStatus
from webinars.work import Process


@pytest.fixture
def ana(make: Factory) -> UUID:
    return live(make.process, make)


def way_in(process: Process, registration_id: UUID, purpose: LinkPurpose = LinkPurpose.manage) -> str:
    with process.read() as work:
        registration, _ = registrations.get_registration(work, registration_id)
    return link(process.settings, process.vault, purpose, registration).removeprefix(process.settings.base_url)


def noted(process: Process) -> list[tuple[str, str]]:
    with process.read() as work:
        notes = work.db.scalars(sa.select(AuditEntry).where(col(AuditEntry.actor) == "registrant"))
        return [(note.action, str(note.subject_id)) for note in notes]


def test_one_press_downloads_all_that_is_kept(visitor: Visitor, sqlite_process: Process, ana: UUID) -> None:
    page = opened(visitor, way_in(sqlite_process, ana)).text
    assert 'href="/my-registration/data"' in page
    page = visitor.get(f"{PAGE}/data")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    for words in ("Your data", "Ana Núñez", ANA, "Download my data", "Knee"):
        assert words in page.text
    assert noted(sqlite_process) == []  # looking is no taking
    answer = visitor.post(f"{PAGE}/export", data=visitor.hidden(f"{PAGE}/data"))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    file = json.loads(answer.content)
    assert (file["kept_of"], len(file["registrations"])) == (ANA, 1)
    assert "In both knees" in answer.text
    assert noted(sqlite_process) == [("person.export", str(ana))]


def test_a_calendars_link_opens_the_registration_but_nothing_that_is_kept(
    visitor: Visitor, sqlite_process: Process, ana: UUID
) -> None:
    """A calendar is read by a family, or by colleagues."""
    page = opened(visitor, way_in(sqlite_process, ana, LinkPurpose.change)).text
    assert "open this page from the link in our e-mail" in page
    assert 'href="/my-registration/data"' not in page
    assert "webcal:" not in page  # the feed tells of their other webinars
    for closed_page in ("data", "delete", "texts"):
        assert visitor.get(f"{PAGE}/{closed_page}").status_code == 404
    hidden = visitor.hidden(PAGE)
    for deed in ("export", "delete", "texts"):
        assert (
            visitor.post(f"{PAGE}/{deed}", data=hidden | {"what": "everything", "wanted": "forget"}).status_code == 404
        )
    assert noted(sqlite_process) == []
    opened(visitor, way_in(sqlite_process, ana))  # the control: a mail's link does
    assert visitor.get(f"{PAGE}/data").status_code == 200


def test_looking_at_what_deleting_means_deletes_nothing(visitor: Visitor, sqlite_process: Process, ana: UUID) -> None:
    before = told(sqlite_process)
    opened(visitor, way_in(sqlite_process, ana))
    page = visitor.get(f"{PAGE}/delete")
    assert page.status_code == 200
    for words in ("What is deleted", "What stays", "it goes to the next person", "stays until you delete it there"):
        assert words in page.text
    assert "1 registration, news on Knee" in page.text
    assert " checked" not in page.text
    unsaid = visitor.post(f"{PAGE}/delete", data=visitor.hidden(f"{PAGE}/delete"))
    assert (unsaid.status_code, "Choose what we are to delete." in unsaid.text) == (422, True)
    assert "<title>Error: " in unsaid.text
    assert told(sqlite_process) == before


def test_who_reads_spanish_is_told_in_spanish_that_it_is_done(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    """What she read is deleted with the rest: the page that asks hands it on, if her browser would be answered in
    English. An old link has nothing but the browser to go by."""
    ana = make.registration(make.session().session.id, ANA, locale="es-US").registration.id
    old = way_in(sqlite_process, ana)
    opened(visitor, old)
    fields = visitor.hidden(f"{PAGE}/delete") | {"what": "everything"}
    answer = visitor.post(f"{PAGE}/delete", data=fields)
    assert answer.headers["location"] == f"{PAGE}?lang=es"
    for gone in (visitor.get(answer.headers["location"]), visitor.get(old)):  # a cookie keeps it
        assert (gone.status_code, '<html lang="es"' in gone.text) == (410, True)
    visitor.cookies.clear()
    for language in ("es", "en"):
        gone = visitor.get(old, headers={"Accept-Language": language})
        assert (gone.status_code, f'<html lang="{language}"' in gone.text) == (410, True)


@pytest.mark.parametrize("what", ["this", "everything"])
def test_deleting_is_done_once_and_the_link_says_so_from_then_on(
    visitor: Visitor, make: Factory, sqlite_process: Process, ana: UUID, what: str
) -> None:
    other = make.registration(make.session().session.id, ANA).registration.id
    links = [way_in(sqlite_process, ana, purpose) for purpose in (LinkPurpose.manage, LinkPurpose.enter)]
    opened(visitor, links[0])
    fields = visitor.hidden(f"{PAGE}/delete") | {"what": what}
    answer = visitor.post(f"{PAGE}/delete", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    for again in (visitor.get(PAGE), visitor.get(f"{PAGE}/data"), visitor.post(f"{PAGE}/delete", data=fields)):
        assert again.status_code == 410
        assert "<h1>Your data is deleted</h1>" in again.text
        assert "You are welcome to come to another webinar" in again.text
    for path in links:
        assert "Your data is deleted" in visitor.get(path).text
    states = {row.id: row for row in rows(sqlite_process, Registration)}
    assert states[ana].status is RegistrationStatus.withdrawn
    assert (states[ana].erased_at is None, states[other].erased_at is None) == (False, what == "this")
    left = {column for column, said in told(sqlite_process).items() if any(ANA in text for text in said)}
    kept = {"registrations.email", "subscriptions.email", "attendance_intervals.email"}
    assert left == (kept if what == "this" else set())
    assert {row.state for row in rows(sqlite_process, Message) if row.registration_id == ana} == {MessageState.skipped}
    deeds = {("registration.erase", str(ana))}
    if what == "everything":
        deeds |= {("registration.erase", str(other)), ("person.erase", str(ana))}
    assert set(noted(sqlite_process)) == deeds


def test_a_made_up_link_to_an_erased_registration_says_nothing(
    visitor: Visitor, sqlite_process: Process, ana: UUID
) -> None:
    opened(visitor, way_in(sqlite_process, ana))
    visitor.post(f"{PAGE}/delete", data=visitor.hidden(f"{PAGE}/delete") | {"what": "this"})
    made_up = f"/m/{sqlite_process.vault.link_token(LinkPurpose.feed, ana, 0)}"
    assert visitor.get(made_up).status_code == 404


def test_nothing_is_taken_or_deleted_without_the_page_and_a_form_from_here(
    visitor: Visitor, make: Factory, sqlite_process: Process, ana: UUID
) -> None:
    bert = make.registration(make.session().session.id, "bert@mail.example").registration.id
    for path in ("data", "delete"):
        assert "press the link in your e-mail again" in visitor.get(f"{PAGE}/{path}").text
    fields = {"registration": str(ana), "what": "everything"}
    for deed in ("export", "delete"):
        assert visitor.post(f"{PAGE}/{deed}", data=fields).status_code == 404
    opened(visitor, way_in(sqlite_process, bert))
    for deed in ("export", "delete"):
        foreign = visitor.post(f"{PAGE}/{deed}", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
        other = visitor.post(f"{PAGE}/{deed}", data=fields)
        assert other.headers["location"] == f"{PAGE}?said=other"
    assert visitor.get(f"{PAGE}/export").status_code == 405
    assert all(row.erased_at is None for row in rows(sqlite_process, Registration))
    assert noted(sqlite_process) == []
