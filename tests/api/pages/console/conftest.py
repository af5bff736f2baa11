"""A console over real HTTP, and hosts signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.factories import Factory
from webinars.terms import Role
from webinars.work import Process

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser sends with a form of our own page."""

SignIn = Callable[[Role], httpx.Client]


@pytest.fixture
def site(sqlite_process: Process, serve: Callable[[Process], str]) -> str:
    """Where the console answers."""
    return serve(sqlite_process)


@pytest.fixture
def visitor(site: str) -> Iterator[httpx.Client]:
    """A browser that has not signed in."""
    with httpx.Client(base_url=site, headers=FROM_HERE, timeout=30) as client:
        yield client


@pytest.fixture
def signed_in(site: str, sqlite_factory: Factory) -> Iterator[SignIn]:
    """Makes browsers in which a host of a role has signed in."""
    with ExitStack() as stack:

        def sign_in(role: Role) -> httpx.Client:
            email = f"{role}@clinic.example"
            password = sqlite_factory.host(email, role)
            client = stack.enter_context(httpx.Client(base_url=site, headers=FROM_HERE, timeout=30))
            answer = client.post("/console/sign-in", data={"email": email, "password": password})
            assert answer.status_code == 303
            return client

        yield sign_in


@pytest.fixture
def console(signed_in: SignIn) -> httpx.Client:
    """A manager's browser."""
    return signed_in(Role.manager)


@pytest.fixture
def viewer(signed_in: SignIn) -> httpx.Client:
    """The browser of somebody who may only look."""
    return signed_in(Role.viewer)
