"""A registrant's own page, from the mail's link."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_registering import rows
from tests.factories import Factory
from webinars.rules.sessions import wall_time
from webinars.services import registrations, sessions
from webinars.services.registering import Registered
from webinars.tables import Message, Registration
from webinars.terms import LinkPurpose, RegistrationStatus
from webinars.testing import SetClock
from webinars.work import Process

PathOf = Callable[[LinkPurpose, Registered], str]
PAGE = "/my-registration"


@pytest.fixture
def session_id(make: Factory) -> UUID:
    make.webinar("knee-options", replay_url="https://replay.example/1")
    return make.session("knee-options", capacity=1).session.id


@pytest.fixture
def ana(make: Factory, session_id: UUID) -> Registered:
    return make.registration(session_id, "ana@mail.example", timezone="America/New_York")


def opened(visitor: Visitor, path: str) -> httpx.Response:
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    return visitor.get(PAGE)


def test_the_link_becomes_a_cookie_and_the_address_stays_clean(
    visitor: Visitor, ana: Registered, path_of: PathOf
) -> None:
    answer = visitor.get(path_of(LinkPurpose.manage, ana))
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=lax", "path=/my-registration", "max-age=1800"):
        assert part in cookie
    page = visitor.get(PAGE)
    assert page.status_code == 200
    for headers in (answer.headers, page.headers):
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
    assert (answer.headers["referrer-policy"], page.headers["referrer-policy"]) == ("no-referrer", "same-origin")
    for words in ("You are registered", "Ana Núñez", "ana@mail.example", "11:00 AM", "Eastern Time"):
        assert words in page.text
    assert "At the clinic: Mon, Mar 9, 9:00 AM Mountain Time (America/Denver)" in page.text


def test_wrong_links_lead_on_and_many_of_them_are_slowed_down(
    visitor: Visitor, ana: Registered, path_of: PathOf
) -> None:
    wrong = visitor.get("/m/" + "A" * 43)
    assert wrong.status_code == 404
    assert "This link does not work any more" in wrong.text
    assert "Register again with the same e-mail address" in wrong.text
    assert visitor.get(path_of(LinkPurpose.enter, ana).replace("/j/", "/m/")).status_code == 404
    answers = [visitor.get("/m/" + "A" * 43).status_code for _ in range(30)]
    assert answers[-1] == 429
    slowed = visitor.get(path_of(LinkPurpose.manage, ana))
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) > 0
    assert "Please wait a moment" in slowed.text


def test_without_the_cookie_the_page_asks_for_the_link(visitor: Visitor) -> None:
    page = visitor.get(PAGE)
    assert page.status_code == 404
    assert "press the link in your e-mail again" in page.text
    for deed in ("accept", "cancel", "undo", "move", "resend"):
        assert visitor.post(f"{PAGE}/{deed}").status_code == 404


def test_cancelling_frees_the_seat_for_the_next_and_offers_a_way_back(
    visitor: Visitor,
    make: Factory,
    sqlite_process: Process,
    clock: SetClock,
    session_id: UUID,
    ana: Registered,
    path_of: PathOf,
) -> None:
    bert = make.registration(session_id, "bert@mail.example")
    opened(visitor, path_of(LinkPurpose.manage, ana))
    fields = visitor.hidden(PAGE)
    answer = visitor.post(f"{PAGE}/cancel", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = visitor.get(PAGE).text
    assert "Your registration is cancelled" in page
    assert "Yes, cancel" not in page
    clock.advance(timedelta(minutes=10))
    assert f"/sessions/{session_id}/register" in visitor.get(PAGE).text
    assert visitor.post(f"{PAGE}/cancel", data=fields).status_code == 303
    states = {row.id: row.status for row in rows(sqlite_process, Registration)}
    assert states == {
        ana.registration.id: RegistrationStatus.withdrawn,
        bert.registration.id: RegistrationStatus.offered,
    }


def test_cancelling_needs_a_form_from_here(visitor: Visitor, ana: Registered, path_of: PathOf) -> None:
    opened(visitor, path_of(LinkPurpose.manage, ana))
    fields = visitor.hidden(PAGE)
    foreign = visitor.post(f"{PAGE}/cancel", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert "You are registered" in visitor.get(PAGE).text


def test_an_old_tab_cannot_cancel_the_registration_opened_since(
    visitor: Visitor, make: Factory, ana: Registered, path_of: PathOf
) -> None:
    opened(visitor, path_of(LinkPurpose.manage, ana))
    old_tab = visitor.hidden(PAGE)
    other = make.registration(make.session().session.id, "ana@mail.example")
    opened(visitor, path_of(LinkPurpose.manage, other))
    answer = visitor.post(f"{PAGE}/cancel", data=old_tab)
    page = visitor.get(answer.headers["location"]).text
    assert "Nothing was changed" in page
    assert "You are registered" in page


def test_the_mail_is_sent_again_at_most_once_an_hour(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    opened(visitor, path_of(LinkPurpose.manage, ana))
    for _ in range(2):
        answer = visitor.post(f"{PAGE}/resend", data=visitor.hidden(PAGE))
        assert "on its way again" in visitor.get(answer.headers["location"]).text
    assert len([row for row in rows(sqlite_process, Message) if row.kind == "resent"]) <= 1


def test_the_room_is_one_press_away_when_it_is_open(
    visitor: Visitor, clock: SetClock, ana: Registered, path_of: PathOf
) -> None:
    early = opened(visitor, path_of(LinkPurpose.manage, ana)).text
    assert "The room opens on Monday, March 9, 2026 at 10:45 AM Eastern Time" in early
    assert "/j/" not in early
    clock.advance(timedelta(days=7, minutes=-15))
    assert path_of(LinkPurpose.enter, ana) in opened(visitor, path_of(LinkPurpose.manage, ana)).text
    clock.advance(timedelta(hours=3))
    over = visitor.get(PAGE).text
    assert "This webinar is over" in over
    assert path_of(LinkPurpose.enter, ana) in over  # which leads to the replay
    assert "Cancel my registration" not in over


def test_every_state_has_its_words(
    visitor: Visitor, make: Factory, session_id: UUID, ana: Registered, path_of: PathOf, clock: SetClock
) -> None:
    bert = make.registration(session_id, "bert@mail.example")
    assert "You are on the waitlist" in opened(visitor, path_of(LinkPurpose.manage, bert)).text
    make.webinar("asks", needs_approval=True)
    cleo = make.registration(make.session("asks").session.id, "cleo@mail.example")
    assert "We have your request" in opened(visitor, path_of(LinkPurpose.manage, cleo)).text
    with make.process.work() as work:
        registrations.decline(work, cleo.registration.id, make.now)
    assert "You have no seat for this date" in visitor.get(PAGE).text
    wall = wall_time(make.now + timedelta(days=8), "America/Denver")
    with make.process.work() as work:
        sessions.update_session(work, session_id, {"wall": wall}, version=None, actor="test", now=make.now)
    moved = opened(visitor, path_of(LinkPurpose.manage, ana)).text
    assert "Something about this webinar was changed" in moved
    assert "March 10, 2026" in moved
    with make.process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor="test", now=make.now)
    cancelled = visitor.get(PAGE).text
    assert "This webinar was cancelled" in cancelled
    assert "We are sorry." in cancelled
    clock.advance(timedelta(days=45))
    assert visitor.get(PAGE).status_code == 404


@pytest.mark.long
def test_a_crowd_of_forms_does_not_freeze_the_site(sqlite_process: Process, serve: Callable[[Process], str]) -> None:
    """More writers than the server has threads: none may hold its turn while it still waits for a thread."""
    address = serve(sqlite_process)
    headers = {"Sec-Fetch-Site": "same-origin"}

    def press(_: int) -> int:
        return httpx.post(f"{address}{PAGE}/cancel", headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(150) as pool:
        assert set(pool.map(press, range(150))) <= {404, 429}
    assert httpx.get(f"{address}/", timeout=10).status_code == 200


def test_whoever_has_a_seat_can_take_it_into_a_calendar_and_subscribe(
    visitor: Visitor, ana: Registered, path_of: PathOf, session_id: UUID
) -> None:
    page = opened(visitor, path_of(LinkPurpose.manage, ana)).text
    for place in ("calendar.google.com", "outlook.live.com", "outlook.office.com", "calendar.yahoo.com"):
        assert f"https://{place}/" in page
    assert f"/sessions/{session_id}/calendar.ics" in page
    (feed,) = re.findall(r'value="http://127\.0\.0\.1:8000(/calendar/my/[^"]+)"', page)
    assert f"webcal://127.0.0.1:8000{feed}" in page
    assert b"SUMMARY:Your webinar" in visitor.get(feed).content


def test_whoever_only_waits_has_nothing_for_a_calendar(
    visitor: Visitor, make: Factory, ana: Registered, path_of: PathOf, session_id: UUID
) -> None:
    waiting = make.registration(session_id, "bo@mail.example")
    assert "calendar" not in opened(visitor, path_of(LinkPurpose.manage, waiting)).text
