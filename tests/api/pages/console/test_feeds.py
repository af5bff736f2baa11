"""A host's own calendar of sessions, and a session that takes place after all."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx

from tests.factories import Factory
from webinars.testing import SetClock

_ADDRESS = re.compile(r'value="(http[^"]+/calendar/host/[^"]+)"')


def address_on(console: httpx.Client) -> str:
    found = _ADDRESS.search(console.get("/console/calendar").text)
    assert found
    return "/calendar/" + found[1].partition("/calendar/")[2]


def test_the_page_shows_an_address_that_opens_the_feed(console: httpx.Client, sqlite_factory: Factory) -> None:
    sqlite_factory.session(sqlite_factory.webinar(title="Knee pain"))
    page = console.get("/console/calendar").text
    address = address_on(console)
    assert f"webcal://127.0.0.1:8000{address}" in page
    assert "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2F" in page
    feed = console.get(address)
    assert feed.status_code == 200
    assert b"SUMMARY:Knee pain" in feed.content
    assert "/console/calendar" in console.get("/console").text


def test_a_new_address_ends_the_old_one(viewer: httpx.Client) -> None:
    old = address_on(viewer)
    said = viewer.post("/console/calendar/renew", follow_redirects=True)
    assert "Here is the new address" in said.text
    assert viewer.get(old).status_code == 404
    assert viewer.get(address_on(viewer)).status_code == 200


def test_a_cancelled_session_is_reinstated_after_saying_whom_it_tells(
    console: httpx.Client, sqlite_factory: Factory
) -> None:
    session = sqlite_factory.session().session
    sqlite_factory.registration(session.id)
    path = f"/console/sessions/{session.id}"
    console.post(f"{path}/cancel", data={"version": str(session.version)})
    assert f"{path}/reinstate" in console.get(path).text
    asked = console.get(f"{path}/reinstate").text
    assert "<strong>1 person</strong>" in asked
    version = re.search(r'name="version" value="(\d+)"', asked)
    assert version
    done = console.post(f"{path}/reinstate", data={"version": version[1]}, follow_redirects=True)
    assert "takes place after all" in done.text
    assert "Cancel the session" in done.text


def test_what_is_over_is_not_reinstated(console: httpx.Client, sqlite_factory: Factory, clock: SetClock) -> None:
    session = sqlite_factory.session(starts_in=timedelta(hours=5)).session
    path = f"/console/sessions/{session.id}"
    console.post(f"{path}/cancel", data={"version": str(session.version)})
    assert console.get(f"{path}/reinstate").status_code == 200
    clock.advance(timedelta(hours=5))
    assert "reinstate" not in console.get(path).text
    assert console.get(f"{path}/reinstate").status_code == 409
