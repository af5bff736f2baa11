"""What comes after a session, as people use it: with and without JavaScript, on a phone and at a desk."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.browser.test_patients import fits, link_path, room
from tests.conftest import NOW
from tests.support.axe import violations
from webinars.clock import ShiftedClock
from webinars.tables import Registration, Request, SurveyReply
from webinars.terms import LinkPurpose, RequestKind

pytestmark = pytest.mark.browser
replay_site = room
"""Somebody else's server: where the recording is."""
RECORDING = re.compile(r"http://localhost:\d+/v/1")
"""Where the short link leads on to: an origin that nobody has named."""


@pytest.mark.parametrize(
    ("screen", "has_script"),
    [pytest.param(PHONE, False, id="phone-no-script"), pytest.param(DESKTOP, True, id="desktop-script")],
)
def test_a_registrant_looks_back_and_goes_on(
    site: Site, replay_site: str, screen: dict[str, Any], has_script: bool
) -> None:
    make = site.make
    make.topic("knee", "Knee")
    make.webinar("knee-options", topics=("knee",))
    registered = make.registration(make.session("knee-options", starts_in=timedelta(hours=1)).session.id)
    make.session("knee-options", starts_in=timedelta(days=9))
    with site.process.work() as work:
        work.db.execute(sa.text("UPDATE webinars SET replay_url = :url"), {"url": f"{replay_site}/short"})
    site.process.clock = ShiftedClock(NOW + timedelta(hours=3))
    site.watch.allowed |= {replay_site, replay_site.replace("127.0.0.1", "localhost")}
    site.watch.expected_statuses.add(422)
    page = site.open(
        link_path(site, LinkPurpose.enter, registered.registration), java_script_enabled=has_script, **screen
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("After your webinar")
    fits(page)

    page.get_by_role("button", name="Ask for a call").click()
    page.get_by_role("link", name="Enter the phone number").click()
    expect(page.get_by_label("Phone number")).to_be_focused()
    if has_script:
        assert violations(page) == []
    fits(page)
    page.get_by_label("Not sure").check()
    page.get_by_label("Phone number").fill("303 555 0134")
    page.get_by_label("When does a call suit you best?").select_option("In the evening")
    page.get_by_role("button", name="Ask for a call").click()
    expect(page.get_by_role("status")).to_contain_text("Somebody from the clinic calls you")
    page.get_by_label("5 – very helpful").check()
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")
    page.get_by_role("button", name="Send me the information packet").click()
    expect(page.get_by_role("status")).to_contain_text("Somebody from the clinic sends it to you")
    if has_script:
        assert violations(page) == []
    page.get_by_role("button", name="Watch the replay").click()
    expect(page).to_have_url(RECORDING)
    page.go_back()  # over the page that led on
    expect(page.get_by_role("heading", level=1)).to_have_text("After your webinar")
    with site.process.read() as work:
        assert work.db.scalars(sa.select(Registration.replayed_at)).one() is not None
        assert set(work.db.scalars(sa.select(Request.kind))) == set(RequestKind)
        assert work.db.scalars(sa.select(SurveyReply.rating)).all() == [5]
