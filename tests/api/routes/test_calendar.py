"""Calendars to subscribe to, as programs fetch them."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from structlog.testing import capture_logs

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.services import feeds, sessions
from webinars.testing import SetClock
from webinars.work import Process

PUBLIC = ("/calendar/all.ics", "/calendar/topics/knee.ics")


@pytest.fixture
def own_path(process: Process, factory: Factory) -> str:
    """The feed of somebody with a seat in a session about the knee."""
    factory.topic("knee", "Knee")
    item = factory.session(factory.webinar(topics=("knee",)))
    registration = factory.registration(item.session.id).registration
    with process.read() as work:
        return feeds.own_address(work, registration).removeprefix(process.settings.base_url)


@pytest.fixture
def paths(own_path: str) -> tuple[str, ...]:
    return (*PUBLIC, own_path)


def test_a_feed_is_a_calendar_with_its_version(paths: tuple[str, ...], http: httpx.Client) -> None:
    for path in paths:
        answer = http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["etag"].startswith('"')
        assert parsedate_to_datetime(answer.headers["last-modified"]) == NOW
        assert answer.headers["cache-control"].endswith("max-age=0, must-revalidate")
        assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
        assert answer.content.count(b"BEGIN:VEVENT") == 1
        assert http.head(path).headers["etag"] == answer.headers["etag"]


def test_who_has_it_already_is_told_so(paths: tuple[str, ...], http: httpx.Client, clock: SetClock) -> None:
    for path in paths:
        etag = http.get(path).headers["etag"]
        clock.advance(timedelta(hours=1))
        for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = http.get(path, headers={"If-None-Match": given})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
        again = http.get(
            path, headers={"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
        )
        assert (again.status_code, again.headers["etag"]) == (200, etag)


def test_what_is_taken_away_is_another_version(
    paths: tuple[str, ...], http: httpx.Client, process: Process, factory: Factory
) -> None:
    before = {path: http.get(path).headers["etag"] for path in PUBLIC}
    with process.read() as work:
        (item,) = sessions.list_sessions(work).items
    with process.work() as work:
        sessions.cancel_session(work, item.session.id, version=None, actor=ACTOR, now=factory.now)
    for path in paths:
        answer = http.get(path, headers={"If-None-Match": before.get(path, "")})
        assert answer.status_code == 200
        assert b"SUMMARY:Cancelled: " in answer.content


def test_a_private_feed_is_kept_from_caches_and_search_engines(own_path: str, http: httpx.Client) -> None:
    headers = http.get(own_path).headers
    assert headers["cache-control"].startswith("private")
    assert headers["x-robots-tag"] == "noindex"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_wrong_address_is_nothing(own_path: str, http: httpx.Client) -> None:
    for path in (
        own_path[:-8] + "AAAA.ics",
        own_path.replace("/my/", "/host/"),
        "/calendar/my/x.ics",
        "/calendar/topics/nothing.ics",
    ):
        assert http.get(path).status_code == 404


def test_no_log_names_the_address(own_path: str, http: httpx.Client) -> None:
    token = own_path.rpartition("/")[2].removesuffix(".ics")
    with capture_logs() as entries:
        http.get(own_path)
        http.get(own_path[:-8] + "AAAA.ics")
    assert token[:20] not in repr(entries)
