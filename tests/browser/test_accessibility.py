"""Every page in every state, looked at by axe, by a validator and by the keyboard, on all kinds of screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.browser.states import CONSOLE_GROUPS, GROUPS, HOST, State, seats_of_every_kind, show
from tests.factories import Factory
from tests.support.axe import violations
from tests.support.html import html_mistakes

pytestmark = pytest.mark.browser
DESK_SIZE = {"width": 1280, "height": 900}
PHONE_SIZE = {"width": 360, "height": 740}
SMALLEST = {"width": 320, "height": 640}


def open_details(page: Page) -> None:
    for details in page.locator("details").all():
        details.evaluate("item => item.open = true")


def look_at(page: Page) -> list[str]:
    """What is wrong with a page on a phone and at a desk, light and dark, in forced colours, small, and enlarged."""
    open_details(page)
    page.emulate_media(reduced_motion="reduce")  # nor is a button caught between two colours
    found = []
    for size, scheme in ((PHONE_SIZE, "light"), (PHONE_SIZE, "dark"), (DESK_SIZE, "light"), (DESK_SIZE, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        only = None if (size, scheme) in ((PHONE_SIZE, "light"), (DESK_SIZE, "dark")) else ("color-contrast",)
        found += [f"{size['width']} {scheme} {violation}" for violation in violations(page, only)]
    page.evaluate("document.documentElement.style.fontSize = '225%'")  # all words twice as large
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("words twice as large scroll sideways")
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"wider than {SMALLEST['width']} px")
    page.emulate_media(color_scheme="light", forced_colors="active", reduced_motion="reduce")
    found += page.evaluate(UNBORDERED_OR_MOVING)
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    return found


UNBORDERED_OR_MOVING = """() => [...document.querySelectorAll("body *")].flatMap((item) => {
    const look = getComputedStyle(item), name = item.outerHTML.slice(0, 80);
    const moves = parseFloat(look.transitionDuration) > 0 || parseFloat(look.animationDuration) > 0;
    const borderless = item.matches(".button, select, textarea, input[type=text], input[type=email]")
      && item.checkVisibility() && parseFloat(look.borderTopWidth) < 1;
    return [...(moves ? [`moves: ${name}`] : []), ...(borderless ? [`no border in forced colours: ${name}`] : [])];
})"""


def unreachable(page: Page) -> list[str]:
    """What can be pressed or typed in, but the keyboard does not come to it, or one does not see that it has come."""
    wanted: int = page.evaluate(WATCH_THE_FOCUS)
    missed: list[str] = []
    for _ in range(4):  # a date has three stops, a frame its own, and after a mistake the way begins in the middle
        for _ in range(wanted // 2 + 6):
            page.keyboard.press("Tab")
        missed = page.evaluate("watchedByTest()")
        if not missed:
            break
    return missed


WATCH_THE_FOCUS = """() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
      .filter((item) => item.checkVisibility() && item.tabIndex >= 0 && item.type !== "hidden");
    const group = (item) => item.type === "radio" ? item.name : item;  // the arrows lead on inside
    const wanted = new Set(all.map(group)), hidden = [];
    addEventListener("focusin", ({ target: at }) => {
      const look = getComputedStyle(at), box = at.getBoundingClientRect();
      wanted.delete(group(at));
      const isShown = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
      if (!(isShown && box.bottom > 0 && box.top < innerHeight)) hidden.push(at);
    });
    window.watchedByTest = () => [
      ...[...wanted].map((item) => `the keyboard does not come to ${(item.outerHTML || item).slice(0, 120)}`),
      ...hidden.map((item) => `the focus does not show on ${item.outerHTML.slice(0, 120)}`),
    ];
    document.activeElement.blur();
    scrollTo(0, 0);
    return wanted.size;
}"""


def walk(site: Site, states: list[State], page_options: dict[str, Any], *, password: str = "") -> list[str]:
    found, raw = [], {}
    for number, shown in enumerate(show(site, states, password=password, **page_options)):
        name = f"{number} {shown.state.path} {shown.state.press}"
        raw[name] = shown.html
        found += [f"{name}: {mistake}" for mistake in [*look_at(shown.page), *unreachable(shown.page)]]
    return found + html_mistakes(raw)


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_wrong_with_patients_pages(site: Site, group: Callable[[Factory], list[State]]) -> None:
    found = walk(site, group(site.make), PHONE)
    assert not found, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("group", CONSOLE_GROUPS)
def test_nothing_is_wrong_with_the_console(site: Site, group: Callable[[Factory], list[State]]) -> None:
    password = site.make.host(HOST)
    found = walk(site, group(site.make), DESKTOP, password=password)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_where_too_many_come(site: Site) -> None:
    site.watch.expected_statuses |= {404, 429}
    page = site.open("/m/wrong", **PHONE)
    for _ in range(60):
        if page.goto(f"{site.address}/m/wrong").status == 429:  # type: ignore[union-attr]
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Please wait a moment")
    assert look_at(page) == []


def test_control_axe_sees_what_is_wrong(site: Site) -> None:
    page = site.open("/", **DESKTOP)
    page.evaluate("""() => {
        document.querySelector('main').insertAdjacentHTML('beforeend', '<input type="text"><img src="data:,">')
    }""")
    found = violations(page)
    assert any(item.startswith("label:") for item in found)
    assert any(item.startswith("image-alt:") for item in found)


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
