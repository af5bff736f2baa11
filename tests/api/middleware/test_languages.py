"""A language that an address names is kept for the pages to come, and nothing else is."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from api.middleware.languages import LanguageChoice
from tests.support.asgi import InProcess, RawRequest


def cookie(path: str, method: str = "GET", *, is_secure: bool = True) -> str:
    """What an answer wants to be kept."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def answer(request: Request) -> Response:
        return RedirectResponse("/elsewhere") if "go" in request.query_params else PlainTextResponse("Hola")

    app.add_middleware(LanguageChoice, is_secure=is_secure)
    with InProcess(app) as running:
        return running.send(RawRequest(method, path.encode(), ((b"host", b"clinic.example"),))).header("set-cookie")


@pytest.mark.parametrize("path", ["/?lang=es", "/m/token?go=1&lang=es", "/nowhere?src=a&lang=es"])
def test_it_comes_with_every_answer_to_a_link_that_names_a_language(path: str) -> None:
    plain = "language=es; Max-Age=31536000; Path=/; SameSite=Lax; HttpOnly"
    assert cookie(path, is_secure=False) == plain
    assert cookie(path) == f"{plain}; Secure"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?lang=xx",
        "/?lang=es%0d%0ax:y",
        "/?slang=es",
        "/api/v1/topics?lang=es",
        "/console?lang=es",
        "/embed/a?lang=es",
    ],
)
def test_nothing_is_kept_otherwise(path: str) -> None:
    assert cookie(path) == ""


def test_a_form_chooses_nothing() -> None:
    assert cookie("/?lang=es", "POST") == ""
