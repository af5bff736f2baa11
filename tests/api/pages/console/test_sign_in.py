"""The console's door: who gets in, who does not, and how it looks from outside."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from api.pages.console.access import local_path
from tests.factories import PASSWORD, Factory
from webinars.clock import SetClock
from webinars.services import hosts, sessions
from webinars.settings import Environment
from webinars.tables import Host
from webinars.terms import Role, SessionStatus
from webinars.work import Process

EMAIL = "host@clinic.example"
PAGES = ("/console", "/console/webinars", "/console/webinars/new", "/console/presenters", "/console/topics")


def _try(visitor: httpx.Client, password: str, email: str = EMAIL, **more: str) -> httpx.Response:
    return visitor.post("/console/sign-in", data={"email": email, "password": password, **more})


def test_right_password_opens_the_console(visitor: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.host(EMAIL)
    answer = _try(visitor, PASSWORD, next="/console/webinars")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/webinars"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("webinars=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= set(cookie.split("; "))
    page = visitor.get("/console/webinars")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


def test_over_tls_the_cookie_is_bound_to_the_host(site: str, sqlite_process: Process, sqlite_factory: Factory) -> None:
    sqlite_factory.host(EMAIL)
    sqlite_process.settings = sqlite_process.settings.model_copy(
        update={"base_url": "https://webinars.clinic.example", "environment": Environment.test}
    )
    with httpx.Client(base_url=site, headers={"Sec-Fetch-Site": "same-origin"}) as visitor:
        cookie = _try(visitor, PASSWORD).headers["set-cookie"]
    assert cookie.startswith("__Host-webinars=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_wrong_password_and_unknown_address_get_the_same_answer(visitor: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.host(EMAIL)
    wrong = _try(visitor, "not the password")
    unknown = _try(visitor, "not the password", "nobody@clinic.example")
    assert wrong.status_code == unknown.status_code == 422
    assert "The e-mail address or the password is not right." in wrong.text
    assert wrong.text.replace(EMAIL, "") == unknown.text.replace("nobody@clinic.example", "")
    assert "not the password" not in wrong.text
    assert "set-cookie" not in wrong.headers


def test_a_disabled_host_is_a_stranger_at_once(
    visitor: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    sqlite_factory.host(EMAIL)
    assert _try(visitor, PASSWORD).status_code == 303
    with sqlite_process.work() as work:
        host = hosts.check_password(work, EMAIL, PASSWORD)
        known = work.db.get(Host, host.id)
        assert known is not None
        known.is_disabled = True
    assert visitor.get("/console").status_code == 303
    assert _try(visitor, PASSWORD).status_code == 422


def test_five_failures_close_the_door_to_an_address_even_with_the_right_password(
    visitor: httpx.Client, sqlite_factory: Factory
) -> None:
    sqlite_factory.host(EMAIL)
    for _ in range(5):
        assert _try(visitor, "guess").status_code == 422
    closed = _try(visitor, PASSWORD)
    assert closed.status_code == 429
    assert 0 < int(closed.headers["retry-after"]) <= 900
    assert "Too many tries" in closed.text


def test_five_failures_close_the_door_to_a_network_whatever_the_address(
    visitor: httpx.Client, sqlite_factory: Factory
) -> None:
    sqlite_factory.host(EMAIL)
    for number in range(5):
        assert _try(visitor, "guess", f"guess{number}@clinic.example").status_code == 422
    assert _try(visitor, PASSWORD).status_code == 429


def test_signing_in_well_counts_against_nobody(visitor: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.host(EMAIL)
    assert [_try(visitor, PASSWORD).status_code for _ in range(7)] == [303] * 7


@pytest.mark.parametrize("path", PAGES)
def test_without_a_cookie_every_page_leads_to_the_sign_in(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/sign-in?next={path.replace('/', '%2F')}"
    assert answer.headers["cache-control"] == "no-store"


def test_without_a_cookie_nothing_can_be_changed(
    visitor: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    session = sqlite_factory.session().session
    answer = visitor.post(f"/console/sessions/{session.id}/cancel", data={"version": "1"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole"
    with sqlite_process.read() as work:
        assert sessions.get_session(work, session.id).session.status is SessionStatus.scheduled


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_control_a_form_of_another_site_is_refused(console: httpx.Client, headers: dict[str, str]) -> None:
    answer = console.post("/console/topics", data={"name": "Hip", "slug": "hip"}, headers=headers)
    assert answer.status_code == 403
    assert console.post("/console/topics", data={"name": "Hip", "slug": "hip"}).status_code == 303


def test_a_sign_in_ends_after_twelve_hours(console: httpx.Client, clock: SetClock) -> None:
    clock.advance(timedelta(hours=11, minutes=59))
    assert console.get("/console").status_code == 200
    clock.advance(timedelta(minutes=2))
    assert console.get("/console").status_code == 303


def test_signing_out_ends_the_sign_in_on_the_server_too(console: httpx.Client) -> None:
    secret = console.cookies["webinars"]
    answer = console.post("/console/sign-out")
    assert answer.headers["location"] == "/console/sign-in?done=signed_out"
    assert "webinars" not in console.cookies
    assert console.get("/console", headers={"Cookie": f"webinars={secret}"}).status_code == 303


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console\\@evil.example",
        "/consolevil",
        "/console.evil.example",
        "/",
        "",
        "javascript:alert(1)",
        "/console/\r\nSet-Cookie: x=1",
        "/console/ü",
    ],
)
def test_next_leads_nowhere_but_into_the_console(text: str) -> None:
    assert local_path(text) == "/console"


@pytest.mark.parametrize("path", ["/console", "/console/webinars?done=saved", "/console/sessions/1/messages"])
def test_next_leads_back_into_the_console(path: str) -> None:
    assert local_path(path) == path


def test_the_sign_in_form_carries_only_a_local_next(visitor: httpx.Client) -> None:
    page = visitor.get("/console/sign-in", params={"next": "https://evil.example/"})
    assert "evil" not in page.text
    assert 'value="/console"' in page.text


def test_roles_stand_beside_the_address(viewer: httpx.Client) -> None:
    assert f"{Role.viewer}@clinic.example, viewer" in viewer.get("/console").text
