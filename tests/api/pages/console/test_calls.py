"""The people to call, and what registrants thought, at the console."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from tests.factories import Factory
from webinars.queries.sessions import Scheduled
from webinars.rules.requests import Wish
from webinars.rules.surveys import Opinion
from webinars.services import attendance, calls, follow_ups, registrations, replays, requests, surveys
from webinars.terms import CallTime, RecentMri, TaskState
from webinars.testing import SetClock
from webinars.work import Process

LIST = "/console/calls"
WISH = Wish(RecentMri.not_sure, CallTime.morning, "303 555 0134", "The left <b>knee</b>")


@pytest.fixture
def item(sqlite_factory: Factory, clock: SetClock) -> Scheduled:
    """A session that ends soon enough for a sign-in to last."""
    slug = sqlite_factory.webinar(replay_url="https://replay.example/1")
    return sqlite_factory.session(slug, starts_in=timedelta(hours=2))


@pytest.fixture
def ana(sqlite_factory: Factory, sqlite_process: Process, item: Scheduled, clock: SetClock) -> UUID:
    """Somebody who asked for an evaluation, after a session that is over. Of Bo nobody knows whether he came."""
    ana = sqlite_factory.registration(item.session.id, "ana@mail.example").registration.id
    bo = sqlite_factory.registration(item.session.id, "bo@mail.example", name="Bo Berg").registration.id
    with sqlite_process.work() as work:
        registration, _ = registrations.get_registration(work, bo)
        attendance.note_click(work, registration, item.session.starts_at)
    clock.set(item.session.ends_at + timedelta(hours=2))
    with sqlite_process.work() as work:
        requests.ask_evaluation(work, ana, WISH, clock.now())
        surveys.answer(work, ana, Opinion(4, "More <i>time</i> for questions"), clock.now())
        replays.watch(work, ana, clock.now())
    with sqlite_process.work() as work:
        follow_ups.settle_due(work, clock.now() + timedelta(seconds=1))
    return ana


def test_a_call_is_made_and_is_off_the_list(
    console: httpx.Client, sqlite_process: Process, item: Scheduled, ana: UUID
) -> None:
    page = console.get(LIST).text
    assert re.search(r'href="/console/calls" aria-current="page">To call <span class="count">2', page)
    assert page.index("Ana Núñez") < page.index("Bo Berg")
    for words in ("Asks for an evaluation", "Nobody knows whether they came", "a•••@m•••.example"):
        assert words in page, words
    assert (
        page.count("They can read it, too")
        == len(re.findall(r'name="note" aria-describedby="note-\d-hint"', page))
        == 2
    )
    for hidden in ("303 555 0134", "ana@mail.example", "knee</b>", "Not sure"):
        assert hidden not in page, hidden
    answer = console.post(f"{LIST}/reveal", data={"back": LIST})
    page = console.get(answer.headers["location"]).text
    assert "This was noted in the audit log." in page
    for shown in (
        "tel:3035550134",
        "ana@mail.example",
        "The left &lt;b&gt;knee&lt;/b&gt;",
        "Not sure",
        "In the morning",
    ):
        assert shown in page, shown
    with sqlite_process.read() as work:
        first, second = calls.list_calls(
            work, state=TaskState.open, cursor=None, limit=5, actor="test", now=sqlite_process.clock.now()
        ).items
    done = {"task": "done", "note": "Comes in May", "version": "1", "back": LIST}
    assert console.post(f"/console/requests/{first.task.id}", data=done).headers["location"] == f"{LIST}?done=saved"
    again = console.post(f"/console/requests/{first.task.id}", data=done)
    assert again.headers["location"] == f"{LIST}?refused=version_mismatch"
    none = {"task": "none", "version": "2", "back": LIST}
    assert "refused=invalid_field" in console.post(f"/console/requests/{first.task.id}", data=none).headers["location"]
    console.post(f"/console/follow-ups/{second.task.id}", data=done)
    assert "Nobody is waiting for a call." in console.get(LIST).text
    assert console.get("/console").text.count('class="count"') == 0  # the menu says nothing any more
    page = console.get(f"{LIST}?state=done").text
    assert page.index("Bo Berg") < page.index("Ana Núñez")
    assert page.count("Comes in May") == 2


def test_viewers_see_whom_to_call_but_neither_number_nor_words(
    viewer: httpx.Client, item: Scheduled, ana: UUID
) -> None:
    page = viewer.get(LIST).text
    assert "Ana Núñez" in page
    assert "a•••@m•••.example" in page
    assert 'class="count">2' in page
    for hidden in ("Show phone numbers", "303 555 0134", "<textarea"):
        assert hidden not in page, hidden
    assert viewer.post(f"{LIST}/reveal").status_code == 403
    survey = viewer.get(f"/console/sessions/{item.session.id}/survey").text
    assert "your account does not see it" in survey
    assert "for questions" not in survey


def test_the_survey_says_of_how_many_and_words_are_shown_to_who_asks(
    console: httpx.Client, sqlite_factory: Factory, clock: SetClock, item: Scheduled, ana: UUID
) -> None:
    path = f"/console/sessions/{item.session.id}/survey"
    page = console.get(path).text
    assert "<b>1</b> of 2 with a seat answered" in page
    assert "<b>4.0</b> of 5 on average" in page
    assert "for questions" not in page
    assert re.search(r'class="bar-fill" width="240.0"', page)
    answer = console.post(f"{path}/reveal", data={"back": path})
    assert "More &lt;i&gt;time&lt;/i&gt; for questions" in console.get(answer.headers["location"]).text
    clock.advance(timedelta(minutes=15))
    assert "for questions" not in console.get(path).text
    coming = sqlite_factory.session().session.id
    assert "asked how it was once the session is over" in console.get(f"/console/sessions/{coming}/survey").text


def test_who_went_to_the_replay_is_said_beside_their_attendance(
    console: httpx.Client, item: Scheduled, ana: UUID
) -> None:
    page = console.get(f"/console/sessions/{item.session.id}/attendance").text
    assert page.count("Went to the replay") == 1
    page = console.get(f"/console/registrations/{ana}").text
    assert page.count("Went to the replay") == 1
    assert "Asks for an evaluation" in page
    assert "knee</b>" not in page


def test_a_webinar_has_addresses_for_replay_and_packet(
    console: httpx.Client, sqlite_process: Process, item: Scheduled
) -> None:
    path = f"/console/webinars/{item.webinar.slug}"
    form = {"title": "Knees", "slug": item.webinar.slug, "public_title": "Your webinar", "version": "1"}
    wrong = console.post(f"{path}/edit", data=form | {"packet_url": "https://x.example/a b"})
    assert wrong.status_code == 422
    assert "Copy the address from the address bar" in wrong.text
    assert 'value="https://x.example/a b"' in wrong.text
    saved = console.post(f"{path}/edit", data=form | {"packet_url": "https://x.example/p.pdf"})
    assert saved.status_code == 303
    assert "https://x.example/p.pdf" in console.get(path).text
