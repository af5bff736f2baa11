"""Questions at the console: added, changed, put in order, asked no more; and what registrants answered."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.pages.console.conftest import SignIn
from tests.factories import Factory
from webinars.services import questions
from webinars.services.registrants import SHOWN_FOR
from webinars.tables import AuditEntry, Question
from webinars.terms import QuestionKind, Role, Sensitivity
from webinars.testing import SetClock
from webinars.work import Process

PAGE = "/console/webinars/knee-options"
THINNERS = "Ximelagatran"
RATTLE = "Does the zirconium implant rattle?"
SIDE = {
    "label": "Which knee?",
    "kind": "choice",
    "choice_key": ["", "", "", ""],
    "choice_label": ["Left knee", "", " Right knee ", ""],
    "is_required": "true",
}


@pytest.fixture(autouse=True)
def webinar(sqlite_factory: Factory) -> str:
    return sqlite_factory.webinar("knee-options")


def asked(process: Process) -> list[Question]:
    with process.read() as work:
        return questions.list_questions(work, "knee-options")


def test_a_question_is_added_with_choices_and_shown(console: httpx.Client, sqlite_process: Process) -> None:
    assert "The form asks for name and address only." in console.get(PAGE).text
    form = console.get(f"{PAGE}/questions/new").text
    assert form.count('name="choice_label"') == 6
    added = console.post(f"{PAGE}/questions/new", data=SIDE)
    assert added.headers["location"] == f"{PAGE}?done=added"
    (question,) = asked(sqlite_process)
    assert question.choices == [
        {"key": "left-knee", "label": "Left knee"},
        {"key": "right-knee", "label": "Right knee"},
    ]
    assert (question.is_required, question.sensitivity) == (True, Sensitivity.general)
    page = console.get(PAGE).text
    assert "Which knee?" in page
    assert "One of several choices: Left knee, Right knee, required" in page
    assert "everybody" in page


def test_a_choice_keeps_its_key_when_its_words_change(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    path = f"{PAGE}/questions/{sqlite_factory.question('knee-options', 'choice', 'Which knee?')}/edit"
    form = console.get(path).text
    assert re.findall(r'name="choice_key" value="(\w+)"', form) == ["left", "right"]
    changed = SIDE | {
        "choice_key": ["left", "right", ""],
        "choice_label": ["", "The right one", "Both"],
        "version": "1",
    }
    assert console.post(path, data=changed).headers["location"] == f"{PAGE}?done=saved"
    (question,) = asked(sqlite_process)
    assert question.choices == [{"key": "right", "label": "The right one"}, {"key": "both", "label": "Both"}]


def test_mistakes_are_said_and_what_was_typed_is_kept(console: httpx.Client, sqlite_process: Process) -> None:
    typed: dict[str, Any] = SIDE | {"label": " ", "help": "Kept <b>", "is_health": "true"}
    page = console.post(f"{PAGE}/questions/new", data=typed)
    assert page.status_code == 422
    assert page.text.count("Enter the question.") == 2
    assert '<a href="#label">' in page.text
    for kept in ("Kept &lt;b&gt;", 'value="Left knee"', '<option value="choice" selected>'):
        assert kept in page.text
    assert re.search(r'id="sensitivity"[^>]*checked', page.text)
    one = console.post(f"{PAGE}/questions/new", data=SIDE | {"choice_label": ["Left knee", "", "", ""]})
    assert one.text.count("Give 2 to 30 choices.") == 2
    assert 'id="choices"' in one.text
    assert asked(sqlite_process) == []


def test_choices_of_a_question_without_choices_are_left_out(console: httpx.Client, sqlite_process: Process) -> None:
    assert console.post(f"{PAGE}/questions/new", data=SIDE | {"kind": "text"}).status_code == 303
    assert [(question.kind, question.choices) for question in asked(sqlite_process)] == [(QuestionKind.text, [])]


def test_there_are_always_empty_rows_until_there_are_too_many(console: httpx.Client, sqlite_factory: Factory) -> None:
    for count, rows in ((2, 6), (6, 9), (29, 30), (30, 30)):
        choices = [{"key": f"k{number}", "label": f"Choice {number}"} for number in range(count)]
        question = sqlite_factory.question("knee-options", "choice", choices=choices)
        form = console.get(f"{PAGE}/questions/{question}/edit").text
        assert form.count('name="choice_label"') == rows


def test_a_question_may_hang_on_answers_to_one_before_it(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    pain = sqlite_factory.question("knee-options", "yes_no", "Any pain?")
    side = sqlite_factory.question("knee-options", "choice", "Which knee?")
    sqlite_factory.question("knee-options", "text", "Since when?")
    form = console.get(f"{PAGE}/questions/new").text
    offered = re.findall(r'name="show_if" type="checkbox" value="([^"]+)"', form)
    assert offered == [f"{pain}:yes", f"{pain}:no", f"{side}:left", f"{side}:right"]
    more = {"label": "More?", "kind": "text", "show_if": [f"{pain}:yes", f"{side}:left"]}
    mixed = console.post(f"{PAGE}/questions/new", data=more)
    assert mixed.text.count("Tick answers of one question only.") == 3  # hint, summary, beside the field
    assert mixed.text.count(" checked") == 2
    assert console.post(f"{PAGE}/questions/new", data=more | {"show_if": f"{pain}:yes"}).status_code == 303
    question = asked(sqlite_process)[-1]
    assert question.show_if == {"question_id": str(pain), "values": [True]}
    assert "who answered “Yes” to “Any pain?”" in console.get(PAGE).text
    path = f"{PAGE}/questions/{question.id}/edit"
    assert re.search(rf'value="{pain}:yes" checked', console.get(path).text)
    for hostile in ("x", ":", f"{question.id}:yes", f"{pain}:maybe"):
        refused = console.post(path, data=more | {"show_if": hostile, "version": "1"})
        assert refused.status_code == 422, hostile
    first = console.get(f"{PAGE}/questions/{pain}/edit").text
    assert "Only after certain answers" not in first  # nothing comes before it


def test_what_others_depend_on_cannot_be_moved_or_dropped(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    pain = sqlite_factory.question("knee-options", "yes_no", "Any pain?")
    since = sqlite_factory.question(
        "knee-options", "number", "Since when?", show_if={"question_id": pain, "values": [True]}
    )
    for path, data in (
        (f"{PAGE}/questions/{since}/move", {"position": "1", "version": "1"}),
        (f"{PAGE}/questions/{pain}/move", {"position": "2", "version": "1"}),
        (f"{PAGE}/questions/{pain}/retire", {"version": "1"}),
    ):
        refused = console.post(path, data=data)
        assert refused.headers["location"] == f"{PAGE}?refused=condition_broken"
    assert "A question depends on another one" in console.get(f"{PAGE}?refused=condition_broken").text
    changed = console.post(f"{PAGE}/questions/{pain}/edit", data={"label": "Pain?", "kind": "text", "version": "1"})
    assert changed.status_code == 422
    assert "“Since when?” depends on this question." in changed.text
    assert [question.label for question in asked(sqlite_process)] == ["Any pain?", "Since when?"]


def test_questions_are_put_in_order_and_asked_no_more(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    session_id = sqlite_factory.session("knee-options").session.id
    one, two, three = (sqlite_factory.question("knee-options", label=label) for label in ("One", "Two", "Three"))
    sqlite_factory.registration(session_id, answers={str(one): "words"})
    page = console.get(PAGE).text
    assert (page.count(">Up<"), page.count(">Down<")) == (2, 2)
    up = {"position": "1", "version": "1"}
    assert console.post(f"{PAGE}/questions/{two}/move", data=up).headers["location"] == f"{PAGE}?done=saved"
    assert [question.label for question in asked(sqlite_process)] == ["Two", "One", "Three"]
    again = console.post(f"{PAGE}/questions/{two}/move", data=up)
    assert again.headers["location"] == f"{PAGE}?refused=version_mismatch"
    for question in (one, three):
        gone = console.post(f"{PAGE}/questions/{question}/retire", data={"version": "1"})
        assert gone.headers["location"] == f"{PAGE}?done=question_retired"
    assert [question.label for question in asked(sqlite_process)] == ["Two"]
    page = console.get(PAGE).text
    assert "Not asked any more: “One”" in page
    assert "Three" not in page
    assert console.get(f"{PAGE}/questions/{one}/edit").status_code == 404


def test_somebody_elses_change_is_not_run_over(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process
) -> None:
    path = f"{PAGE}/questions/{sqlite_factory.question('knee-options')}/edit"
    assert console.post(path, data={"label": "First", "version": "1"}).status_code == 303
    second = console.post(path, data={"label": "Second", "version": "1"})
    assert second.status_code == 422
    assert "Somebody changed this in the meantime." in second.text
    assert 'value="Second"' in second.text
    assert 'name="version" value="2"' in second.text
    assert [question.label for question in asked(sqlite_process)] == ["First"]


def test_viewers_see_what_is_asked_and_change_nothing(viewer: httpx.Client, sqlite_factory: Factory) -> None:
    question = sqlite_factory.question("knee-options", label="Asked")
    page = viewer.get(PAGE).text
    assert "Asked" in page
    assert f"{PAGE}/questions/" not in page
    for path in ("new", f"{question}/edit"):
        assert viewer.get(f"{PAGE}/questions/{path}").status_code == 403
    for path in ("new", f"{question}/edit", f"{question}/move", f"{question}/retire"):
        sent = viewer.post(f"{PAGE}/questions/{path}", data={"label": "x", "position": "1", "version": "1"})
        assert sent.status_code == 403


# --- What a registrant answered


@pytest.fixture
def registration(sqlite_factory: Factory) -> UUID:
    session_id = sqlite_factory.session("knee-options").session.id
    plain = sqlite_factory.question("knee-options", "long_text", "How did it begin?")
    health = sqlite_factory.question("knee-options", label="Which medicines?", sensitivity=Sensitivity.health)
    raw = {str(plain): "One\n<b>two</b>", str(health): THINNERS}
    return sqlite_factory.registration(session_id, answers=raw, question=RATTLE).registration.id


def test_health_answers_are_shown_to_who_asks_for_a_while_and_that_is_noted(
    signed_in: SignIn, sqlite_process: Process, registration: UUID, clock: SetClock
) -> None:
    path = f"/console/registrations/{registration}"
    host, other = signed_in(Role.host), signed_in(Role.manager)
    page = host.get(path).text
    assert "How did it begin?" in page
    assert "One\n&lt;b&gt;two&lt;/b&gt;" in page
    assert not {word for word in (THINNERS, RATTLE) if word in page}
    assert "Show health answers" in page
    shown = host.post(f"{path}/reveal", data={"back": path})
    assert shown.headers["location"] == f"{path}?done=health_revealed"
    page = host.get(shown.headers["location"]).text
    assert {word for word in (THINNERS, RATTLE, "Which medicines?") if word not in page} == set()
    assert "Health answers are shown to you until" in page
    assert "Show health answers" not in page
    assert THINNERS not in other.get(path).text
    clock.advance(SHOWN_FOR)
    assert not {word for word in (THINNERS, RATTLE) if word in host.get(path).text}
    with sqlite_process.read() as work:
        noted = [row for row in work.db.scalars(sa.select(AuditEntry)) if row.action == "registrations.reveal_health"]
    assert [(row.subject_id, row.fields) for row in noted] == [(registration, ["health_value", "question"])]


def test_showing_addresses_shows_no_health_answers(
    console: httpx.Client, sqlite_factory: Factory, registration: UUID
) -> None:
    path = f"/console/registrations/{registration}"
    found = re.search(r"/console/sessions/[^/\"]+/reveal", console.get(path).text)
    assert found
    console.post(found[0], data={"back": path})
    page = console.get(path).text
    assert "@mail.example" in page
    assert THINNERS not in page


def test_viewers_do_not_see_health_answers(viewer: httpx.Client, registration: UUID) -> None:
    path = f"/console/registrations/{registration}"
    page = viewer.get(path).text
    assert "answers about health, which your account does not see" in page
    assert viewer.post(f"{path}/reveal", data={"back": path}).status_code == 403
    assert not {word for word in (THINNERS, RATTLE) if word in viewer.get(path).text}


def test_who_answered_nothing_has_no_section(console: httpx.Client, sqlite_factory: Factory) -> None:
    registered = sqlite_factory.registration(sqlite_factory.session().session.id)
    assert "<h2>Answers</h2>" not in console.get(f"/console/registrations/{registered.registration.id}").text
    assert console.post(f"/console/registrations/{UUID(int=1)}/reveal").status_code == 404
