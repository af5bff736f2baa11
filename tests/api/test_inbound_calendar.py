"""Answers of calendars, as our mail server hands them over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.support.replies import reply_mail
from webinars.documents.calendar_replies import MOST_BYTES
from webinars.documents.calendars import session_uid
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

SECRET = "s" * 40
KNOWN = {"X-Inbound-Secret": SECRET, "Content-Type": "message/rfc822"}


@pytest.fixture
def process(sqlite_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    process = Process(make_settings(sqlite_url, tmp_path, inbound_secret=SECRET), clock=clock, mail=mailer)
    yield process
    process.close()


@pytest.fixture
def http(process: Process, serve: Callable[[Process], str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve(process), timeout=30) as client:
        yield client


def test_an_answer_is_taken_in_and_shown(http: httpx.Client, factory: Factory) -> None:
    session = factory.session().session
    registration = factory.registration(session.id, "ana@mail.example").registration
    uid = session_uid(session.id, "clinic.example")
    raw = reply_mail(uid=uid, email="ana@mail.example", partstat="DECLINED", stamped_at=NOW)
    for _ in range(2):
        answer = http.post("/inbound/calendar", content=raw, headers=KNOWN)
        assert (answer.status_code, answer.content) == (204, b"")
    token = {"Authorization": f"Bearer {factory.token()}"}
    shown = http.get(f"/api/v1/registrations/{registration.id}", headers=token).json()
    assert (shown["status"], shown["calendar_reply"]) == ("confirmed", "declined")
    assert shown["calendar_replied_at"] == "2026-03-02T15:00:00Z"


def test_only_our_own_server_may_hand_in_mail(http: httpx.Client) -> None:
    for headers in ({}, {"X-Inbound-Secret": "wrong"}):
        assert http.post("/inbound/calendar", content=b"x", headers=headers).status_code in {401, 403}


def test_without_a_secret_there_is_no_such_address(sqlite_process: Process, serve: Callable[[Process], str]) -> None:
    with httpx.Client(base_url=serve(sqlite_process)) as client:
        assert client.post("/inbound/calendar", content=b"x", headers=KNOWN).status_code == 404


def test_what_is_none_is_taken_all_the_same_and_too_much_is_not(http: httpx.Client) -> None:
    assert http.post("/inbound/calendar", content=b"\x00\xff nonsense", headers=KNOWN).status_code == 204
    assert http.post("/inbound/calendar", content=b"x" * (MOST_BYTES + 1), headers=KNOWN).status_code == 413
