"""A host at work: signing in, offering a webinar, scheduling it, seeing who registered; with and without a script."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site

pytestmark = pytest.mark.browser
EMAIL = "host@clinic.example"


@pytest.mark.parametrize("screen", [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")])
@pytest.mark.parametrize("has_script", [pytest.param(True, id="script"), pytest.param(False, id="no-script")])
def test_a_host_offers_a_webinar_and_sees_who_registers(site: Site, screen: dict[str, Any], has_script: bool) -> None:
    password = site.make.host(EMAIL)
    site.make.topic()
    site.watch.expected_statuses.add(422)
    page = site.open("/console/webinars", java_script_enabled=has_script, **screen)
    _sign_in(page, password)
    _offer(page)
    session_id = _schedule(page)
    site.make.registration(session_id, "ana@mail.example")
    _look_at_registrants(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")


def _sign_in(page: Page, password: str) -> None:
    expect(page).to_have_url(re.compile("/console/sign-in"))
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is not right.")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/console/webinars$"))  # where the host wanted to go


def _offer(page: Page) -> None:
    page.get_by_role("link", name="New webinar").click()
    page.get_by_label("Title", exact=True).fill("Knee pain: options")
    page.get_by_role("button", name="Create as a draft").click()
    wrong = page.get_by_role("link", name="Use lower-case letters")
    expect(wrong).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Knee pain: options")
    page.get_by_label("Short name").fill("knee-options")
    page.get_by_text("Knee", exact=True).click()
    page.get_by_label("All of Knee").check()
    page.get_by_role("button", name="Create as a draft").click()
    expect(page.get_by_role("status")).to_contain_text("Created as a draft.")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Published.")


def _schedule(page: Page) -> UUID:
    page.get_by_role("link", name="Schedule a session").click()
    page.get_by_label("Day").fill("2026-03-20")
    page.get_by_label("Start").fill("18:00")
    page.get_by_label("Time zone").select_option("America/Denver")
    page.get_by_label("Seats", exact=True).fill("25")
    page.get_by_label("Address of the room").fill("https://rooms.example/r/1")
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("status")).to_have_text("The session is scheduled.")
    expect(page.get_by_text("Friday, March 20, 2026, 6:00 PM Mountain Time (America/Denver)")).to_be_visible()
    return UUID(page.url.partition("?")[0].rpartition("/")[2])


def _look_at_registrants(page: Page) -> None:
    page.get_by_role("link", name="Registrants").click()
    expect(page.get_by_role("link", name="Ana Núñez")).to_be_visible()
    expect(page.get_by_text("a•••@m•••.example")).to_be_visible()
    page.get_by_role("button", name="Show addresses").click()
    expect(page.get_by_text("ana@mail.example")).to_be_visible()
    page.get_by_role("link", name="Ana Núñez").click()
    expect(page.get_by_role("heading", name="Ana Núñez")).to_be_visible()
    expect(page.get_by_text("Confirmation")).to_be_visible()
    sideways = page.locator("html").evaluate("html => html.scrollWidth > html.clientWidth")
    assert not sideways
