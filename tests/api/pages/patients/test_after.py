"""After the session: the replay, the survey, and what a registrant can ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_my_registration import PathOf, opened
from tests.api.pages.patients.test_registering import rows
from tests.factories import ACTOR, Factory
from webinars.queries import sessions as sessions_queries
from webinars.services import follow_ups, programme, registrations, requests, sessions, surveys
from webinars.services.registering import Registered
from webinars.tables import Message, Registration, Request, SurveyReply, Webinar, WebinarSession
from webinars.terms import LinkPurpose, MessageKind, PublicationStatus, RequestKind
from webinars.testing import SetClock
from webinars.work import Process

REPLAY = "https://replay.example/watch/1"
PACKET = "https://files.example/packet.pdf"
OVER = timedelta(days=7, hours=1)
WISH = {"recent_mri": "not_sure", "phone": "303 555 0134", "call_time": "morning", "words": "Mornings\r\nare best."}


@pytest.fixture
def session_id(make: Factory) -> UUID:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus", parent="knee")
    make.webinar("knee-options", topics=("knee-1",), replay_url=REPLAY, packet_url=PACKET)
    return make.session("knee-options", capacity=2).session.id


@pytest.fixture
def ana(make: Factory, session_id: UUID) -> Registered:
    return make.registration(session_id, "ana@mail.example", phone="+1 303 555 0199")


@pytest.fixture
def after(ana: Registered, path_of: PathOf) -> str:
    """The path of Ana's page; the session is not over yet."""
    return path_of(LinkPurpose.enter, ana).replace("/j/", "/after/")


@pytest.fixture
def settle(sqlite_process: Process) -> Callable[[], None]:
    def run() -> None:
        with sqlite_process.work() as work:
            follow_ups.settle_due(work, sqlite_process.clock.now())

    return run


