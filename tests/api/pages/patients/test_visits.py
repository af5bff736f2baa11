"""Where visitors come from is carried along without a cookie, and pages count themselves."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from api.middleware.body_limit import VISIT_LIMIT
from api.middleware.headers import POLICY
from api.pages.rendering import STATIC
from tests.api.pages.patients.conftest import Visitor
from tests.factories import Factory
from webinars.tables import Registration, VisitCount
from webinars.testing import SetClock
from webinars.work import Process

BLOG = {"Referer": "https://blog.example/about/knees?patient=ana"}


@pytest.fixture
def session_id(make: Factory) -> UUID:
    make.topic("knee", "Knee")
    make.webinar("knee-options", topics=("knee",))
    return make.session("knee-options").session.id


def walk(visitor: Visitor, start: str, session_id: UUID, **headers: str) -> str:
    """From a first page over the site's own links to the form, as a browser goes; gives the form's address."""
    here = start
    page = visitor.get(here, headers=headers)
    for path in ("/topics/knee", "/webinars/knee-options"):
        (link,) = set(re.findall(rf'href="({path}(?:\?[^"]*)?)"', page.text))
        before, here = here, link.replace("&amp;", "&")
        page = visitor.get(here, headers={"Referer": f"{visitor.base_url}{before}"})
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    query = {name: value.replace("&amp;", "&") for name, value in fields.items()} | {"session": str(session_id)}
    chosen = visitor.get("/webinars/knee-options/register", params=query, headers={"Referer": str(visitor.base_url)})
    assert chosen.status_code == 303
    return chosen.headers["location"]


def register(visitor: Visitor, path: str, session_id: UUID, process: Process) -> dict[str, dict[str, str]]:
    """Register there; gives what is kept of where they came from."""
    assert visitor.register(session_id, f"?{urlsplit(path).query}").status_code == 303
    with process.read() as work:
        (registration,) = work.db.scalars(sa.select(Registration))
        return registration.source


def counted(process: Process) -> list[tuple[dict[str, str], int, int]]:
    with process.read() as work:
        return [(row.source, row.visits, row.forms) for row in work.db.scalars(sa.select(VisitCount))]


def test_the_first_pages_source_reaches_the_registration(
    visitor: Visitor, session_id: UUID, sqlite_process: Process
) -> None:
    form = walk(visitor, "/?utm_source=blog&utm_campaign=may&fbclid=secret", session_id, **BLOG)
    assert form == (
        f"/sessions/{session_id}/register?utm_source=blog&utm_campaign=may&referrer=https://blog.example/about/knees"
    )
    came = {"utm_source": "blog", "utm_campaign": "may", "referrer": "https://blog.example/about/knees"}
    assert register(visitor, form, session_id, sqlite_process) == {"first": came, "last": came}


def test_an_address_found_elsewhere_keeps_its_first_arrival_beside_the_newest(
    visitor: Visitor, session_id: UUID, sqlite_process: Process
) -> None:
    start = "/topics/knee?utm_source=mail&referrer=https://mail.example"
    form = walk_from_topic(visitor, start, session_id, {"Referer": "https://forum.example/t/1?x=1"})
    assert register(visitor, form, session_id, sqlite_process) == {
        "first": {"utm_source": "mail", "referrer": "https://mail.example"},
        "last": {"referrer": "https://forum.example/t/1"},
    }


def walk_from_topic(visitor: Visitor, start: str, session_id: UUID, headers: dict[str, str]) -> str:
    page = visitor.get(start, headers=headers)
    (link,) = set(re.findall(r'href="/webinars/knee-options(\?[^"]*)"', page.text))
    query = link.replace("&amp;", "&")
    own = {"Referer": str(visitor.base_url)}
    return visitor.get(f"/webinars/knee-options/register{query}&session={session_id}", headers=own).headers["location"]


def test_the_newest_arrival_replaces_the_last_and_the_first_one_stays(
    visitor: Visitor, session_id: UUID, sqlite_process: Process
) -> None:
    form = walk_from_topic(
        visitor,
        "/topics/knee?referrer=https://forum.example&first=utm_source%3Dmail",
        session_id,
        {"Referer": "https://news.example/"},
    )
    assert dict(parse_qsl(urlsplit(form).query)) == {"referrer": "https://news.example", "first": "utm_source=mail"}
    kept = register(visitor, form, session_id, sqlite_process)
    assert kept == {"first": {"utm_source": "mail"}, "last": {"referrer": "https://news.example"}}


def test_reading_a_page_again_changes_nothing_of_where_one_came_from(visitor: Visitor, session_id: UUID) -> None:
    came = {"Referer": "https://blog.example/a"}
    first = visitor.get("/?utm_source=blog", headers=came).text
    own = re.search(r'href="/topics/knee(\?[^"]*)"', first)
    assert own
    again = visitor.get("/" + own[1].replace("&amp;", "&"), headers=came).text
    assert re.search(r'href="/topics/knee(\?[^"]*)"', again)[1] == own[1]  # type: ignore[index]


def test_whoever_comes_directly_carries_nothing(visitor: Visitor, session_id: UUID, sqlite_process: Process) -> None:
    form = walk(visitor, "/", session_id)
    assert "?" not in form
    assert register(visitor, form, session_id, sqlite_process) == {}


@pytest.mark.parametrize(
    "query",
    [
        "utm_source=ana%40mail.example",
        "first=%00%ff%26%3D&utm_source=%00%0d%0a",
        "first=" + "first%3D" * 300,
        "referrer=javascript:alert(1)&page=http://[::1",
        "utm_content=" + "x" * 5000 + "&utm_source=" + "%F0%9F%A6%B4" * 400,
    ],
)
def test_hostile_and_personal_sources_are_made_clean(
    visitor: Visitor, session_id: UUID, sqlite_process: Process, query: str
) -> None:
    form = walk(visitor, f"/?{query}", session_id, Referer="http://[::1")
    assert len(form) < 4000
    kept = register(visitor, form, session_id, sqlite_process)
    assert "@" not in str(kept)
    assert all(len(value) <= 200 and value.isprintable() for touch in kept.values() for value in touch.values())


# --- Visits


def beacon(visitor: Visitor, path: str) -> httpx.Response:
    """What the script does with what the page holds ready for it."""
    page = visitor.get(path)
    found = re.search(r'data-visit="([^"]+)"', page.text)
    assert found, path
    return visitor.post("/visits", data=dict(parse_qsl(found[1].replace("&amp;", "&"))))


def test_pages_and_forms_are_counted_when_their_script_says_so(
    visitor: Visitor, session_id: UUID, sqlite_process: Process
) -> None:
    for _ in range(3):
        answer = beacon(visitor, "/webinars/knee-options?utm_source=blog&utm_term=knee")
        assert (answer.status_code, answer.content) == (204, b"")
        assert "set-cookie" not in answer.headers
    assert beacon(visitor, f"/sessions/{session_id}/register?utm_source=blog").status_code == 204
    assert beacon(visitor, "/webinars/knee-options").status_code == 204
    assert counted(sqlite_process) == [({"utm_source": "blog"}, 3, 1), ({}, 1, 0)]


def test_reading_alone_counts_nothing(visitor: Visitor, session_id: UUID, sqlite_process: Process) -> None:
    for method in ("GET", "HEAD"):
        for path in ("/webinars/knee-options", f"/sessions/{session_id}/register"):
            assert visitor.request(method, path).status_code == 200
    assert visitor.get("/visits").status_code == 405
    assert counted(sqlite_process) == []


def test_a_form_that_comes_back_with_mistakes_is_not_opened_again(visitor: Visitor, session_id: UUID) -> None:
    again = visitor.post(f"/sessions/{session_id}/register", data={"name": "", "email": "x"})
    assert again.status_code == 422
    assert "data-visit" not in again.text
    assert "data-visit" not in visitor.get("/webinars/knee-options/register").text


def test_only_pages_that_count_themselves_may_connect(visitor: Visitor, session_id: UUID) -> None:
    for path in ("/webinars/knee-options", f"/sessions/{session_id}/register"):
        assert visitor.get(path).headers["content-security-policy"] == f"{POLICY}; connect-src 'self'"
    for path in ("/", "/topics/knee", "/console/sign-in", f"/sessions/{session_id}/registered?status=confirmed"):
        assert visitor.get(path).headers["content-security-policy"] == POLICY
    assert "connect-src" not in POLICY  # the default is none


def test_other_sites_and_large_bodies_are_refused(visitor: Visitor, session_id: UUID, sqlite_process: Process) -> None:
    said = {"webinar": "knee-options", "kind": "visit"}
    assert visitor.post("/visits", data=said, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert visitor.post("/visits", data=said | {"src": "x" * VISIT_LIMIT}).status_code == 413
    assert counted(sqlite_process) == []


def test_what_is_not_there_is_not_counted_and_not_told(visitor: Visitor, make: Factory) -> None:
    for name in ("nothing", "", "\x00", "'; drop table visit_counts", "ä" * 300):
        assert visitor.post("/visits", data={"webinar": name, "kind": "visit"}).status_code == 204
    assert visitor.post("/visits", content=b"\xff\xfe not a form").status_code == 204
    assert counted(make.process) == []


def test_one_network_is_counted_sixty_times_a_minute(
    visitor: Visitor, session_id: UUID, sqlite_process: Process, clock: SetClock
) -> None:
    said = {"webinar": "knee-options", "kind": "visit"}
    answers = [visitor.post("/visits", data=said) for _ in range(62)]
    assert [answer.status_code for answer in answers] == [204] * 60 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) == 60
    assert counted(sqlite_process) == [({}, 60, 0)]
    clock.advance(timedelta(minutes=1))
    assert visitor.post("/visits", data=said).status_code == 204


def test_the_script_stays_small() -> None:
    assert (Path(STATIC) / "app.js").stat().st_size <= 8 * 1024
