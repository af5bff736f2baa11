"""Our dates on somebody else's page, in a real browser: the script, the frame, and the link that stays without them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Chromium, Site, Watch, start_clock
from tests.conftest import make_settings
from tests.factories import Factory
from tests.support.axe import violations
from webinars.tables import Registration
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

pytestmark = pytest.mark.browser
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "blog.html"
PLAIN, SCRIPTED, FRAMED = "Join a webinar", "See the next dates", "Webinars about the knee"
"""The three ways that it uses, by what they are called there: a link, a link that becomes a frame, a frame."""
DATES = f'iframe[title="{SCRIPTED}"]'


class Blog:
    """Another site: the sample page, with the address of ours in it."""

    def __init__(self) -> None:
        self.text = ""
        blog = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_page = self.path.startswith("/post")
                self.send_response(200 if is_page else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                if is_page:
                    self.wfile.write(blog.text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://localhost:{self._server.server_port}"  # another site than 127.0.0.1

    def __enter__(self) -> Blog:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog() as running:
        yield running


@pytest.fixture
def framed(
    watch: Watch,
    sqlite_url: str,
    tmp_path: Path,
    clock: SetClock,
    serve: Callable[[Process], str],
    chromium: Chromium,
    blog: Blog,
) -> Iterator[Callable[..., Site]]:
    """Starts a site that a blog may frame, or may not."""
    opened = []

    def start(*, allowed: bool = True) -> Site:
        settings = make_settings(sqlite_url, tmp_path, embed_origins=blog.address if allowed else "")
        process = Process(settings, clock=clock, mail=MemoryMailer())
        make = Factory(process)
        make.topic("knee", "Knee")
        make.webinar("knee-options", topics=("knee",))
        make.session("knee-options")
        make.session("knee-options")
        address = serve(process)
        blog.text = EXAMPLE.read_text(encoding="utf-8").replace("http://127.0.0.1:8000", address)
        watch.allowed |= {address, blog.address}
        site = Site(chromium, process, make, address, watch)
        start_clock(site)
        opened.append(site)
        return site

    yield start
    for site in opened:
        site.process.close()


def read(site: Site, blog: Blog, **options: Any) -> Page:
    """The blog's post, read by a visitor."""
    page = site.open("/embed.js", **options)
    page.goto(f"{blog.address}/post?who=ana")
    return page


