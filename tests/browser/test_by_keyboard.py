"""What patients do, by keyboard alone: from the page they come to, without a mouse and without a finger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.browser.states import knee, path_of
from webinars.services import registrations
from webinars.services.subscriptions import page_url
from webinars.tables import Subscription
from webinars.terms import LinkPurpose, SubscriptionState

pytestmark = pytest.mark.browser
SCRIPTS = [pytest.param(True, PHONE, id="script"), pytest.param(False, DESKTOP, id="no-script")]


def test_registering(site: Site) -> None:
    knee(site.make)
    site.make.session("knee-options")
    start_clock(site)
    page = site.open("/", **DESKTOP)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    press_on(page, "link", "Knee")
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee")
    press_on(page, "link", "Knee pain: options")
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Register")
    tab_to(page, page.get_by_label("Full name"))
    page.keyboard.type("Ana Núñez")
    page.keyboard.press("Tab")
    page.keyboard.type("ana@mail.example")
    press_on(page, "button", "Register")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")


@pytest.mark.parametrize(("has_script", "screen"), SCRIPTS)
def test_taking_a_seat_giving_it_up_and_taking_that_back(site: Site, has_script: bool, screen: dict[str, Any]) -> None:
    session_id = site.make.session(capacity=1).session.id
    left, waiting = site.make.registration(session_id), site.make.registration(session_id)
    with site.process.work() as work:
        registrations.withdraw(work, left.registration.id, site.make.now)
    start_clock(site)
    page = site.open(path_of(site.make, LinkPurpose.manage, waiting), java_script_enabled=has_script, **screen)
    press_on(page, "button", "Yes, take the seat")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    tab_to(page, page.locator("summary", has_text="Cancel my registration"))
    page.keyboard.press("Enter")
    press_on(page, "button", "Yes, cancel my registration")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your registration is cancelled")
    press_on(page, "button", "Undo")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")


@pytest.mark.parametrize(("has_script", "screen"), SCRIPTS)
def test_asking_for_alerts_and_ending_them(site: Site, has_script: bool, screen: dict[str, Any]) -> None:
    knee(site.make)
    start_clock(site)
    page = site.open("/topics/knee", java_script_enabled=has_script, **screen)
    press_on(page, "link", "Tell me about new webinars: Knee")
    tab_to(page, page.get_by_label("E-mail address"))
    page.keyboard.type("ana@mail.example")
    tab_to(page, page.get_by_label("Tell me by e-mail about new webinars on this topic."))
    page.keyboard.press("Space")
    if not has_script:
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    press_on(page, "button", "Tell me")
    expect(page.get_by_role("heading", level=1)).to_have_text("Please look into your mailbox")
    with site.process.read() as work:
        row = work.db.scalars(sa.select(Subscription)).one()
        link = page_url(work.settings, work.vault, row).removeprefix(work.settings.base_url)
    page.goto(site.address + link)
    press_on(page, "button", "Yes, write to me")
    expect(page.get_by_role("heading", level=1)).to_have_text("We tell you about new webinars")
    press_on(page, "button", "Stop these e-mails")
    expect(page.get_by_role("heading", level=1)).to_have_text("We no longer write to you about new webinars")
    with site.process.read() as work:
        assert work.db.scalars(sa.select(Subscription)).one().state is SubscriptionState.ended


@pytest.mark.parametrize(("has_script", "screen"), SCRIPTS)
def test_saying_how_it_was_and_asking_for_a_call(site: Site, has_script: bool, screen: dict[str, Any]) -> None:
    registered = site.make.registration(site.make.session(starts_in=timedelta(minutes=1), minutes=5).session.id)
    start_clock(site)
    site.process.clock._starts_at += timedelta(hours=1)  # type: ignore[attr-defined]
    page = site.open(path_of(site.make, LinkPurpose.enter, registered), java_script_enabled=has_script, **screen)
    expect(page.get_by_role("heading", level=1)).to_have_text("After your webinar")
    tab_to(page, page.get_by_label("1 – not helpful"))
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_label("5 – very helpful")).to_be_checked()
    press_on(page, "button", "Send my answer")
    expect(page.get_by_text("Your answer helps us to do better.")).to_be_visible()
    tab_to(page, page.get_by_label("Not sure").or_(page.get_by_label("Yes", exact=True)).first)
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Phone number"))
    page.keyboard.type("+1 303 555 0111")
    press_on(page, "button", "Ask for a call")
    expect(page.get_by_text("Somebody from the clinic calls you.").first).to_be_visible()


def press_on(page: Page, role: Any, name: str) -> None:
    tab_to(page, page.get_by_role(role, name=name, exact=True).first)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, wanted: Any) -> None:
    """Press Tab until something has the focus, and see that the focus shows and is not hidden on the way."""
    for _ in range(90):
        page.keyboard.press("Tab")
        shown = page.evaluate("""() => {
            const at = document.activeElement, box = at.getBoundingClientRect(), look = getComputedStyle(at);
            return [look.outlineStyle !== "none", box.bottom > 0 && box.top < innerHeight];
        }""")
        if page.evaluate("document.activeElement === document.body"):
            continue
        assert shown == [True, True], page.evaluate("document.activeElement.outerHTML")
        if wanted.evaluate("item => item === document.activeElement"):
            return
    raise AssertionError("the keyboard does not lead there")
