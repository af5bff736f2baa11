"""Asking to hear of new webinars, and the page of an address: buttons change things, reading changes nothing."""

from __future__ import annotations

import re

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.factories import Factory
from webinars.services import subscriptions
from webinars.services.subscriptions import page_url
from webinars.tables import Message, Subscription
from webinars.testing import SetClock
from webinars.work import Process

FORM = "/topics/knee/alerts"
TYPED = {"email": "ana@mail.example", "timezone": "America/Denver", "consent_topic_alerts": "yes"}


@pytest.fixture(autouse=True)
def _topics(make: Factory) -> None:
    make.topic()
    make.topic("hip", "Hip")
    make.topic("acl", "Torn ACL", parent="knee")


def ask(visitor: Visitor, clock: SetClock, path: str = FORM, **fields: str) -> httpx.Response:
    hidden = visitor.hidden(path)
    clock.advance(A_WHILE)
    sent = hidden | TYPED | fields
    return visitor.post(path, data={name: value for name, value in sent.items() if value})


def rows(process: Process) -> list[Subscription]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(Subscription).order_by(col(Subscription.id))))


def states(process: Process) -> list[str]:
    return [row.state.value for row in rows(process)]


def path_of(process: Process) -> str:
    return page_url(process.settings, process.vault, rows(process)[0]).removeprefix(process.settings.base_url)


@pytest.fixture
def asked(visitor: Visitor, sqlite_process: Process, clock: SetClock) -> str:
    """The page of an address that was entered for one topic."""
    assert ask(visitor, clock).status_code == 303
    return path_of(sqlite_process)


def test_the_listing_leads_to_the_form_with_and_without_webinars(visitor: Visitor, make: Factory) -> None:
    assert f'href="{FORM}"' in visitor.get("/topics/knee").text
    make.webinar(topics=("knee",))
    session = make.session("knee-options").session
    assert 'href="/topics/hip/alerts"' in visitor.get("/topics/hip").text
    assert f'href="{FORM}"' in visitor.get(f"/sessions/{session.id}/registered?status=confirmed").text
    assert visitor.get("/topics/acl/alerts").headers["location"] == FORM
    assert visitor.get("/topics/elbow/alerts").status_code == 404


def test_the_form_asks_for_a_yes_that_is_not_ticked(visitor: Visitor) -> None:
    page = visitor.get(FORM)
    assert "Tell me by e-mail about new webinars on this topic." in page.text
    (box,) = re.findall(r'<input type="checkbox"[^>]*>', page.text)
    assert "checked" not in box.replace("checkbox", "")
    assert page.headers["cache-control"] == "no-store"


def test_whoever_asks_is_answered_the_same_byte_for_byte(
    visitor: Visitor, sqlite_process: Process, clock: SetClock
) -> None:
    def answer(email: str) -> tuple[int, str, bytes]:
        told = ask(visitor, clock, email=email)
        return told.status_code, told.headers["location"], visitor.get(told.headers["location"]).content

    new = answer("ana@mail.example")
    again = answer("Ana@Mail.example")
    visitor.post(f"{path_of(sqlite_process)}/confirm", data={"topic": "knee"})
    active = answer("ana@mail.example")
    visitor.post(f"{path_of(sqlite_process)}/end")
    ended = answer("ana@mail.example")
    stranger = answer("bo@mail.example")
    assert new == again == active == ended == stranger
    assert states(sqlite_process) == ["pending", "pending"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "ana"}, "Enter an e-mail address in the form"),
        ({"consent_topic_alerts": ""}, "Tick the box if we may write to you."),
        ({"opened_at": "x"}, "Please press the button once more."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, fields: dict[str, str], words: str
) -> None:
    page = ask(visitor, clock, **({"email": "ana@mail.example"} | fields))
    assert page.status_code == 422
    assert page.text.count(words) >= 2  # in the summary and beside the field
    assert f'value="{fields.get("email", "ana@mail.example")}"' in page.text
    assert "<title>Error: " in page.text
    assert rows(sqlite_process) == []


