"""The link in reminders and follow-ups: a page for people, one click for mail programs, nothing for scanners."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_my_registration import PAGE, PathOf, opened
from tests.factories import Factory
from tests.webinars.services.test_unsubscribing import header, plan
from webinars.services.consents import CONSENT_TEXTS
from webinars.services.delivery import Sender
from webinars.services.registering import Registered
from webinars.tables import Consent
from webinars.terms import LinkPurpose, MessageKind
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def ana(make: Factory) -> Registered:
    return make.registration(make.session().session.id, "ana@mail.example")


@pytest.fixture
def path(
    sqlite_process: Process, ana: Registered, mailer: MemoryMailer, clock: SetClock, request: pytest.FixtureRequest
) -> str:
    """Of the link in a reminder that she got; in a follow-up, if the test says so."""
    sender = Sender(sqlite_process)
    sender.send_due(clock.now())
    clock.advance(timedelta(hours=1))
    plan(sqlite_process, ana, getattr(request, "param", MessageKind.reminder))
    sender.send_due(clock.now())
    sender.stop()
    url = header(mailer.mails[-1], "List-Unsubscribe")
    assert url is not None
    return url.strip("<>").removeprefix(sqlite_process.settings.base_url)


def said(process: Process) -> list[tuple[str, bool, str]]:
    with process.read() as work:
        rows = work.db.scalars(sa.select(Consent).order_by(col(Consent.id)))
        return [(row.purpose, row.is_granted, row.method) for row in rows if row.channel == "email"]


def test_mail_programs_stop_it_in_one_click_without_cookies_or_a_browser(
    sqlite_process: Process, visitor: Visitor, path: str
) -> None:
    with httpx.Client(base_url=visitor.base_url) as program:
        for _ in range(2):
            answer = program.post(path, data=ONE_CLICK)
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
    assert said(sqlite_process) == [("reminders", False, "unsubscribe")]


def test_one_click_may_come_as_form_data(sqlite_process: Process, visitor: Visitor, path: str) -> None:
    with httpx.Client(base_url=visitor.base_url) as program:
        answer = program.post(path, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert said(sqlite_process) == [("reminders", False, "unsubscribe")]


def test_scanners_that_press_links_change_nothing(sqlite_process: Process, visitor: Visitor, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = visitor.request(method, path)
        assert answer.status_code == 200
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert answer.headers["x-robots-tag"] == "noindex"
    visitor.post(path)  # without the words that mean it
    visitor.post(path, data={"List-Unsubscribe": "Two-Clicks"})
    assert said(sqlite_process) == []
    assert "Stop reminders?" in visitor.get(path).text


def test_a_person_presses_the_button_and_can_take_it_back(sqlite_process: Process, visitor: Visitor, path: str) -> None:
    assert visitor.hidden(path) == ONE_CLICK
    stopped = visitor.post(path, data=ONE_CLICK)
    assert "You get no more reminders" in stopped.text
    assert "You get no more reminders" in visitor.get(path).text
    again = visitor.post(path, data={"again": "yes"})
    assert "You get reminders again" in again.text
    assert "Stop reminders?" in visitor.get(path).text
    assert said(sqlite_process) == [("reminders", False, "unsubscribe"), ("reminders", True, "unsubscribe")]


@pytest.mark.parametrize("path", [MessageKind.follow_up], indirect=True)
def test_follow_ups_are_another_list(sqlite_process: Process, visitor: Visitor, path: str) -> None:
    assert "Stop e-mails after a webinar?" in visitor.get(path).text
    visitor.post(path, data=ONE_CLICK)
    assert said(sqlite_process) == [("follow_ups", False, "unsubscribe")]


def test_a_wrong_link_changes_nothing(
    sqlite_process: Process, visitor: Visitor, path: str, ana: Registered, path_of: PathOf
) -> None:
    manage = path_of(LinkPurpose.manage, ana).rpartition("/")[2]
    for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/u/x", f"/u/{manage}"):
        assert visitor.post(wrong, data=ONE_CLICK).status_code == 404
        answer = visitor.get(wrong)
        assert answer.status_code == 404
        assert "use the link at the end of the newest one" in answer.text
        assert "Register again" not in answer.text
    assert said(sqlite_process) == []


def test_the_own_page_has_a_switch(
    sqlite_process: Process, visitor: Visitor, ana: Registered, path: str, path_of: PathOf
) -> None:
    assert "Reminders by e-mail: <strong>on</strong>" in opened(visitor, path_of(LinkPurpose.manage, ana)).text
    for wanted, state in (("no", "off"), ("yes", "on")):
        answer = visitor.post(f"{PAGE}/reminders", data={"registration": str(ana.registration.id), "wanted": wanted})
        assert answer.status_code == 303
        page = visitor.get(answer.headers["location"]).text
        assert f"Reminders by e-mail: <strong>{state}</strong>" in page
        assert 'role="status"' in page
    assert said(sqlite_process) == [("reminders", False, "page"), ("reminders", True, "page")]


def test_what_was_stopped_by_the_link_is_off_on_the_own_page(
    visitor: Visitor, ana: Registered, path: str, path_of: PathOf
) -> None:
    visitor.post(path, data=ONE_CLICK)
    assert "Reminders by e-mail: <strong>off</strong>" in opened(visitor, path_of(LinkPurpose.manage, ana)).text


def test_what_is_said_is_kept_in_the_language_it_was_read_in(
    sqlite_process: Process, visitor: Visitor, path: str, ana: Registered, path_of: PathOf
) -> None:
    """Her mails are in English. A mail program reads nothing, whatever its server speaks."""
    with httpx.Client(base_url=visitor.base_url) as program:
        program.post(path, data=ONE_CLICK, headers={"Accept-Language": "es"})
    assert "¿" not in visitor.get(path).text
    assert "¿" in visitor.get(f"{path}?lang=es").text  # from now on the browser keeps Spanish
    visitor.post(path, data={"again": "yes"})
    opened(visitor, path_of(LinkPurpose.manage, ana))
    visitor.post(f"{PAGE}/reminders", data=visitor.hidden(PAGE) | {"wanted": "no"})
    reminders = next(text for text in CONSENT_TEXTS if (text.purpose, text.channel) == ("reminders", "email"))
    with sqlite_process.read() as work:
        rows = work.db.scalars(
            sa.select(Consent).where(col(Consent.channel) == "email").order_by(col(Consent.id))
        ).all()
    assert [(row.is_granted, row.locale) for row in rows] == [(False, "en"), (True, "es"), (False, "es")]
    assert [row.text_hash for row in rows] == [reminders.digest_in(row.locale) for row in rows]
