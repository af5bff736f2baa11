"""A real Chromium, watched: nothing may leave the origin, break the policy or end up in the console."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import NOW
from tests.factories import Factory
from tests.support.browser import launch_options
from webinars.clock import ShiftedClock
from webinars.work import Process

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    options = launch_options()
    if options is None:
        reason = "Chromium is not installed: run `python tools/prepare_tests.py`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that it should not have done."""

    allowed: set[str]
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

    def on_error(self, error: object) -> None:
        self.findings.append(f"script error: {error}")


@dataclass
class Site:
    """A running process with pages to open."""

    browser: Browser
    process: Process
    make: Factory
    address: str
    watch: Watch
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, path: str, **options: Any) -> Page:
        """A page in a context of its own; options are Playwright's."""
        context = self.browser.new_context(**({"locale": "en-US", "timezone_id": "America/Denver"} | options))
        self._contexts.append(context)
        context.on("request", self.watch.on_request)
        context.on("console", self.watch.on_console)
        context.on("weberror", lambda error: self.watch.on_error(error.error))
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(self.address + path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def site(
    chromium: Browser, sqlite_process: Process, serve: Callable[[Process], str], sqlite_factory: Factory
) -> Iterator[Site]:
    """Make what the test needs before `start_clock`: until then the clock stands still."""
    address = serve(sqlite_process)
    running = Site(chromium, sqlite_process, sqlite_factory, address, Watch({address}))
    yield running
    running.close()
    assert running.watch.findings == []


def start_clock(site: Site) -> None:
    """From here on time passes, as it does for people."""
    site.process.clock = ShiftedClock(NOW)
