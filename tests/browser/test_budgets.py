"""Pages stay small: many patients come with an old phone and a weak connection."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.browser.states import HOST, sign_in

pytestmark = pytest.mark.browser
STATIC = Path(__file__).parents[2] / "api" / "pages" / "static"
MOST_BYTES = 60_000
"""Of a page with all that it brings, compressed as a proxy does."""
MOST_BYTES_OF_CONSOLE = 120_000
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
    page = site.open("/livez", **PHONE)
    requests, size = weigh(page, site.address + (f"/sessions/{item.session.id}/register" if path == "FORM" else path))
    assert 3 <= requests <= MOST_REQUESTS
    assert size <= MOST_BYTES


def test_the_consoles_fullest_pages_keep_to_theirs(site: Site) -> None:
    make = site.make
    item = make.session(make.webinar(topics=(make.topic(),)), capacity=60)
    for _ in range(50):
        make.registration(item.session.id)
    for number in range(WEBINARS):
        make.session("knee-options", starts_in=timedelta(days=8 + number))
    password = make.host(HOST)
    page = site.open("/livez", **DESKTOP)
    sign_in(page, site, password)
    session = f"/console/sessions/{item.session.id}"
    for path in ("/console", f"{session}/registrants", f"{session}/messages", "/console/webinars/knee-options"):
        _, size = weigh(page, site.address + path)
        assert 3_000 < size <= MOST_BYTES_OF_CONSOLE, path


def weigh(page: Page, url: str) -> tuple[int, int]:
    """How many requests a page makes, and what they bring."""
    answers: list[Response] = []
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks its listeners
    page.goto(url)
    page.wait_for_load_state("networkidle")
    counted = [answer for answer in answers if answer.request.resource_type != "ping"]  # the word that counts a visit
    # Asked for once more: Chromium forgets bodies when it likes.
    bodies = [page.context.request.get(answer.url).body() for answer in counted]
    return len(counted), sum(len(gzip.compress(body, 6)) for body in bodies)


@pytest.mark.parametrize(("name", "most"), [("site.css", 24 * 1024), ("app.js", 8 * 1024), ("embed.js", 2 * 1024)])
def test_a_file_keeps_to_its_budget(name: str, most: int) -> None:
    assert (STATIC / name).stat().st_size <= most
