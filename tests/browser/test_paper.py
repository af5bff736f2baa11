"""What is printed: the appointment and the telephone number in black on white, and nothing to press."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, Site
from webinars.terms import LinkPurpose

pytestmark = pytest.mark.browser


def test_a_confirmation_fits_on_a_sheet_of_paper(site: Site) -> None:
    item = site.make.session()
    registered = site.make.registration(item.session.id, timezone="America/New_York")
    page = site.open(f"/sessions/{item.session.id}/registered?status=confirmed", color_scheme="dark", **DESKTOP)
    expect(page.get_by_role("link", name="Google Calendar")).to_be_visible()
    dark = page.evaluate(GROUND)
    page.emulate_media(media="print")
    for words in ("Thank you. Your seat is reserved", "Monday, March 9, 2026", "Questions? Call"):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.get_by_role("link", name="Google Calendar")).to_be_hidden()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_hidden()
    assert page.evaluate(GROUND) == "rgb(255, 255, 255)" != dark
    assert page.locator("h1").evaluate("item => getComputedStyle(item).color") == "rgb(0, 0, 0)"
    assert pages_of(page.pdf(format="Letter")) == 1
    token = site.process.vault.link_token(
        LinkPurpose.manage, registered.registration.id, registered.registration.link_version
    )
    page.emulate_media(media="screen")
    page.goto(f"{site.address}/m/{token}")
    expect(page.get_by_text("Cancel my registration", exact=True)).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text("Cancel my registration", exact=True)).to_be_hidden()
    expect(page.get_by_text("Monday, March 9, 2026").first).to_be_visible()
    assert pages_of(page.pdf(format="Letter")) == 1


GROUND = "getComputedStyle(document.documentElement).backgroundColor"


def pages_of(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/")
