"""Public pages are made once, and again as soon as what they show has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from api.main import create_app
from api.pages.patients.cache import LARGEST_KEY, PageCache
from tests.conftest import make_settings
from tests.factories import ACTOR, Factory
from tests.support.asgi import InProcess, RawAnswer, RawRequest
from webinars.services import branding, catalogue, programme, sessions, webinars
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

Ask = Callable[..., RawAnswer]
HOST = (b"host", b"127.0.0.1:8000")
AN_HOUR_S = 3600.0


@pytest.fixture
def app(sqlite_process: Process) -> FastAPI:
    """An application that looks for changes at every request."""
    app = create_app(sqlite_process)
    app.state.page_cache.fresh_s = 0
    return app


@pytest.fixture
def cache(app: FastAPI) -> PageCache:
    found: PageCache = app.state.page_cache
    return found


@pytest.fixture
def ask(app: FastAPI) -> Iterator[Ask]:
    with InProcess(app) as running:

        def get(target: str, **headers: str) -> RawAnswer:
            raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
            return running.send(RawRequest("GET", target.encode(), (HOST, *raw)))

        yield get


@pytest.fixture
def knee(sqlite_factory: Factory) -> Factory:
    sqlite_factory.topic()
    sqlite_factory.presenter()
    sqlite_factory.webinar("knee-options", topics=("knee",), presenters=("maria-castellan",))
    sqlite_factory.session("knee-options")
    return sqlite_factory


PAGES = ["/", "/topics/knee", "/topics/not-sure", "/webinars/knee-options"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_made_once_and_whoever_has_it_gets_nothing_but_that(
    ask: Ask, knee: Factory, cache: PageCache, path: str
) -> None:
    first = ask(path)
    again = ask(path)
    assert (first.status, again.status, cache.made) == (200, 200, 1)
    assert again.body == first.body != b""
    etag = first.header("etag")
    assert etag.startswith('"')
    for seen in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        unchanged = ask(path, if_none_match=seen)
        assert (unchanged.status, unchanged.body) == (304, b""), seen
        assert unchanged.header("content-length") == ""
        # Browsers renew what they keep of the page from these.
        for name in ("etag", "cache-control", "vary", "content-security-policy", "referrer-policy"):
            assert unchanged.header(name) == first.header(name) != "", name
    assert first.header("cache-control") == "no-cache"
    assert first.header("vary") == "Accept-Language, Cookie, Referer"
    assert cache.made == 1
    assert ask(path, if_none_match='"other"').status == 200


@pytest.mark.parametrize("path", ["/webinars/knee-options/register", "/webinars/nope", "/topics/nope"])
def test_other_answers_are_made_each_time(ask: Ask, knee: Factory, cache: PageCache, path: str) -> None:
    """The control: what is counted above is whether a page is made."""
    assert {ask(path).status for _ in range(3)} <= {404, 422}
    assert cache.made in {0, 3}  # a refusal on the way counts as none
    assert ask(path).header("etag") == ""


def test_nobody_is_told_apart(ask: Ask, knee: Factory, cache: PageCache) -> None:
    pages = {
        ask("/webinars/knee-options", **headers).body
        for headers in ({}, {"cookie": "my_registration=x; host=y"}, {"authorization": "Bearer x"}, {"accept": "x/y"})
    }
    assert len(pages) == cache.made == 1


def test_each_language_is_a_page_of_its_own_and_a_304_is_for_it_alone(
    ask: Ask, knee: Factory, cache: PageCache
) -> None:
    path = "/webinars/knee-options"
    english, spanish = ask(path), ask(path, accept_language="es-MX,es;q=0.9,en;q=0.5")
    assert (english.header("content-language"), spanish.header("content-language")) == ("en", "es")
    assert b'<html lang="es"' in spanish.body
    ways = [{"cookie": "language=es"}, {"cookie": "language=es", "accept_language": "en"}, {"accept_language": "es"}]
    assert {ask(path, **way).body for way in ways} == {spanish.body}
    assert ask(path, accept_language="es", cookie="language=en").body == english.body
    assert ask(path, accept_language="de, fr;q=0.5").body == english.body
    assert cache.made == 2
    spanish_etag = spanish.header("etag")
    assert ask(path, accept_language="es", if_none_match=spanish_etag).status == 304
    assert ask(path, if_none_match=spanish_etag).body == english.body  # who had it in Spanish and chose English now
    assert ask(path, cookie="language=<script>", accept_language="*, ;q=9,es;q=0").body == english.body


def test_a_named_language_wins_is_kept_by_a_cookie_and_carried_by_links(
    ask: Ask, knee: Factory, cache: PageCache
) -> None:
    path = "/webinars/knee-options"
    for _ in range(2):
        named = ask(f"{path}?lang=es&fbclid=1", cookie="language=en", accept_language="en")
        assert named.header("set-cookie") == "language=es; Max-Age=31536000; Path=/; SameSite=Lax; HttpOnly"
        assert b'<html lang="es"' in named.body
    assert cache.made == 1  # the cookie is added to a kept page
    assert b'href="/presenters/maria-castellan?lang=es"' in named.body
    assert b'<input type="hidden" name="lang" value="es">' in named.body
    assert b'href="/webinars/knee-options?lang=en"' in named.body  # the way back, without the click id
    for query in ("", "?lang=fr", "?lang=", "?language=es"):
        plain = ask(path + query)
        assert (plain.header("set-cookie"), plain.body) == ("", ask(path).body), query
    assert b'href="/webinars/knee-options?lang=es" lang="es" hreflang="es">Espa\xc3\xb1ol</a>' in ask(path).body


def test_zone_source_and_chosen_date_make_pages_of_their_own_and_click_ids_do_not(
    ask: Ask, knee: Factory, cache: PageCache
) -> None:
    path = "/webinars/knee-options"
    plain = ask(path).body
    for query in ("?fbclid=1", "?gclid=2", "?timezone=Nowhere/At_All"):
        assert ask(path + query).body == plain
    assert cache.made == 2  # the unknown zone is none; a query at all is looked at more closely
    own = [
        ask(f"{path}?timezone=America/New_York"),
        ask(f"{path}?utm_source=blog"),
        ask(f"{path}?session={knee.session('knee-options').session.id}"),
        ask(path, referer="https://blog.example/knees"),
    ]
    assert len({plain, *(answer.body for answer in own)}) == 5
    assert b"utm_source=blog" in own[1].body
    assert b"referrer=https://blog.example/knees" in own[3].body
    assert b"blog" not in ask(path).body
    assert ask(path, referer="http://127.0.0.1:8000/").body == ask(path).body


def test_between_two_looks_the_database_is_left_alone_and_then_every_change_shows(
    ask: Ask, knee: Factory, cache: PageCache
) -> None:
    ask("/")
    cache.fresh_s = AN_HOUR_S
    knee.session(knee.webinar("new", title="About hips"))
    assert b"About hips" not in ask("/").body
    cache.fresh_s = 0
    assert b"About hips" in ask("/").body


def test_a_change_is_seen_within_a_second(sqlite_process: Process) -> None:
    assert PageCache(sqlite_process).fresh_s <= 1


def test_a_page_made_for_a_change_of_another_process_shows_that_change(
    ask: Ask, knee: Factory, cache: PageCache, sqlite_url: str, tmp_path: Path
) -> None:
    """Else it would be kept as it was before: this process has looked at the brand a moment ago."""
    assert b"Evergreen" not in ask("/").body
    other = Process(make_settings(sqlite_url, tmp_path), mail=MemoryMailer())
    dress_anew(Factory(other))
    other.close()
    assert b"Evergreen" in ask("/").body
    assert b"Evergreen" in ask("/webinars/knee-options").body


def test_time_alone_changes_pages(ask: Ask, knee: Factory, clock: SetClock) -> None:
    assert b"Monday, March 9" in ask("/").body
    clock.advance(timedelta(days=7))
    assert b"Monday, March 9" in ask("/").body
    clock.advance(timedelta(microseconds=1))
    assert b"Monday, March 9" not in ask("/").body


def change_webinar(factory: Factory) -> None:
    with factory.process.work() as work:
        changes = {"title": "Another title"}
        webinars.update_webinar(
            work,
            "knee-options",
            changes,
            topics=None,
            presenters=None,
            version=None,
            actor=ACTOR,
            now=factory.now,
        )


def untie_topics(factory: Factory) -> None:
    with factory.process.work() as work:
        webinars.update_webinar(
            work, "knee-options", {}, topics=[], presenters=None, version=None, actor=ACTOR, now=factory.now
        )


def rename_topic(factory: Factory) -> None:
    with factory.process.work() as work:
        catalogue.update_topic(work, "knee", {"name": "Knees"}, version=None, actor=ACTOR, now=factory.now)


def delete_presenter(factory: Factory) -> None:
    with factory.process.work() as work:
        catalogue.delete_presenter(work, "maria-castellan", actor=ACTOR, now=factory.now)


def _only_session(factory: Factory) -> Any:
    with factory.process.read() as work:
        return sessions.list_sessions(work, limit=1).items[0].session.id


def cancel_session(factory: Factory) -> None:
    session_id = _only_session(factory)
    with factory.process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=factory.now)


def lengthen_session(factory: Factory) -> None:
    session_id = _only_session(factory)
    with factory.process.work() as work:
        sessions.update_session(work, session_id, {"duration_minutes": 75}, version=None, actor=ACTOR, now=factory.now)


def add_session(factory: Factory) -> None:
    factory.session("knee-options")


def dress_anew(factory: Factory) -> None:
    with factory.process.work() as work:
        branding.save_branding(work, {"name": "Evergreen"}, version=None, actor=ACTOR, now=factory.now)


def fill_up(factory: Factory) -> None:
    session_id = _only_session(factory)
    for _ in range(8):
        factory.registration(session_id)


CHANGES = [
    dress_anew,
    change_webinar,
    untie_topics,
    rename_topic,
    delete_presenter,
    cancel_session,
    lengthen_session,
    add_session,
    fill_up,
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_pages_show_is_in_their_mark(process: Process, factory: Factory, change: Callable[..., None]) -> None:
    factory.topic()
    factory.presenter()
    factory.webinar("knee-options", topics=("knee",), presenters=("maria-castellan",))
    factory.session("knee-options")
    before = appearance(process)
    assert appearance(process) == before
    change(factory)
    assert appearance(process) != before


def test_a_seat_more_or_less_leaves_pages_as_they_are(process: Process, factory: Factory) -> None:
    """Else no page would outlive a registration, just when most people come."""
    session_id = factory.session(capacity=10).session.id
    before = appearance(process)
    for _ in range(7):
        factory.registration(session_id)
    assert appearance(process) == before
    factory.registration(session_id)  # two of ten left: few
    assert appearance(process) != before


def appearance(process: Process) -> tuple[Any, ...]:
    with process.read() as work:
        return programme.appearance(work, process.clock.now())


# --- The cache by itself


def request() -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})


class Maker:
    """Makes pages of a size, and counts."""

    def __init__(self, size: int = 10, headers: dict[str, str] | None = None, *, slow_s: float = 0) -> None:
        self.count = 0
        self.size, self.headers, self.slow_s = size, headers or {}, slow_s

    async def __call__(self, asked: Request) -> Response:
        self.count += 1
        await asyncio.sleep(self.slow_s)
        return Response(b"x" * self.size, headers=self.headers)


@pytest.mark.parametrize(
    "headers", [{"Set-Cookie": "a=b"}, {"Cache-Control": "no-store"}, {"Cache-Control": "private"}]
)
def test_what_is_for_one_person_is_never_kept(sqlite_process: Process, headers: dict[str, str]) -> None:
    async def run() -> int:
        cache, make = PageCache(sqlite_process), Maker(headers=headers)
        for _ in range(3):
            assert "etag" not in (await cache.answer(request(), ("/",), make)).headers
        return make.count

    assert asyncio.run(run()) == 3


def test_the_pages_asked_for_longest_ago_make_room(sqlite_process: Process) -> None:
    async def run() -> list[int]:
        cache, make = PageCache(sqlite_process, most_bytes=250), Maker(100)
        counts = []
        for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
            await cache.answer(request(), (path,), make)
            counts.append(make.count)
        return counts

    assert asyncio.run(run()) == [1, 2, 2, 3, 3, 4]  # /b had to go for /c


def test_addresses_that_nobody_writes_are_not_kept(sqlite_process: Process) -> None:
    async def run() -> int:
        cache, make = PageCache(sqlite_process), Maker()
        for _ in range(2):
            await cache.answer(request(), ("/", "x" * LARGEST_KEY), make)
        return make.count

    assert asyncio.run(run()) == 2


def test_when_many_want_a_page_one_makes_it(sqlite_process: Process) -> None:
    async def run() -> tuple[int, int]:
        cache, make = PageCache(sqlite_process), Maker(slow_s=0.05)
        answers = await asyncio.gather(*(cache.answer(request(), ("/",), make) for _ in range(20)))
        return make.count, len({answer.body for answer in answers})

    assert asyncio.run(run()) == (1, 1)


def test_a_page_that_was_being_made_when_something_changed_is_not_kept(
    sqlite_process: Process, sqlite_factory: Factory
) -> None:
    async def run() -> int:
        cache, slow, quick = PageCache(sqlite_process, fresh_s=0), Maker(slow_s=0.2), Maker()
        making = asyncio.create_task(cache.answer(request(), ("/",), slow))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(sqlite_factory.session)
        await cache.answer(request(), ("/other",), quick)
        await making
        await cache.answer(request(), ("/",), slow)
        return slow.count

    assert asyncio.run(run()) == 2
