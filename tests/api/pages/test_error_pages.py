"""Pages for what went wrong: each says what happened and what to do next, and whom to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.pages.patients import listing
from tests.factories import Factory
from webinars.errors import Busy, RegistrationErased, TooManyRequests
from webinars.work import Process

PHONE = 'href="tel:+13035550100"'
AGAIN = ">Try again</a>"


@pytest.fixture
def site(sqlite_process: Process, serve: Callable[[Process], str]) -> str:
    return serve(sqlite_process)


@pytest.fixture
def failing(site: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], httpx.Response]:
    """The home page as it is when something is raised on the way to it."""

    def get(error: Exception) -> httpx.Response:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(listing.programme, "list_offers", fail)
        return httpx.get(f"{site}/?timezone=America/Denver", timeout=30)

    return get


def helps(answer: httpx.Response, heading: str) -> None:
    """One heading, a way on, somebody to call, and nothing for search engines or caches."""
    assert f"<h1>{heading}</h1>" in answer.text
    assert 'href="/">See all webinars</a>' in answer.text
    assert PHONE in answer.text.partition("<main")[2]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "heading"),
    [
        ("GET", "/nowhere", {}, 404, "We cannot find this page"),
        ("GET", "/webinars/gone", {}, 404, "We cannot find this page"),
        ("GET", "/sessions/019caf10-3180-710f-8d0e-3bf4e207dc24/register", {}, 404, "We cannot find this page"),
        ("GET", "/m/an-old-link", {}, 404, "This link does not work any more"),
        ("GET", "/j/an-old-link", {}, 404, "This link does not work any more"),
        ("POST", "/topics/knee", {}, 405, "This does not work here"),
        (
            "POST",
            "/topics/knee/alerts",
            {"headers": {"Origin": "https://other.example"}},
            403,
            "This form was not sent",
        ),
        ("POST", "/topics/knee/alerts", {"content": b"x" * 100_000}, 413, "That is more than we can take"),
    ],
)
def test_what_is_not_there_or_not_possible(
    site: str,
    sqlite_factory: Factory,
    method: str,
    path: str,
    options: dict[str, Any],
    status: int,
    heading: str,
) -> None:
    sqlite_factory.topic()
    given = {"headers": {"Sec-Fetch-Site": "same-origin"}} | options
    answer = httpx.request(method, site + path, timeout=30, **given)
    assert answer.status_code == status
    assert heading in answer.text.partition("<h1>")[2].partition("</h1>")[0]
    helps(answer, answer.text.partition("<h1>")[2].partition("</h1>")[0])
    assert AGAIN not in answer.text


def test_a_surprise_is_our_fault_and_can_be_tried_again(failing: Callable[[Exception], httpx.Response]) -> None:
    answer = failing(RuntimeError("secret detail"))
    assert answer.status_code == 500
    helps(answer, "Sorry, something went wrong")
    assert f'<a class="button" href="/"{AGAIN}' in answer.text
    assert "secret" not in answer.text


def test_who_must_wait_is_told_how_long(failing: Callable[[Exception], httpx.Response]) -> None:
    for seconds, words in ((20, "wait a minute"), (130, "wait 3 minutes")):
        answer = failing(TooManyRequests(retry_after=seconds))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, str(seconds))
        helps(answer, "Please wait a moment")
        assert words in answer.text
        assert AGAIN in answer.text


def test_where_very_many_come_at_once(failing: Callable[[Exception], httpx.Response]) -> None:
    answer = failing(Busy(retry_after=1))
    assert answer.status_code == 503
    helps(answer, "Please wait a moment")
    assert AGAIN in answer.text


def test_what_was_deleted_is_gone(failing: Callable[[Exception], httpx.Response]) -> None:
    answer = failing(RegistrationErased())
    assert answer.status_code == 410
    assert "<h1>Your data is deleted</h1>" in answer.text
    assert AGAIN not in answer.text
