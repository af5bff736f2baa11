"""What visitors find: areas, webinars, dates, seats."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.factories import Factory
from webinars.services import sessions
from webinars.terms import PublicationStatus

NOTICE = "Procedures have a success and a failure rate; a webinar is education, not medical advice."


def test_home_shows_areas_with_their_conditions_and_the_next_date_with_its_zone(
    visitor: Visitor, make: Factory
) -> None:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.presenter()
    make.webinar("knee-options", topics=("knee",), presenters=("maria-castellan",), summary="Before <surgery>.")
    make.session("knee-options")
    make.session("knee-options", starts_in=timedelta(days=20))
    page = visitor.get("/")
    assert page.status_code == 200
    for words in (
        'href="/topics/knee"',
        "Meniscus tears",
        'href="/topics/not-sure"',
        'href="/webinars/knee-options"',
        "Before &lt;surgery&gt;.",
        "Monday, March 9, 2026",
        "9:00 AM",
        "Mountain Time",
        "(America/Denver)",
        "60 minutes, with Dr. Maria Castellan, MD",
        "Seats available",
        "1 more date",
        NOTICE,
    ):
        assert words in page.text, words


def test_home_without_dates_says_what_to_do(visitor: Visitor, make: Factory) -> None:
    make.webinar()
    assert "No webinar is scheduled at the moment" in visitor.get("/").text


def test_seats_few_full_and_waiting_are_said(visitor: Visitor, make: Factory) -> None:
    few, full, closed = (make.session(capacity=10) for _ in range(3))
    closed = make.session(capacity=1, waitlist_open=False)
    for _ in range(8):
        make.registration(few.session.id)
    for _ in range(11):
        make.registration(full.session.id)
    make.registration(closed.session.id)
    text = visitor.get("/").text
    assert text.count("Few seats left") == 1
    assert text.count("Full: join the waitlist") == 1
    assert text.count('<span class="tag">Full</span>') == 1


def test_when_registration_opens_and_that_it_has_closed_is_said(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    early, late = (make.session("knee-options").session for _ in range(2))
    with make.process.work() as work:
        for session, changes in (
            (early, {"registration_opens_at": make.now + timedelta(days=1)}),
            (late, {"registration_closes_at": make.now - timedelta(days=1)}),
        ):
            sessions.update_session(work, session.id, changes, version=None, actor="test", now=make.now)
    page = visitor.get("/webinars/knee-options").text
    assert "Registration opens on" in page
    assert 'datetime="2026-03-03T15:00:00Z" data-in="America/Denver"' in page
    assert "Registration has closed" in page
    assert 'type="radio"' not in page
    assert "Registration opens on" in visitor.get("/").text


def test_times_are_shown_in_the_zone_that_is_asked_for(visitor: Visitor, make: Factory) -> None:
    make.session()
    text = visitor.get("/?timezone=America/New_York").text
    assert "11:00 AM" in text
    assert "Eastern Time" in text
    assert "At the clinic: Mon, Mar 9, 9:00 AM Mountain Time (America/Denver)" in text
    assert "9:00 AM" in visitor.get("/?timezone=Nowhere/At_All").text


def test_an_area_has_one_address_and_its_conditions_lead_there(visitor: Visitor, make: Factory) -> None:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.webinar("menisci", topics=("knee-1",), title="About menisci")
    area = visitor.get("/topics/knee")
    assert '<link rel="canonical" href="http://127.0.0.1:8000/topics/knee">' in area.text
    assert "About menisci" in area.text
    assert "No date yet" in area.text
    condition = visitor.get("/topics/knee-1")
    assert (condition.status_code, condition.headers["location"]) == (308, "/topics/knee")
    assert visitor.get("/topics/nothing").status_code == 404


def test_an_area_without_webinars_offers_the_introduction(visitor: Visitor, make: Factory) -> None:
    make.topic("hip", "Hip")
    make.webinar("introduction", title="How it works")
    assert "See the general introduction" in visitor.get("/topics/hip").text
    assert "How it works" in visitor.get("/topics/not-sure").text


def test_a_webinar_shows_what_it_covers_and_preselects_no_date(visitor: Visitor, make: Factory) -> None:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.presenter()
    description = "You learn:\n\n- one\n- two\n\n<script>alert(1)</script>[x](javascript:alert(1))"
    make.webinar("knee-options", topics=("knee",), presenters=("maria-castellan",), description=description)
    item = make.session("knee-options")
    page = visitor.get("/webinars/knee-options").text
    assert "<li>one</li>" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "Meniscus tears" in page
    assert "Dr. Maria Castellan" in page
    assert NOTICE in page
    assert " checked" not in page
    assert " checked" in visitor.get(f"/webinars/knee-options?session={item.session.id}").text


def test_choosing_a_date_leads_to_its_form_and_choosing_none_says_so(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    item = make.session("knee-options")
    chosen = visitor.get(f"/webinars/knee-options/register?session={item.session.id}&utm_source=blog&x=y")
    assert chosen.status_code == 303
    assert chosen.headers["location"] == f"/sessions/{item.session.id}/register?utm_source=blog"
    none = visitor.get("/webinars/knee-options/register")
    assert none.status_code == 422
    assert "<title>Error: " in none.text
    assert none.text.count("Choose a date.") == 2


def test_a_cancelled_date_stays_visible_and_cannot_be_chosen(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    item = make.session("knee-options")
    with make.process.work() as work:
        sessions.cancel_session(work, item.session.id, version=None, actor="test", now=make.now)
    page = visitor.get("/webinars/knee-options").text
    assert "Cancelled" in page
    assert 'type="radio"' not in page
    assert "This date was cancelled" in visitor.get(f"/sessions/{item.session.id}/register").text


@pytest.mark.parametrize("status", [PublicationStatus.draft, PublicationStatus.archived])
def test_what_is_not_published_is_not_found(visitor: Visitor, make: Factory, status: PublicationStatus) -> None:
    make.webinar("hidden", status=status)
    item = make.session("hidden")
    for path in (
        "/webinars/hidden",
        f"/sessions/{item.session.id}/register",
        f"/sessions/{item.session.id}/calendar.ics",
    ):
        assert visitor.get(path).status_code == 404, path
    assert "/webinars/hidden" not in visitor.get("/").text


def test_where_a_visitor_comes_from_is_carried_in_links(visitor: Visitor, make: Factory) -> None:
    make.webinar("knee-options")
    make.session("knee-options")
    page = visitor.get("/?utm_source=blog&evil=%22%3E", headers={"Referer": "https://blog.example/about?who=ana"})
    assert "/webinars/knee-options?utm_source=blog&amp;referrer=https://blog.example/about" in page.text
    assert "who=" not in page.text


def test_pages_are_small_and_ask_nobody_else(visitor: Visitor, make: Factory) -> None:
    for number in range(8):
        make.session(make.webinar(f"webinar-{number}"))
    page = visitor.get("/")
    assert len(page.content) < 60_000
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert " style=" not in page.text
    assert "http://" not in page.text.replace("http://127.0.0.1:8000", "")


def test_small_files_and_pages_that_are_not_there(visitor: Visitor) -> None:
    assert visitor.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert "Disallow: /m/" in visitor.get("/robots.txt").text
    for path in ("/nope", "/webinars/nope", "/sessions/not-a-uuid/register"):
        page = visitor.get(path)
        assert page.status_code == 404
        assert "We cannot find this page" in page.text
        assert "See all webinars" in page.text
        assert "+1 303 555 0100" in page.text
