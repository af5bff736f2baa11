"""Every patients' page in every state, looked at by axe, on a phone and at a desk, light and dark; and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.support.axe import violations
from webinars.services import registrations, sessions
from webinars.services.links import link
from webinars.services.registering import Registered
from webinars.terms import LinkPurpose, RegistrationStatus
from webinars.testing import SetClock

pytestmark = pytest.mark.browser
SCREENS = [
    pytest.param(PHONE | {"color_scheme": "light"}, id="phone-light"),
    pytest.param(PHONE | {"color_scheme": "dark"}, id="phone-dark"),
    pytest.param(DESKTOP | {"color_scheme": "light"}, id="desktop-light"),
    pytest.param(DESKTOP | {"color_scheme": "dark"}, id="desktop-dark"),
]
NARROW = {"viewport": {"width": 320, "height": 640}}
Opened = tuple[str, int]
"""An address and the status it answers with."""


def knee(make: Factory) -> None:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.presenter()
    make.webinar(
        "knee-options",
        topics=("knee",),
        presenters=("maria-castellan",),
        summary="Options before surgery.",
        description="You learn:\n\n- one thing\n- another",
        asks_question=True,
    )


def seats_of_every_kind(make: Factory) -> dict[str, Any]:
    """Sessions of one webinar: open, few seats, full with and without a waitlist, cancelled, closed, not open yet."""
    knee(make)
    named = {
        name: make.session("knee-options", starts_in=timedelta(days=7 + number), capacity=5, waitlist_open=waitlist)
        for number, (name, waitlist) in enumerate(
            [("open", True), ("few", True), ("waitlist", True), ("full", False), ("cancelled", True), ("closed", True)]
        )
    }
    for name, count in (("few", 4), ("waitlist", 5), ("full", 5)):
        for _ in range(count):
            make.registration(named[name].session.id)
    with make.process.work() as work:
        sessions.cancel_session(work, named["cancelled"].session.id, version=None, actor=ACTOR, now=make.now)
        changes = {"registration_closes_at": make.now - timedelta(hours=1)}
        sessions.update_session(work, named["closed"].session.id, changes, version=None, actor=ACTOR, now=make.now)
    later = make.session("knee-options", starts_in=timedelta(days=30))
    with make.process.work() as work:
        changes = {"registration_opens_at": make.now + timedelta(days=1)}
        sessions.update_session(work, later.session.id, changes, version=None, actor=ACTOR, now=make.now)
    return named | {"not_yet": later}


def listing_pages(make: Factory) -> list[Opened]:
    seats_of_every_kind(make)
    return [(path, 200) for path in ("/", "/topics/knee", "/topics/not-sure", "/presenters/maria-castellan")]


def webinar_pages(make: Factory) -> list[Opened]:
    seats_of_every_kind(make)
    make.webinar("undated", title="Later")
    return [
        ("/webinars/knee-options", 200),
        ("/webinars/knee-options/register", 422),
        ("/webinars/undated", 200),
        ("/nowhere", 404),
        ("/m/wrong", 404),
    ]


def form_pages(make: Factory) -> list[Opened]:
    named = seats_of_every_kind(make)
    make.question("knee-options", "choice", "Which knee?")
    forms: list[Opened] = [(f"/sessions/{item.session.id}/register", 200) for item in named.values()]
    chosen = "&".join(f"session={named[name].session.id}" for name in ("open", "few"))
    return [*forms, (f"/webinars/knee-options/register-several?{chosen}", 200)]


def thanks_pages(make: Factory) -> list[Opened]:
    session_id = seats_of_every_kind(make)["open"].session.id
    statuses = (RegistrationStatus.confirmed, RegistrationStatus.waitlisted, RegistrationStatus.pending)
    return [(f"/sessions/{session_id}/registered?status={status.value}", 200) for status in statuses]


def my_registration_pages(make: Factory) -> list[Opened]:
    """In each status."""
    knee(make)
    make.session("knee-options", starts_in=timedelta(days=9))
    full = make.session("knee-options", capacity=2)
    confirmed, left = make.registration(full.session.id), make.registration(full.session.id)
    waiting = [make.registration(full.session.id) for _ in range(2)]
    make.webinar("asked-first", needs_approval=True)
    pending = make.registration(make.session("asked-first").session.id)
    with make.process.work() as work:  # whose seat goes to the first who waits, as an offer
        registrations.withdraw(work, left.registration.id, make.now)
    people = [confirmed, left, *waiting, pending]
    return [(path_of(make, LinkPurpose.manage, person), 200) for person in people] + [("/my-registration", 404)]


def join_pages(make: Factory) -> list[Opened]:
    """Long before, in the last hour, at the time, afterwards, with a replay, and cancelled."""
    knee(make)
    make.webinar("recorded", replay_url="https://videos.example/1")
    long_before = make.session("knee-options", starts_in=timedelta(days=2))
    soon = make.session("knee-options", starts_in=timedelta(minutes=40))
    at_the_time = make.session("knee-options", starts_in=timedelta(minutes=10))
    without_room = make.session("knee-options", starts_in=timedelta(minutes=12), room_url="")
    over, replay, cancelled = (
        make.session(webinar, starts_in=timedelta(minutes=1), minutes=5)
        for webinar in ("knee-options", "recorded", "knee-options")
    )
    people = [make.registration(item.session.id) for item in (long_before, soon, at_the_time, without_room)]
    late = [make.registration(item.session.id) for item in (over, replay, cancelled)]
    with make.process.work() as work:
        sessions.cancel_session(work, cancelled.session.id, version=None, actor=ACTOR, now=make.now)
    clock = make.process.clock
    assert isinstance(clock, SetClock)
    clock.set(NOW + timedelta(minutes=8))
    return [(path_of(make, LinkPurpose.enter, person), 200) for person in [*people, *late]]


def path_of(make: Factory, purpose: LinkPurpose, registered: Registered) -> str:
    process = make.process
    whole = link(process.settings, process.vault, purpose, registered.registration)
    return whole.removeprefix(process.settings.base_url)


GROUPS = [listing_pages, webinar_pages, form_pages, thanks_pages, my_registration_pages, join_pages]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("pages", GROUPS)
def test_axe_finds_nothing(site: Site, pages: Callable[[Factory], list[Opened]], screen: dict[str, Any]) -> None:
    for path, status in pages(site.make):
        if status != 200:
            site.watch.expected_statuses.add(status)
        page = site.open(path, **screen)
        for details in page.locator("details").all():
            details.evaluate("item => item.open = true")
        assert violations(page) == [], path
        page.context.close()


@pytest.mark.parametrize("pages", GROUPS)
def test_nothing_is_wider_than_a_small_screen(site: Site, pages: Callable[[Factory], list[Opened]]) -> None:
    for path, status in pages(site.make):
        if status != 200:
            site.watch.expected_statuses.add(status)
        page = site.open(path, **NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        page.context.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_among_mistakes(site: Site, screen: dict[str, Any]) -> None:
    site.watch.expected_statuses.add(422)
    named = seats_of_every_kind(site.make)
    site.make.question("knee-options", "choice", "Which knee?", is_required=True)
    page = site.open(f"/sessions/{named['open'].session.id}/register", **screen)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert violations(page) == []


def test_axe_finds_nothing_where_too_many_come(site: Site) -> None:
    site.watch.expected_statuses |= {404, 429}
    page = site.open("/m/wrong", **PHONE)
    for _ in range(60):
        if page.goto(f"{site.address}/m/wrong").status == 429:  # type: ignore[union-attr]
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Please wait a moment")
    assert violations(page) == []


def test_control_axe_sees_what_is_wrong(site: Site) -> None:
    page = site.open("/", **DESKTOP)
    page.evaluate("""() => {
        document.querySelector('main').insertAdjacentHTML('beforeend', '<input type="text"><img src="data:,">')
    }""")
    found = violations(page)
    assert any(item.startswith("label:") for item in found)
    assert any(item.startswith("image-alt:") for item in found)


def test_registering_by_keyboard_alone(site: Site) -> None:
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


def press_on(page: Page, role: Any, name: str) -> None:
    tab_to(page, page.get_by_role(role, name=name, exact=True).first)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, wanted: Any) -> None:
    """Press Tab until something has the focus, and see that the focus shows and is not hidden on the way."""
    for _ in range(60):
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


def test_forced_colours_and_reduced_motion_are_respected(site: Site) -> None:
    named = seats_of_every_kind(site.make)
    page = site.open(
        f"/webinars/knee-options?session={named['open'].session.id}",
        forced_colors="active",
        reduced_motion="reduce",
        **PHONE,
    )
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    chosen = page.locator(".choice.boxed").first
    other = page.locator(".choice.boxed").nth(1)
    border = "item => getComputedStyle(item).borderTopColor"
    assert chosen.evaluate(border) != other.evaluate(border)
    button = page.get_by_role("button", name="Continue")
    assert button.evaluate("item => parseFloat(getComputedStyle(item).borderTopWidth)") >= 2
    assert button.evaluate("item => parseFloat(getComputedStyle(item).transitionDuration)") == 0
    moving = site.open("/webinars/knee-options", **PHONE)
    assert moving.get_by_role("button", name="Continue").evaluate(
        "item => parseFloat(getComputedStyle(item).transitionDuration)"
    ), "the control"
