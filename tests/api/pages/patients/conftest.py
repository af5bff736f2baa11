"""A visitor who reads pages and sends forms as a browser does."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from tests.factories import Factory
from webinars.services.links import link
from webinars.terms import LinkPurpose
from webinars.testing import SetClock
from webinars.work import Process

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
A_WHILE = timedelta(seconds=5)


class Visitor(httpx.Client):
    """Follows no redirects by itself, so that tests see them."""

    def __init__(self, address: str, clock: SetClock) -> None:
        super().__init__(base_url=address, timeout=30, headers={"Sec-Fetch-Site": "same-origin"})
        self._clock = clock

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's forms."""
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(self.get(path).text)}

    def register(self, session_id: UUID, query: str = "", **fields: str) -> httpx.Response:
        """Open the form, fill it in at leisure, send it."""
        path = f"/sessions/{session_id}/register"
        typed = {"name": "Ana Núñez", "email": "ana@mail.example", "seats": "1", "timezone": "America/New_York"}
        hidden = self.hidden(path + query)
        self._clock.advance(A_WHILE)
        return self.post(path, data=hidden | typed | fields)


@pytest.fixture
def visitor(sqlite_process: Process, serve: Callable[[Process], str], clock: SetClock) -> Iterator[Visitor]:
    with Visitor(serve(sqlite_process), clock) as client:
        yield client


@pytest.fixture
def make(sqlite_factory: Factory) -> Factory:
    return sqlite_factory


@pytest.fixture
def path_of(sqlite_process: Process) -> Callable[[LinkPurpose, object], str]:
    """The path of a registrant's personal link."""

    def path(purpose: LinkPurpose, registered: object) -> str:
        registration = registered.registration  # type: ignore[attr-defined]
        whole = link(sqlite_process.settings, sqlite_process.vault, purpose, registration)
        return whole.removeprefix(sqlite_process.settings.base_url)

    return path
