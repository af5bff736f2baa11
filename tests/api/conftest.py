"""Clients of the JSON API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.factories import Factory
from webinars.terms import Scope

Caller = Callable[..., httpx.Client]


@pytest.fixture
def caller(address: str, factory: Factory) -> Iterator[Caller]:
    """Makes clients whose token has the scopes they are made with."""
    with ExitStack() as stack:

        def make(*scopes: Scope) -> httpx.Client:
            headers = {"Authorization": f"Bearer {factory.token(*scopes)}"}
            return stack.enter_context(httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=30))

        yield make


@pytest.fixture
def api(caller: Caller) -> httpx.Client:
    """A client with a token of all scopes."""
    return caller()


@pytest.fixture
def public(address: str) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=f"{address}/api/v1", timeout=30) as client:
        yield client
