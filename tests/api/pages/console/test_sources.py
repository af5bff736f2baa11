"""Where registrants come from, as hosts see it."""

from __future__ import annotations

import re

import httpx

from api.pages.console.words import source
from tests.factories import Factory
from webinars.rules.visits import OTHER, journey
from webinars.services import visits

PAGE = "/console/webinars/knee-options"


def test_a_webinars_page_shows_sources_with_their_numbers(viewer: httpx.Client, sqlite_factory: Factory) -> None:
    make = sqlite_factory
    session_id = make.session(make.webinar("knee-options")).session.id
    assert "Where registrants come from" not in viewer.get(PAGE).text
    blog = {"utm_source": "<b>blog</b>", "utm_medium": "email"}
    for _ in range(3):
        with make.process.work() as work:
            visits.count_visit(work, "knee-options", blog, is_form=False, now=make.now)
    make.registration(session_id, source=journey(blog))
    make.registration(session_id)
    page = viewer.get(PAGE).text
    assert "Where registrants come from" in page
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*' + r'<td class="number" data-label="[^"]+">(\d+)</td>\s*' * 4, page
    )
    assert rows == [
        ("&lt;b&gt;blog&lt;/b&gt; / email", "3", "0", "1", "0"),
        ("Direct, or not known", "0", "0", "1", "0"),
    ]


def test_sources_are_said_in_words() -> None:
    said = {
        "blog / email / may": {"utm_source": "blog", "utm_medium": "email", "utm_campaign": "may"},
        "Link on footer": {"src": "footer"},
        "blog, Form on https://clinic.example/knee": {"utm_source": "blog", "page": "https://clinic.example/knee"},
        "Site https://blog.example": {"referrer": "https://blog.example"},
        "All others": OTHER,
        "Direct, or not known": {},
    }
    assert {words: source(touch) for words, touch in said.items()} == {words: words for words in said}
