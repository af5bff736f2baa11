"""The same evening in four zones, from the listing to the room: with and without a script, on a phone and at a desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.browser.states import knee
from tests.browser.test_patients import fits
from webinars.documents.times import shown_time
from webinars.tables import Registration
from webinars.terms import LinkPurpose

pytestmark = pytest.mark.browser
EVENING = timedelta(days=7, hours=10)
"""6 PM in the clinic's zone, when it is the next morning further east."""


@pytest.mark.parametrize(
    ("zone", "day", "screen", "has_script"),
    [
        pytest.param("America/Denver", "Mon9Mar", PHONE, True, id="denver-phone-script"),
        pytest.param("Australia/Adelaide", "Tue10Mar", DESKTOP, True, id="adelaide-desktop-script"),
        pytest.param("Pacific/Honolulu", "Mon9Mar", PHONE, False, id="honolulu-phone-plain"),
        pytest.param("Europe/London", "Tue10Mar", DESKTOP, False, id="london-desktop-plain"),
    ],
)
def test_every_page_says_the_visitors_own_time(
    site: Site, zone: str, day: str, screen: dict[str, Any], has_script: bool
) -> None:
    knee(site.make)
    starts_at = site.make.session("knee-options", starts_in=EVENING).session.starts_at
    start_clock(site)
    own = shown_time(starts_at, zone, "en-US")
    words = (own.date, own.clock.replace("\u202f", " "), zone)

    def tells(page: Page) -> None:
        said = page.locator("main time").first.inner_text().replace("\u202f", " ")
        assert [word for word in words if word not in said] == [], (page.url, said)
        clinic = page.locator("main .elsewhere").first
        expect(clinic).to_be_visible(visible=zone != "America/Denver")
        expect(clinic).to_contain_text("America/Denver")
        fits(page)

    page = site.open("/", timezone_id=zone, java_script_enabled=has_script, **screen)
    if not has_script:
        page.get_by_text("Change").click()
        page.get_by_label("Show times in").select_option(zone)
        page.get_by_role("button", name="Show").click()
    tells(page)
    expect(page.locator(".leaf").first).to_have_text(day)
    page.get_by_role("link", name="Knee pain: options").click()
    tells(page)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    tells(page)
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    if not has_script:
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your seat is reserved")
    tells(page)
    with site.process.read() as work:
        registration = work.db.scalars(sa.select(Registration)).one()
    assert registration.timezone == zone
    for purpose, folder in ((LinkPurpose.manage, "m"), (LinkPurpose.enter, "j")):
        token = site.process.vault.link_token(purpose, registration.id, registration.link_version)
        page.goto(f"{site.address}/{folder}/{token}")
        tells(page)