def followed(visitor: Visitor, answer: httpx.Response) -> str:
    """The page that a button leads back to."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return visitor.get(answer.headers["location"].partition("#")[0]).text


def replayed_at(process: Process) -> object:
    return rows(process, Registration)[0].replayed_at


def test_the_links_of_the_mails_lead_there_once_it_is_over(
    visitor: Visitor, clock: SetClock, ana: Registered, after: str, path_of: PathOf
) -> None:
    door = path_of(LinkPurpose.enter, ana)
    assert "After the webinar this link leads to the replay" in visitor.get(door).text
    clock.advance(OVER - timedelta(seconds=1))
    for answer in (visitor.get(after), visitor.post(f"{after}/packet"), visitor.post(f"{after}/survey")):
        assert (answer.status_code, answer.headers["location"]) == (303, door)  # which says when
    clock.advance(timedelta(seconds=1))
    for answer in (visitor.get(door), visitor.post(door)):
        assert (answer.status_code, answer.headers["location"]) == (303, after)
    page = opened(visitor, path_of(LinkPurpose.manage, ana)).text
    assert door in page
    assert "What you can do next" in page


def test_the_page_says_what_there_is_and_reading_it_changes_nothing(
    visitor: Visitor, clock: SetClock, make: Factory, after: str, sqlite_process: Process
) -> None:
    make.webinar("knee-sport", title="Sport with knees", topics=("knee",))
    related = make.session("knee-sport", starts_in=timedelta(days=20)).session.id
    clock.advance(OVER)
    for method in ("GET", "HEAD", "GET"):
        page = visitor.request(method, after)
        assert page.status_code == 200
    for words in ("Watch the replay", "How helpful was the webinar", "Do you have an MRI", "Information packet"):
        assert words in page.text, words
    assert f"/sessions/{related}/register" in page.text
    assert 'href="/topics/knee/alerts"' in page.text
    assert "303 555 0199" not in page.text  # the number that they gave
    assert REPLAY not in page.text
    assert PACKET not in page.text
    assert "checked" not in page.text
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert replayed_at(sqlite_process) is None
    assert rows(sqlite_process, Request) == rows(sqlite_process, SurveyReply) == []


def test_the_replay_is_a_press_away_and_the_first_one_is_noted(
    visitor: Visitor, clock: SetClock, after: str, sqlite_process: Process
) -> None:
    clock.advance(OVER)
    first = clock.now()
    for _ in range(2):
        answer = visitor.post(f"{after}/replay")
        assert answer.status_code == 200  # no redirect: where those of forms end is held against the policy
        assert f'<meta http-equiv="refresh" content="0; url={REPLAY}">' in answer.text
        assert f'<a class="button" href="{REPLAY}">' in answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        clock.advance(timedelta(hours=1))
    assert replayed_at(sqlite_process) == first
    with sqlite_process.work() as work:
        work.db.execute(sa.text("UPDATE webinars SET replay_url = ''"))
    assert "The replay is not there any more" in followed(visitor, visitor.post(f"{after}/replay"))
    assert "If one is made available, you find it here" in visitor.get(after).text


def test_the_survey_is_answered_and_answered_again(
    visitor: Visitor, clock: SetClock, ana: Registered, after: str, sqlite_process: Process
) -> None:
    clock.advance(OVER)
    wrong = visitor.post(f"{after}/survey", data={"rating": "6", "comment": "Good <b>pace</b>"})
    assert wrong.status_code == 422
    assert "<title>Error: " in wrong.text
    assert '<a href="#rating-1">Choose a number from 1 to 5.</a>' in wrong.text
    assert "Good &lt;b&gt;pace&lt;/b&gt;" in wrong.text
    assert visitor.get(f"{after}/survey").headers["location"] == after  # the address of that page, read again
    page = followed(visitor, visitor.post(f"{after}/survey", data={"rating": "4", "comment": " Good pace "}))
    assert "Thank you. Your answer helps us" in page
    assert "Change my answer" in page
    again = visitor.get(after).text
    assert "We have your answer of Monday, March 9, 2026. Send a new one to change it." in again
    for shown in (page, again):
        assert "checked" not in shown
        assert "Good pace" not in shown
    followed(visitor, visitor.post(f"{after}/survey", data={"rating": "2"}))
    with sqlite_process.read() as work:
        assert surveys.results(work, ana.registration.session_id).counts == {1: 0, 2: 1, 3: 0, 4: 0, 5: 0}


def test_an_evaluation_is_asked_for_with_what_the_clinic_needs_to_know(
    visitor: Visitor, clock: SetClock, ana: Registered, after: str, sqlite_process: Process
) -> None:
    clock.advance(OVER)
    wrong = visitor.post(f"{after}/evaluation", data={"phone": "call me", "words": "Kept", "call_time": "evening"})
    assert wrong.status_code == 422
    assert re.findall(r'<li><a href="#([\w-]+)">', wrong.text) == ["recent_mri-yes", "phone"]
    for kept in ('value="call me"', ">Kept</textarea>", 'value="evening" selected'):
        assert kept in wrong.text, kept
    assert rows(sqlite_process, Request) == []
    page = followed(visitor, visitor.post(f"{after}/evaluation", data=WISH))
    assert "We have your request. Somebody from the clinic calls you." in page
    assert "We have your request of Monday, March 9, 2026" in visitor.get(after).text
    assert "Ask again to change it" in page
    wrong = visitor.post(f"{after}/evaluation", data=WISH | {"phone": "call me", "words": "Newer"})
    assert ">Newer</textarea>" in wrong.text  # the control: what was typed just now is shown
    for shown in (page, visitor.get(after).text, wrong.text):
        assert 'value="303' not in shown  # what stands in a family's calendar leads here, too
        assert "Mornings" not in shown
    assert "checked" not in page
    assert 'value="morning" selected' not in page
    followed(visitor, visitor.post(f"{after}/evaluation", data=WISH | {"recent_mri": "yes"}))
    with sqlite_process.read() as work:
        asked = requests.requests_of(work, ana.registration.id)[RequestKind.candidacy]
        wish = requests.wish_of(sqlite_process.vault, asked)
    assert wish is not None
    assert (wish.recent_mri, wish.words) == ("yes", "Mornings\nare best.")
    assert len(rows(sqlite_process, Request)) == 1


def test_the_packet_comes_by_mail_at_most_once_an_hour(
    visitor: Visitor, clock: SetClock, after: str, sqlite_process: Process
) -> None:
    clock.advance(OVER)
    assert "It is on its way to your mailbox." in followed(visitor, visitor.post(f"{after}/packet"))
    assert "less than an hour ago" in followed(visitor, visitor.post(f"{after}/packet"))
    kinds = [row.kind for row in rows(sqlite_process, Message)]
    assert kinds.count(MessageKind.packet) == 1
    with sqlite_process.work() as work:
        work.db.execute(sa.text("UPDATE webinars SET packet_url = ''"))
    assert "Somebody from the clinic sends it to you" in followed(visitor, visitor.post(f"{after}/packet"))


def test_what_comes_next_is_read_in_one_go_and_little_more_than_is_shown(make: Factory, session_id: UUID) -> None:
    make.topic("hip", "Hip")
    make.webinar("both", topics=("knee", "hip"))
    make.webinar("draft", topics=("knee",), status=PublicationStatus.draft)
    make.webinar("hips", topics=("hip",))

    def add(slug: str, days: int, **changes: datetime) -> UUID:
        added = make.session(slug, starts_in=timedelta(days=days), capacity=1, waitlist_open=False).session.id
        with make.process.work() as work:
            sessions.update_session(work, added, changes, version=None, actor=ACTOR, now=make.now)
        return added

    make.registration(add("both", 8))  # the only seat
    later = add("both", 9, registration_opens_at=make.now + timedelta(days=2))
    add("both", 10, registration_closes_at=make.now - timedelta(days=1))
    add("draft", 11)
    add("hips", 12)
    open_ones = [add(slug, 20 + day) for day, slug in enumerate(("knee-options", "both", "both"))]
    with make.process.read() as work:
        webinar = work.db.get_one(WebinarSession, session_id).webinar_id
        mine = work.db.get_one(Webinar, webinar)
        areas = programme.areas_of(work, mine)
        assert [area.topic.slug for area in areas] == ["knee"]

        def related(now: datetime, most: int = 9) -> list[UUID]:
            return [each.session.id for each in programme.list_related(work, mine, areas, now, most=most)]

        assert related(make.now) == [session_id, *open_ones]
        assert related(make.now, most=2) == [session_id, open_ones[0]]
        assert related(make.now + timedelta(days=7, minutes=1)) == [later, *open_ones]
        read = sessions_queries.list_related(work.db, webinar, [areas[0].topic.id], make.now, limit=3)
        assert [item.session.id for item in read] == [session_id, *open_ones[:2]]


@pytest.mark.parametrize("verb", ["replay", "survey", "evaluation", "packet"])
def test_only_whoever_had_a_seat_in_a_session_that_took_place(
    visitor: Visitor, make: Factory, clock: SetClock, session_id: UUID, ana: Registered, path_of: PathOf, verb: str
) -> None:
    make.registration(session_id)
    waiting = make.registration(session_id)
    with make.process.work() as work:
        registrations.withdraw(work, waiting.registration.id, make.now)
    cancelled = make.registration(make.session("knee-options").session.id)
    with make.process.work() as work:
        sessions.cancel_session(work, cancelled.registration.session_id, version=None, actor=ACTOR, now=make.now)
    clock.advance(OVER)
    for registered in (waiting, cancelled):
        door = path_of(LinkPurpose.enter, registered)
        answer = visitor.post(door.replace("/j/", "/after/") + f"/{verb}", data=WISH | {"rating": "5"})
        assert (answer.status_code, answer.headers["location"]) == (303, door)
    manage = path_of(LinkPurpose.manage, ana).replace("/m/", "/after/")
    assert visitor.get(manage).status_code == visitor.post(f"{manage}/{verb}").status_code == 404
    assert rows(make.process, Request) == rows(make.process, SurveyReply) == []


def test_a_form_of_another_site_asks_for_nothing(
    visitor: Visitor, clock: SetClock, after: str, sqlite_process: Process
) -> None:
    clock.advance(OVER)
    answer = visitor.post(f"{after}/evaluation", data=WISH, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert rows(sqlite_process, Request) == []
    assert visitor.post(f"{after}/evaluation", data=WISH).status_code == 303  # the control


def test_it_speaks_of_what_attendance_came_to(
    visitor: Visitor, clock: SetClock, ana: Registered, after: str, sqlite_process: Process, settle: Callable[[], None]
) -> None:
    clock.advance(OVER)
    assert "Thank you for registering" in visitor.get(after).text
    clock.advance(timedelta(hours=2))
    settle()
    assert "Sorry we missed you" in visitor.get(after).text
