"""Series in a real browser: a host schedules and moves one, a patient registers for several of its dates."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from sqlmodel import col

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.browser.test_patients import fits
from webinars.tables import Registration, WebinarSession
from webinars.terms import RegistrationStatus

pytestmark = pytest.mark.browser
EMAIL = "host@clinic.example"
SCREENS = [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")]
WEEK = timedelta(weeks=1)
SCRIPTS = [pytest.param(True, id="script"), pytest.param(False, id="no-script")]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("has_script", SCRIPTS)
def test_a_host_schedules_a_series_and_moves_it(site: Site, screen: dict[str, Any], has_script: bool) -> None:
    password = site.make.host(EMAIL)
    site.make.webinar("knee-options")
    site.watch.expected_statuses.add(422)
    page = site.open("/console/webinars/knee-options", java_script_enabled=has_script, **screen)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Add a series").click()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Enter the day of the session.").click()
    expect(page.get_by_label("Day", exact=True)).to_be_focused()
    page.get_by_label("Day", exact=True).fill("2026-10-20")
    page.get_by_label("Start").fill("18:00")
    page.get_by_label("Time zone").select_option("America/New_York")
    page.get_by_label("How many sessions").fill("3")
    fits(page)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("rowheader")).to_have_count(3)
    expect(page.get_by_text("The clocks went back")).to_have_count(1)
    fits(page)
    page.get_by_role("button", name="Schedule 3 sessions").click()
    expect(page.get_by_role("status")).to_have_text("The series is scheduled.")
    fits(page)
    page.get_by_role("link", name="Change the series").click()
    page.get_by_label("Start").fill("19:00")
    fits(page)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("3 sessions move")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Change the series").click()
    expect(page.get_by_role("status")).to_contain_text("The series is changed.")
    page.get_by_role("link", name="Cancel what is to come").click()
    expect(page.get_by_text("3 sessions to come will be cancelled")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Keep them").click()
    with site.process.read() as work:
        starts = sorted(work.db.scalars(sa.select(col(WebinarSession.starts_at))))
    assert [f"{start:%m-%dT%H}" for start in starts] == ["10-20T23", "10-27T23", "11-04T00"]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("has_script", SCRIPTS)
def test_a_patient_registers_for_several_dates(site: Site, screen: dict[str, Any], has_script: bool) -> None:
    make_series(site)
    start_clock(site)
    page = site.open("/webinars/knee-options", java_script_enabled=has_script, **screen)
    page.get_by_text("Register for several dates").click()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(4)
    boxes.nth(0).check()
    boxes.nth(2).check()
    boxes.nth(3).check()
    fits(page)
    page.get_by_role("button", name="Continue with these dates").click()
    expect(page).to_have_title(re.compile("Register for 3 dates"))
    expect(page.locator("main time")).to_have_count(3)
    fits(page)
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    if not has_script:
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. This is how it stands")
    expect(page.get_by_text("Your seat is reserved", exact=True)).to_have_count(2)
    expect(page.get_by_text("You are on the waitlist", exact=True)).to_have_count(1)
    fits(page)
    assert "ana" not in page.url
    page.reload()
    with site.process.read() as work:
        found = sorted(work.db.scalars(sa.select(col(Registration.status))))
    assert found == [RegistrationStatus.confirmed] * 3 + [RegistrationStatus.waitlisted]  # one was there before


def make_series(site: Site) -> None:
    """Four dates, the last of them full."""
    site.make.webinar("knee-options")
    for week in range(1, 4):
        site.make.session("knee-options", starts_in=WEEK * week)
    full = site.make.session("knee-options", starts_in=WEEK * 4, capacity=1)
    site.make.registration(full.session.id)
