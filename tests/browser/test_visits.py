"""From another site's link to a registration: where the visitor came from arrives, and each look is counted once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site, start_clock
from webinars.tables import Registration, VisitCount

pytestmark = pytest.mark.browser
COUNTED = {"utm_source": "blog", "utm_campaign": "may"}
SCRIPTS = [pytest.param(True, id="script"), pytest.param(False, id="no-script")]


@pytest.fixture
def knee(site: Site) -> Site:
    site.make.topic("knee", "Knee")
    site.make.webinar("knee-options", topics=("knee",))
    site.make.session("knee-options")
    start_clock(site)
    return site


@pytest.fixture
def blog(knee: Site) -> Iterator[str]:
    """A page of another site with a link to ours."""
    link = f'<a href="{knee.address}/?utm_source=blog&amp;utm_campaign=may">Join a webinar</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Referrer-Policy", "unsafe-url")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html><title>Blog</title><link rel=icon href=data:,>{link}".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    knee.watch.allowed.add(address)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"{address}/about/knees?reader=ana"
    server.shutdown()
    thread.join()
    server.server_close()


def counted(site: Site) -> list[tuple[dict[str, str], int, int]]:
    with site.process.read() as work:
        return [(row.source, row.visits, row.forms) for row in work.db.scalars(sa.select(VisitCount))]


def wait_for(page: Page, site: Site, expected: list[tuple[dict[str, str], int, int]]) -> None:
    """A page is counted a moment after it is there."""
    for _ in range(50):
        if counted(site) == expected:
            break
        page.wait_for_timeout(50)
    assert counted(site) == expected


def walk_to_the_form(page: Page) -> None:
    page.get_by_role("link", name="Join a webinar").click()
    page.get_by_role("link", name="Knee", exact=True).click()
    page.get_by_role("link", name="Knee pain: options").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Register")


@pytest.mark.parametrize("has_script", SCRIPTS)
def test_where_a_visitor_came_from_reaches_the_registration(knee: Site, blog: str, has_script: bool) -> None:
    page = knee.open("/", java_script_enabled=has_script, **PHONE)
    page.goto(blog)
    walk_to_the_form(page)
    assert "reader" not in page.url
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    if not has_script:
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    with knee.process.read() as work:
        (registration,) = work.db.scalars(sa.select(Registration))
    came = {"utm_source": "blog", "utm_campaign": "may", "referrer": blog.partition("?")[0]}
    assert registration.source == {"first": came, "last": came}
    wait_for(page, knee, [(COUNTED, 1, 1)] if has_script else [])
    assert page.context.cookies() == []


def test_each_look_counts_once_and_a_form_with_mistakes_is_the_same_look(knee: Site) -> None:
    knee.watch.expected_statuses.add(422)
    page = knee.open("/webinars/knee-options?utm_source=blog&utm_campaign=may", **PHONE)
    wait_for(page, knee, [(COUNTED, 1, 0)])
    page.reload()
    wait_for(page, knee, [(COUNTED, 2, 0)])
    page.get_by_role("button", name="Continue").click()  # no date chosen: the same page with a word
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    wait_for(page, knee, [(COUNTED, 2, 1)])
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.wait_for_timeout(300)
    assert counted(knee) == [(COUNTED, 2, 1)]