@pytest.mark.parametrize("screen", [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")])
def test_the_script_puts_the_dates_in_place_of_the_link(
    framed: Callable[..., Site], blog: Blog, screen: dict[str, Any]
) -> None:
    site = framed()
    page = read(site, blog, **screen)
    expect(page.get_by_role("link", name=SCRIPTED)).to_be_hidden()
    frame = page.frame_locator(DATES)
    expect(frame.get_by_role("link", name="Register")).to_have_count(2)
    inner = frame.locator("body").evaluate("body => body.offsetHeight")
    expect(page.locator(DATES)).to_have_css("height", f"{inner}px")
    assert inner > 200
    assert page.context.cookies() == []
    frame.get_by_role("link", name="Register").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Register")
    assert page.url.startswith(f"{site.address}/sessions/"), "in the whole window"
    page.get_by_label("Full name").fill("Ana")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    touch = kept_source(site)["last"]
    assert (touch["src"], touch["page"]) == ("blog", f"{blog.address}/post")


def test_each_way_of_the_sample_page_leads_to_a_registration(framed: Callable[..., Site], blog: Blog) -> None:
    """The link and the frame; what the script makes of a link is above."""
    site = framed()
    page = read(site, blog, **PHONE)
    page.get_by_role("link", name=PLAIN).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee pain: options")
    assert "src=blog" in page.url
    page = read(site, blog, **PHONE)
    frame = page.frame_locator(f'iframe[title="{FRAMED}"]')
    frame.get_by_role("link", name="Knee pain: options").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee pain: options")
    assert page.url.startswith(f"{site.address}/webinars/knee-options"), "in the whole window"
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue to registration").click()
    page.get_by_label("Full name").fill("Ana")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert kept_source(site)["last"]["src"] == "blog"


def test_without_a_script_the_link_leads_there(framed: Callable[..., Site], blog: Blog) -> None:
    site = framed()
    page = read(site, blog, java_script_enabled=False)
    page.get_by_role("link", name=SCRIPTED).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee pain: options")
    assert "src=blog" in page.url


def test_where_framing_is_not_allowed_the_link_stays(framed: Callable[..., Site], blog: Blog) -> None:
    site = framed(allowed=False)
    page = read(site, blog)
    page.wait_for_timeout(1000)
    expect(page.get_by_role("link", name=SCRIPTED)).to_be_visible()
    expect(page.locator(DATES)).to_have_css("height", "0px")
    refused = [finding for finding in site.watch.findings if "frame-ancestors" in finding]
    assert refused
    site.watch.findings.clear()


@pytest.mark.parametrize("target", ["/", "/webinars/knee-options"])
def test_no_other_page_can_be_framed_by_anybody(framed: Callable[..., Site], blog: Blog, target: str) -> None:
    """The control: an allowed site frames what is meant for it, and nothing else."""
    site = framed()
    blog.text = f'<!DOCTYPE html><title>x</title><iframe src="{site.address}{target}"></iframe>'
    page = read(site, blog)
    page.wait_for_timeout(500)
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_count(0)
    assert any("frame-ancestors" in finding for finding in site.watch.findings)
    site.watch.findings.clear()


def test_others_cannot_make_the_frame_grow(framed: Callable[..., Site], blog: Blog) -> None:
    site = framed()
    page = read(site, blog)
    expect(page.get_by_role("link", name=SCRIPTED)).to_be_hidden()
    before = page.locator(DATES).evaluate("item => item.style.height")
    page.evaluate("postMessage({webinars: {height: 9999}}, '*')")
    page.wait_for_timeout(200)
    assert page.locator(DATES).evaluate("item => item.style.height") == before


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("path", ["/embed/webinars/knee-options", "/embed/topics/knee"])
def test_axe_finds_nothing_in_a_frame(framed: Callable[..., Site], path: str, colours: str) -> None:
    site = framed()
    page = site.open(path, viewport={"width": 320, "height": 400}, color_scheme=colours)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_console_gives_the_code_and_shows_it(framed: Callable[..., Site], blog: Blog) -> None:
    site = framed()
    password = site.make.host()
    page = site.open("/console/sign-in", **DESKTOP)
    page.get_by_label("E-mail").fill("host@clinic.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.address}/console/embed?of=webinars/knee-options&src=newsletter")
    base = site.process.settings.base_url
    expect(page.locator("pre").nth(1)).to_contain_text(
        f'href="{base}/webinars/knee-options?src=newsletter" data-webinars'
    )
    expect(page.locator("pre").nth(1)).to_contain_text(f'<script src="{base}/embed.js" defer></script>')
    ways = page.locator("section")
    expect(ways.nth(0).get_by_role("link", name="Join a webinar")).to_have_attribute(
        "href", "/webinars/knee-options?src=newsletter"
    )
    expect(ways.nth(1).get_by_role("link")).to_be_hidden()
    for way in (ways.nth(1), ways.nth(2)):
        expect(way.frame_locator("iframe").get_by_role("link", name="Register")).to_have_count(2)
    expect(page.get_by_text(blog.address)).to_be_visible()
    # What is shown as a link works on the blog as it is.
    blog.text = f"<!DOCTYPE html><title>x</title>{page.locator('pre').nth(1).inner_text().replace(base, site.address)}"
    other = read(site, blog)
    expect(other.frame_locator("iframe").get_by_role("link", name="Register")).to_have_count(2)


def kept_source(site: Site) -> dict[str, Any]:

    with site.process.read() as work:
        source: dict[str, Any] = work.db.scalars(sa.select(Registration)).one().source
    return source
