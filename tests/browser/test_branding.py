"""A clinic's own look, in a real browser: its colour and logo on every page, and nothing that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories import ACTOR
from tests.support.axe import violations
from tests.support.pictures import png
from webinars.services import branding
from webinars.terms import Role

pytestmark = pytest.mark.browser
DARK_RED = "#7a1f1f"
MOST_REQUESTS = 6


def dressed(site: Site) -> None:
    """As unusual as can be: a very long name, a colour at the edge of what is let in, a wide logo."""
    make = site.make
    make.topic("knee", "Knee")
    make.webinar("knee-options", topics=("knee",), summary="Options before surgery.")
    make.session("knee-options")
    changes = {"name": "Evergreen Regenerative Orthopaedics and Spine Care " * 2, "accent": "#ba372a"}
    changes["name"] = changes["name"].strip()
    with site.process.work() as work:
        branding.save_branding(work, changes, version=0, actor=ACTOR, now=make.now)
        branding.save_logo(work, png(90, 60), version=1, actor=ACTOR, now=make.now)


def painted(page: Page, selector: str) -> str:
    style: str = page.locator(selector).first.evaluate("item => getComputedStyle(item).backgroundColor")
    return style


@pytest.mark.parametrize(
    "screen",
    [
        pytest.param(PHONE | {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"}, id="phone-light"),
        pytest.param(DESKTOP | {"color_scheme": "dark"}, id="desktop-dark"),
    ],
)
def test_every_page_wears_the_clinics_colour_and_can_be_read(site: Site, screen: dict[str, Any]) -> None:
    dressed(site)
    page = site.open("/livez", **screen)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    site.watch.expected_statuses.add(404)
    for path in ("/", "/webinars/knee-options", "/privacy", "/embed/webinars/knee-options", "/nowhere"):
        asked.clear()
        page.goto(site.address + path)
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"], path
        assert len([url for url in asked if "/visits" not in url]) <= MOST_REQUESTS, path
        if not path.startswith("/embed"):
            assert page.locator("img.logo").evaluate("image => image.naturalWidth") == 90, path
            expect(page.get_by_role("link", name="What we keep of you, and for how long")).to_be_visible()
    page.goto(f"{site.address}/embed/webinars/knee-options")
    is_light = screen["color_scheme"] == "light"
    assert (painted(page, ".button") == "rgb(186, 55, 42)") == is_light
    assert painted(page, ".button") != "rgb(11, 90, 107)", "the house's own"


def test_a_manager_dresses_the_pages(site: Site, tmp_path: Path) -> None:
    """A yellow is refused, a dark red taken, a logo put up; and whoever prints gets black on white."""
    password = site.make.host("boss@clinic.example", Role.manager)
    (tmp_path / "logo.png").write_bytes(png(400, 100))
    page = site.open("/console/sign-in", **DESKTOP)
    page.get_by_label("E-mail").fill("boss@clinic.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Your clinic").click()
    assert violations(page) == []
    site.watch.expected_statuses.add(422)
    page.get_by_label("Colour", exact=True).fill("#f5c518")
    page.get_by_label("Name", exact=True).fill("Evergreen")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="White text on this colour reads 1.6:1")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Evergreen")
    assert violations(page) == []
    page.get_by_label("Colour", exact=True).fill(DARK_RED)
    page.get_by_role("button", name="Look at the colour first").click()
    assert page.locator(f'svg [fill="{DARK_RED}"]').count() == 2, "a link and a button"
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert painted(page, ".button") == "rgb(122, 31, 31)"
    page.get_by_label("Picture").set_input_files(tmp_path / "logo.png")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("banner").get_by_role("img", name="Evergreen")).to_be_visible()
    page.emulate_media(media="print")
    assert painted(page, "body") == "rgba(0, 0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--brand').trim()") == "#000"
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Remove the logo").click()
    expect(page.locator("img.logo")).to_have_count(0)
