"""A real Chromium, watched: nothing may leave the origin, break the policy or end up in the console.

No test has to think of it: the browser that tests get watches every page they open, and the test fails at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError, sync_playwright

from tests.conftest import NOW
from tests.factories import Factory
from tests.support.browser import launch_options
from tests.support.programs import missing
from webinars.clock import ShiftedClock
from webinars.work import Process

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="session")
def unwatched() -> Iterator[Browser]:
    """Not for tests: they take `chromium`."""
    options = launch_options()
    if options is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that it should not have done."""

    allowed: set[str] = field(default_factory=set)
    """Origins that pages may ask for something."""
    expected_statuses: set[int] = field(default_factory=set)
    """Statuses of pages that a test asks for on purpose: Chromium reports each in the console."""
    findings: list[str] = field(default_factory=list)

    def on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and f"{parts.scheme}://{parts.netloc}" not in self.allowed:
            self.findings.append(f"request to {request.url}")

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if any(f"status of {status} " in message.text for status in self.expected_statuses):
            return
        self.findings.append(f"console: {message.text}")

    def on_error(self, error: WebError) -> None:
        self.findings.append(f"script error: {error.error}")


class Chromium:
    """The browser: whatever is opened in it is watched, and closed in the end."""

    def __init__(self, browser: Browser, watch: Watch) -> None:
        self._browser = browser
        self._watch = watch
        self._contexts: list[BrowserContext] = []

    def new_context(self, **options: Any) -> BrowserContext:
        context = self._browser.new_context(**({"locale": "en-US", "timezone_id": "America/Denver"} | options))
        context.on("request", self._watch.on_request)
        context.on("console", self._watch.on_console)
        context.on("weberror", self._watch.on_error)
        self._contexts.append(context)
        return context

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def chromium(unwatched: Browser, watch: Watch) -> Iterator[Chromium]:
    """What tests open pages with. Whatever a page did that it should not have done is found when they end."""
    chromium = Chromium(unwatched, watch)
    yield chromium
    chromium.close()
    assert watch.findings == []


@dataclass
class Site:
    """A running process with pages to open."""

    browser: Chromium
    process: Process
    make: Factory
    address: str
    watch: Watch

    def open(self, path: str, **options: Any) -> Page:
        """A page in a context of its own; options are Playwright's."""
        page = self.browser.new_context(**options).new_page()
        page.set_default_timeout(15_000)
        page.goto(self.address + path)
        return page


@pytest.fixture
def site(
    sqlite_process: Process,
    serve: Callable[[Process], str],
    sqlite_factory: Factory,
    chromium: Chromium,
    watch: Watch,
) -> Site:
    """Make what the test needs before `start_clock`: until then the clock stands still."""
    address = serve(sqlite_process)
    watch.allowed.add(address)
    return Site(chromium, sqlite_process, sqlite_factory, address, watch)


def start_clock(site: Site) -> None:
    """From here on time passes, as it does for people."""
    site.process.clock = ShiftedClock(NOW)
