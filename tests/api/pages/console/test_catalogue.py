"""What is offered: webinars, presenters, topics."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.api.pages.console.conftest import SignIn
from tests.factories import Factory
from webinars.services import subscriptions, webinars
from webinars.services.subscriptions import Wanted
from webinars.tables import Subscription, Webinar
from webinars.terms import PublicationStatus, Role, SubscriptionState
from webinars.work import Process

FORM = {
    "title": "Knee pain: options before surgery",
    "slug": "knee-options",
    "public_title": "Your webinar",
    "summary": "What helps.",
    "description": "- one\n- two",
    "needs_approval": "true",
    "replay_url": "",
}


def _webinar(process: Process, slug: str = "knee-options") -> Webinar:
    with process.read() as work:
        return webinars.get_webinar(work, slug, public_only=False).webinar


def test_a_webinar_is_a_draft_until_it_is_published(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.topic()
    sqlite_factory.presenter()
    made = console.post("/console/webinars/new", data=FORM | {"topics": ["knee"], "presenters": ["maria-castellan"]})
    assert made.status_code == 303
    assert made.headers["location"] == "/console/webinars/knee-options?done=created"
    page = console.get(made.headers["location"])
    assert "Created as a draft." in page.text
    assert "Dr. Maria Castellan" in page.text
    assert _public(console) == []
    published = console.post("/console/webinars/knee-options/status", data={"status": "published", "version": "1"})
    assert published.headers["location"].endswith("?done=published")
    assert _public(console) == ["knee-options"]
    with sqlite_process.read() as work:
        offer = webinars.get_webinar(work, "knee-options")
    assert offer.webinar.needs_approval
    assert not offer.webinar.asks_question
    assert [topic.slug for topic in offer.topics] == ["knee"]


def test_unpublishing_and_archiving_hide_a_webinar(console: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.webinar()
    for version, status in enumerate(("draft", "published", "archived"), start=1):
        answer = console.post("/console/webinars/knee-options/status", data={"status": status, "version": str(version)})
        assert answer.headers["location"] == f"/console/webinars/knee-options?done={status}"
        assert _public(console) == (["knee-options"] if status == "published" else [])


def test_what_is_wrong_is_said_at_once_beside_each_field_and_values_are_kept(console: httpx.Client) -> None:
    values = FORM | {"title": " ", "slug": "Knee Options", "replay_url": "javascript:alert(1)", "summary": "Kept <b>"}
    page = console.post("/console/webinars/new", data=values)
    assert page.status_code == 422
    for words in ("Enter the title.", "Use lower-case letters", "The address must begin with https://."):
        assert page.text.count(words) == 2, words  # in the summary and beside the field
    assert "Kept &lt;b&gt;" in page.text
    assert "<title>Error: New webinar" in page.text


def test_a_short_name_that_is_taken_is_refused_and_nothing_is_left_behind(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.webinar()
    page = console.post("/console/webinars/new", data=FORM)
    assert page.status_code == 422
    assert page.text.count("Another entry already has this short name.") == 2
    page = console.post("/console/webinars/new", data=FORM | {"slug": "other", "topics": ["no-such-topic"]})
    assert page.status_code == 422
    assert "no-such-topic" in page.text
    assert [offer.webinar.slug for offer in _all(sqlite_process)] == ["knee-options"]


def test_somebody_elses_change_is_not_run_over(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.webinar()
    assert 'name="version" value="1"' in console.get("/console/webinars/knee-options/edit").text
    first = console.post("/console/webinars/knee-options/edit", data=FORM | {"version": "1", "title": "First"})
    assert first.headers["location"] == "/console/webinars/knee-options?done=saved"
    second = console.post("/console/webinars/knee-options/edit", data=FORM | {"version": "1", "title": "Second"})
    assert second.status_code == 422
    assert "Somebody changed this in the meantime." in second.text
    assert 'value="Second"' in second.text
    assert _webinar(sqlite_process).title == "First"
    assert 'name="version" value="2"' in second.text
    knowing = console.post("/console/webinars/knee-options/edit", data=FORM | {"version": "2", "title": "Second"})
    assert knowing.status_code == 303
    assert _webinar(sqlite_process).title == "Second"


def test_publishing_an_outdated_page_is_refused_kindly(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.webinar()
    answer = console.post("/console/webinars/knee-options/status", data={"status": "archived", "version": "7"})
    assert answer.headers["location"].endswith("?refused=version_mismatch")
    assert "Somebody changed this in the meantime." in console.get(answer.headers["location"]).text
    assert _webinar(sqlite_process).status is PublicationStatus.published


def test_a_title_in_mails_that_names_a_condition_is_saved_with_a_warning(
    console: httpx.Client, sqlite_factory: Factory
) -> None:
    sqlite_factory.topic()
    answer = console.post("/console/webinars/new", data=FORM | {"public_title": "About your knee"})
    assert answer.headers["location"].endswith("?done=saved_telling")
    assert "lock screens" in console.get(answer.headers["location"]).text


def test_hosts_change_webinars_but_only_managers_create_and_publish(signed_in: SignIn, sqlite_factory: Factory) -> None:
    sqlite_factory.webinar()
    host = signed_in(Role.host)
    assert host.post("/console/webinars/new", data=FORM | {"slug": "another"}).status_code == 403
    assert host.get("/console/webinars/new").status_code == 403
    status = host.post("/console/webinars/knee-options/status", data={"status": "archived", "version": "1"})
    assert status.status_code == 403
    assert "may look at this but not change it" in status.text
    assert host.post("/console/webinars/knee-options/edit", data=FORM | {"version": "1"}).status_code == 303


def test_viewers_look_and_see_no_buttons(viewer: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.webinar()
    page = viewer.get("/console/webinars/knee-options")
    assert page.status_code == 200
    assert page.text.count("<form") == 1  # to sign out
    assert viewer.post("/console/webinars/knee-options/edit", data=FORM | {"version": "1"}).status_code == 403


def test_presenters_and_topics_are_added(console: httpx.Client) -> None:
    presenter = {"name": "Dr. Owen Hartwick", "slug": "owen-hartwick", "credentials": "MD"}
    assert console.post("/console/presenters", data=presenter).headers["location"] == "/console/presenters?done=added"
    assert "Dr. Owen Hartwick" in console.get("/console/presenters").text
    assert console.post("/console/topics", data={"name": "Knee", "slug": "knee"}).status_code == 303
    tears = {"name": "Meniscus tears", "slug": "meniscus", "parent": "knee", "position": "1"}
    assert console.post("/console/topics", data=tears).status_code == 303
    assert "Meniscus tears" in console.get("/console/topics").text
    again = console.post("/console/topics", data=tears | {"position": "first"})
    assert again.status_code == 422
    assert "Position in lists must be a whole number" in again.text


def test_topics_say_how_many_people_wait_for_new_dates(
    viewer: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.topic()
    sqlite_factory.topic("acl", "Torn ACL", parent="knee")
    now = sqlite_factory.now
    for email, topic in (("ana@mail.example", "knee"), ("bo@mail.example", "knee"), ("ana@mail.example", "acl")):
        with sqlite_process.work() as work:
            subscriptions.subscribe(work, topic, Wanted(email, "America/Denver", "en-US", "2026-11", "0" * 64), now)
    assert "to hear of new dates" not in viewer.get("/console/topics").text  # nobody has confirmed it
    with sqlite_process.work() as work:
        work.db.execute(sa.update(Subscription).values(state=SubscriptionState.active, confirmed_at=now))
    page = viewer.get("/console/topics").text
    assert "2 people asked to hear of new dates" in page
    assert "1 person asked to hear of new dates" in page


@pytest.mark.parametrize("path", ["/console/webinars/none", "/console/webinars/none/edit", "/console/nowhere"])
def test_what_is_not_there_gets_a_page_that_says_so(console: httpx.Client, path: str) -> None:
    page = console.get(path)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


def _all(process: Process) -> list[Any]:
    with process.read() as work:
        return webinars.list_webinars(work, public_only=False)


def _public(client: httpx.Client) -> list[str]:
    """What the public API offers."""
    return [item["slug"] for item in client.get("/api/v1/webinars").json()["items"]]
