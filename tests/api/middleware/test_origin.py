"""Only our own pages may send forms; the JSON API, which knows no cookies, takes requests from anywhere."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from webinars.work import Process

FORM = {"email": "host@clinic.example", "password": "not the password"}


@pytest.fixture
def address(sqlite_process: Process, serve: Callable[[Process], str]) -> str:
    return serve(sqlite_process)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "null", "Host": ""},
        {"Origin": "http://[elsewhere"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_a_form_from_elsewhere_is_refused_with_a_page(address: str, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{address}/console/sign-in", data=FORM, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_a_form_from_here_reaches_the_route(address: str) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": address}):
        answer = httpx.post(f"{address}/console/sign-in", data=FORM, headers=headers)
        assert answer.status_code == 422, headers  # the password is wrong: somebody looked at it


def test_reading_is_open_to_all(address: str) -> None:
    assert httpx.get(f"{address}/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_api_takes_requests_from_anywhere(address: str) -> None:
    answer = httpx.post(f"{address}/api/v1/topics", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
