"""What search engines and shared links see."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.factories import ACTOR, Factory
from webinars.rules.sessions import wall_time
from webinars.services import catalogue, series, sessions
from webinars.terms import LinkPurpose, PublicationStatus

BASE = "http://127.0.0.1:8000"
LINK_SPACE = "{http://www.w3.org/1999/xhtml}"
_DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def events(text: str) -> list[dict[str, Any]]:
    found = _DATA.findall(text)
    assert len(found) <= 1
    graph: list[dict[str, Any]] = json.loads(found[0])["@graph"] if found else []
    return graph


@pytest.fixture
def knee(make: Factory) -> Factory:
    make.topic()
    make.presenter()
    make.webinar(
        "knee-options", topics=("knee",), presenters=("maria-castellan",), summary="</script><b>Before</b> surgery."
    )
    return make


def test_a_session_is_an_event_with_its_own_time_and_never_its_room(visitor: Visitor, knee: Factory) -> None:
    item = knee.session("knee-options", capacity=1, waitlist_open=False, room_url="https://rooms.example/secret")
    page = visitor.get("/webinars/knee-options").text
    own = f"{BASE}/webinars/knee-options?session={item.session.id}"
    assert events(page) == [
        {
            "@type": "Event",
            "name": "Knee pain: options",
            "description": "</script><b>Before</b> surgery.",
            "startDate": "2026-03-09T09:00:00-06:00",
            "endDate": "2026-03-09T10:00:00-06:00",
            "eventStatus": "https://schema.org/EventScheduled",
            "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
            "location": {"@type": "VirtualLocation", "url": f"{BASE}/webinars/knee-options"},
            "organizer": {"@type": "Organization", "name": "Example Joint & Spine Clinics", "url": f"{BASE}/"},
            "performer": [{"@type": "Person", "name": "Dr. Maria Castellan"}],
            "isAccessibleForFree": True,
            "url": own,
            "offers": {
                "@type": "Offer",
                "url": own,
                "price": "0",
                "priceCurrency": "USD",
                "availability": "https://schema.org/InStock",
            },
        }
    ]
    assert "rooms.example" not in page
    knee.registration(item.session.id)
    (event,) = events(visitor.get("/webinars/knee-options").text)
    assert event["offers"]["availability"] == "https://schema.org/SoldOut"


def test_a_cancelled_session_says_so_and_offers_nothing(visitor: Visitor, knee: Factory) -> None:
    item = knee.session("knee-options")
    with knee.process.work() as work:
        sessions.cancel_session(work, item.session.id, version=None, actor=ACTOR, now=knee.now)
    (event,) = events(visitor.get("/webinars/knee-options").text)
    assert event["eventStatus"] == "https://schema.org/EventCancelled"
    assert "offers" not in event


def test_a_session_that_left_its_series_is_rescheduled_and_says_from_when(visitor: Visitor, knee: Factory) -> None:
    with knee.process.work() as work:
        made = series.create_series(
            work,
            webinar="knee-options",
            rrule="FREQ=WEEKLY;COUNT=2",
            wall=wall_time(knee.now + timedelta(days=7), "America/Denver"),
            duration_minutes=60,
            capacity=10,
            actor=ACTOR,
            now=knee.now,
        )
    moved = made.sessions[0].session
    with knee.process.work() as work:
        changes = {"starts_at": moved.starts_at + timedelta(hours=2)}
        sessions.update_session(work, moved.id, changes, version=None, actor=ACTOR, now=knee.now)
    first, second = events(visitor.get("/webinars/knee-options").text)
    assert first["eventStatus"] == "https://schema.org/EventRescheduled"
    assert (first["previousStartDate"], first["startDate"]) == (
        "2026-03-09T09:00:00-06:00",
        "2026-03-09T11:00:00-06:00",
    )
    assert second["eventStatus"] == "https://schema.org/EventScheduled"


@pytest.mark.parametrize("path", ["/", "/topics/knee", "/presenters/maria-castellan"])
def test_lists_name_the_next_date_of_each_webinar(visitor: Visitor, knee: Factory, path: str) -> None:
    assert events(visitor.get(path).text) == []
    for days in (9, 7):
        knee.session("knee-options", starts_in=timedelta(days=days))
    assert [event["startDate"] for event in events(visitor.get(path).text)] == ["2026-03-09T09:00:00-06:00"]


@pytest.mark.parametrize("path", ["/", "/topics/knee", "/topics/not-sure", "/webinars/knee-options"])
def test_a_page_has_one_address_whatever_was_asked_with_it(visitor: Visitor, knee: Factory, path: str) -> None:
    page = visitor.get(f"{path}?utm_source=blog&timezone=America/New_York&fbclid=1").text
    assert re.findall(r'<link rel="canonical" href="([^"]+)">', page) == [BASE + path]
    assert re.findall(r'<meta property="og:url" content="([^"]+)">', page) == [BASE + path]
    for name in ("og:title", "og:description", "og:site_name", "description", "twitter:card"):
        assert len(re.findall(rf'<meta (?:name|property)="{name}" content="[^"]+">', page)) == 1, name


def test_a_presenter_has_a_page(visitor: Visitor, knee: Factory) -> None:
    with knee.process.work() as work:
        changes = {"biography": "Operates **knees**.\n\n<script>alert(1)</script>"}
        catalogue.update_presenter(work, "maria-castellan", changes, version=None, actor=ACTOR, now=knee.now)
    knee.webinar("draft", presenters=("maria-castellan",), status=PublicationStatus.draft, title="Not yet")
    knee.webinar("other", title="By somebody else")
    knee.session("knee-options")
    page = visitor.get("/presenters/maria-castellan?utm_source=blog").text
    for words in ("Dr. Maria Castellan", "MD", "<strong>knees</strong>", "/webinars/knee-options?utm_source=blog"):
        assert words in page, words
    for words in ("<script>alert", "Not yet", "By somebody else"):
        assert words not in page, words
    assert (
        'href="/presenters/maria-castellan?utm_source=blog"'
        in visitor.get("/webinars/knee-options?utm_source=blog").text
    )
    assert visitor.get("/presenters/nobody").status_code == 404


def test_the_map_of_the_site_has_what_is_public_and_nothing_else(visitor: Visitor, knee: Factory) -> None:
    knee.topic("knee-1", "Meniscus tears", parent="knee")
    knee.presenter("nobody-yet", "Dr. Nobody")
    knee.webinar("hidden", status=PublicationStatus.draft)
    answer = visitor.get("/sitemap.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    urls = ElementTree.fromstring(answer.text).findall(f"{space}url")  # noqa: S314 - our own
    paths = [item.findtext(f"{space}loc", "").removeprefix(BASE) for item in urls]
    pages = ["/", "/topics/not-sure", "/privacy"]
    pages += ["/topics/knee", "/webinars/knee-options", "/presenters/maria-castellan"]
    assert paths == [path + lang for path in pages for lang in ("", "?lang=es")]
    changed = [url.findtext(f"{space}lastmod") for path, url in zip(paths, urls, strict=True) if "knee-options" in path]
    assert changed == ["2026-03-02", "2026-03-02"]
    assert [visitor.get(path).status_code for path in paths] == [200] * len(paths)
    for path, url in zip(paths, urls, strict=True):  # the map and the pages name the same other languages
        visitor.cookies.clear()
        plain = path.removesuffix("?lang=es")
        others = [(link.get("hreflang"), link.get("href")) for link in url.findall(f"{LINK_SPACE}link")]
        assert others == [("en", BASE + plain), ("es", f"{BASE}{plain}?lang=es")]
        page = visitor.get(path).text
        assert f'<link rel="canonical" href="{BASE}{path}">' in page
        for language, address in [*others, ("x-default", BASE + plain)]:
            assert f'<link rel="alternate" hreflang="{language}" href="{address}">' in page
    assert f'<link rel="canonical" href="{BASE}/">' in visitor.get("/?lang=en").text


def test_robots_are_told_where_the_map_is_and_what_is_nobodys_business(visitor: Visitor) -> None:
    text = visitor.get("/robots.txt").text
    assert f"Sitemap: {BASE}/sitemap.xml" in text
    for path in ("/m/", "/j/", "/u/", "/my-registration", "/console", "/api/"):
        assert f"Disallow: {path}\n" in text


def test_pages_about_a_person_are_in_no_index(
    visitor: Visitor, make: Factory, path_of: Callable[[LinkPurpose, object], str]
) -> None:
    registered = make.registration(make.session().session.id)
    personal = [path_of(purpose, registered) for purpose in (LinkPurpose.manage, LinkPurpose.enter)]
    for path in (*personal, "/u/wrong", "/my-registration", "/console", "/console/sign-in", "/m/wrong", "/nowhere"):
        assert "noindex" in visitor.get(path).headers.get("x-robots-tag", ""), path
    assert "x-robots-tag" not in visitor.get("/").headers
