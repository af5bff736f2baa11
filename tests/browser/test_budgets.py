"""Patients' pages stay small: many come with an old phone and a weak connection."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Response

from tests.browser.conftest import PHONE, Site

pytestmark = pytest.mark.browser
STATIC = Path(__file__).parents[2] / "api" / "pages" / "static"
MOST_BYTES = 60_000
"""Of a page with all that it brings, compressed as a proxy does."""
MOST_REQUESTS = 6
WEBINARS = 50


@pytest.mark.parametrize("path", ["/", "/topics/knee", "/webinars/webinar-0", "/presenters/maria-castellan", "FORM"])
def test_a_page_with_fifty_dates_keeps_to_its_budget(site: Site, path: str) -> None:
    make = site.make
    make.topic()
    make.presenter()
    for number in range(WEBINARS):
        make.webinar(
            f"webinar-{number}", topics=("knee",), presenters=("maria-castellan",), summary="What can be done."
        )
        item = make.session(f"webinar-{number}", starts_in=timedelta(days=7 + number))
        if number:
            make.session("webinar-0", starts_in=timedelta(days=7 + number))
    answers: list[Response] = []
    page = site.open("/livez", **PHONE)
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks its listeners
    page.goto(site.address + (f"/sessions/{item.session.id}/register" if path == "FORM" else path))
    page.wait_for_load_state("networkidle")
    counted = [answer for answer in answers if answer.request.resource_type != "ping"]  # the word that counts a visit
    assert 3 <= len(counted) <= MOST_REQUESTS
    assert sum(len(gzip.compress(answer.body(), 6)) for answer in counted) <= MOST_BYTES


@pytest.mark.parametrize(("name", "most"), [("site.css", 24 * 1024), ("app.js", 8 * 1024), ("embed.js", 2 * 1024)])
def test_a_file_keeps_to_its_budget(name: str, most: int) -> None:
    assert (STATIC / name).stat().st_size <= most