def test_a_program_is_thanked_and_nothing_happens(visitor: Visitor, sqlite_process: Process, clock: SetClock) -> None:
    told = ask(visitor, clock, leave_empty="http://spam.example")
    assert (told.status_code, told.headers["location"]) == (303, f"{FORM}/asked")
    assert rows(sqlite_process) == []


def test_a_scanner_that_opens_every_link_changes_nothing(visitor: Visitor, sqlite_process: Process, asked: str) -> None:
    for path in (asked, f"{asked}/end", f"{asked}?said=confirmed"):
        for method in ("GET", "HEAD"):
            page = visitor.request(method, path)
            assert page.status_code == 200
            assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    for path in ("confirm", "undo", "forget"):
        assert visitor.get(f"{asked}/{path}").status_code == 405
    assert states(sqlite_process) == ["pending"]


def test_control_the_button_does_what_the_link_does_not(visitor: Visitor, sqlite_process: Process, asked: str) -> None:
    page = visitor.get(asked).text
    assert "Knee" in page
    assert f'action="{asked}/confirm"' in page
    told = visitor.post(f"{asked}/confirm", data=visitor.hidden(asked))
    assert (told.status_code, told.headers["location"]) == (303, f"{asked}?said=confirmed")
    assert states(sqlite_process) == ["active"]
    assert "From now on we write to you" in visitor.get(told.headers["location"]).text


def test_several_topics_are_confirmed_one_by_one(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, asked: str
) -> None:
    ask(visitor, clock, "/topics/hip/alerts")
    page = visitor.get(asked).text
    assert re.findall(r'name="topic" value="([^"]+)"', page) == ["hip", "knee"]
    visitor.post(f"{asked}/confirm", data={"topic": ["hip", "elbow"]})
    assert states(sqlite_process) == ["pending", "active"]
    page = visitor.get(asked).text
    assert "You hear already about" in page
    assert 'href="/topics/hip"' in page


def test_one_click_of_a_mail_program_ends_it_without_a_cookie_or_an_origin(
    visitor: Visitor, sqlite_process: Process, asked: str
) -> None:
    visitor.post(f"{asked}/confirm", data={"topic": "knee"})
    for _ in range(2):
        answer = httpx.post(f"{visitor.base_url}{asked}/end", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert states(sqlite_process) == ["ended"]


def test_a_mistake_can_be_undone_on_the_page_for_ten_minutes(
    visitor: Visitor, sqlite_process: Process, clock: SetClock, asked: str
) -> None:
    visitor.post(f"{asked}/confirm", data={"topic": "knee"})
    page = visitor.post(f"{asked}/end").text
    assert "That was a mistake" in page
    told = visitor.post(f"{asked}/undo")
    assert "everything is as it was before" in visitor.get(told.headers["location"]).text
    assert states(sqlite_process) == ["active"]
    visitor.post(f"{asked}/end")
    clock.advance(subscriptions.UNDO_TIME + A_WHILE)
    assert "That was a mistake" not in visitor.get(asked).text
    assert visitor.post(f"{asked}/undo").headers["location"] == asked
    assert states(sqlite_process) == ["ended"]


def test_whoever_is_forgotten_has_no_page_any_more(visitor: Visitor, sqlite_process: Process, asked: str) -> None:
    assert "Your address is deleted" in visitor.post(f"{asked}/forget").text
    assert visitor.get(asked).status_code == 404
    assert visitor.post(f"{asked}/end").status_code == 404


def test_wrong_links_are_counted(visitor: Visitor, asked: str) -> None:
    answers = [visitor.get(f"/t/{'A' * 42}{number % 10}").status_code for number in range(31)]
    assert (answers[0], answers[-1]) == (404, 429)


def test_the_mail_of_the_check_is_there_once(visitor: Visitor, sqlite_process: Process, clock: SetClock) -> None:
    for _ in range(3):
        ask(visitor, clock)
    with sqlite_process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Message)) == 1
