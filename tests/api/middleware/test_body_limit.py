"""Bodies over the limit are refused, whether they announce their size or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from api.middleware.body_limit import IMPORT_LIMIT, LOGO, LOGO_LIMIT, PUBLIC_LIMIT, TOKEN_LIMIT
from webinars.work import Process


@pytest.fixture
def visitor(sqlite_process: Process, serve: Callable[[Process], str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve(sqlite_process), headers={"Sec-Fetch-Site": "same-origin"}) as client:
        yield client


def _in_pieces(size: int) -> Iterator[bytes]:
    yield b'{"email": "'
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_an_announced_size_over_the_limit_is_refused_as_a_problem(visitor: httpx.Client) -> None:
    answer = visitor.post(f"/api/v1/sessions/{uuid4()}/registrations", content=b"x" * (PUBLIC_LIMIT + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_that_turns_out_too_large_is_refused(visitor: httpx.Client) -> None:
    answer = visitor.post(f"/api/v1/sessions/{uuid4()}/registrations", content=_in_pieces(PUBLIC_LIMIT + 4096))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_within_the_limit_reaches_the_route(visitor: httpx.Client) -> None:
    answer = visitor.post(f"/api/v1/sessions/{uuid4()}/registrations", content=b"x" * (PUBLIC_LIMIT - 1))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_only_imports_of_somebody_known_may_be_larger(visitor: httpx.Client) -> None:
    paths = [f"/api/v1/sessions/{uuid4()}/registrations", f"/console/sessions/{uuid4()}/registrants"]
    token, cookie = {"Authorization": "Bearer web_wrong"}, {"Cookie": "webinars=wrong"}
    for path, headers in ((paths[0], token), (paths[1], cookie)):
        for size in (TOKEN_LIMIT + 1, IMPORT_LIMIT):
            assert visitor.post(f"{path}/import", content=b"x" * size, headers=headers).status_code != 413
            assert visitor.post(path, content=b"x" * size, headers=headers).status_code == 413
            assert visitor.post(f"{path}/import", content=b"x" * size).status_code == 413
        assert visitor.post(f"{path}/import", content=b"x" * (IMPORT_LIMIT + 1), headers=headers).status_code == 413


def test_so_may_the_clinics_logo(visitor: httpx.Client) -> None:
    cookie = {"Cookie": "webinars=wrong"}
    sizes = [(LOGO_LIMIT, cookie), (LOGO_LIMIT + 1, cookie), (LOGO_LIMIT, {})]
    answers = [visitor.post(LOGO, content=b"x" * size, headers=headers).status_code for size, headers in sizes]
    assert answers == [303, 413, 413]


def test_a_form_that_is_too_large_gets_a_page(visitor: httpx.Client) -> None:
    answer = visitor.post(f"/sessions/{uuid4()}/register", content=b"x" * (PUBLIC_LIMIT + 1))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "That is more than we can take" in answer.text
