"""The host's questions on the form: how each kind is asked, what mistakes look like, what is kept."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.factories import ACTOR, Factory
from webinars.rules.questions import field_of
from webinars.services import questions
from webinars.tables import IdempotencyKey, Registration
from webinars.terms import Sensitivity
from webinars.testing import SetClock
from webinars.work import Process

SLUG = "knee-options"
HEALTH = Sensitivity.health


@pytest.fixture
def session_id(make: Factory) -> UUID:
    return make.session(make.webinar(SLUG)).session.id


def form(visitor: Visitor, session_id: UUID) -> str:
    return visitor.get(f"/sessions/{session_id}/register").text


def said(process: Process) -> dict[str, str]:
    """What the only registrant answered."""
    with process.read() as work:
        (registration,) = work.db.scalars(sa.select(Registration))
        found = questions.answers_of(work, [registration.id], with_health=True)[registration.id]
    return {answer.asked: answer.text for answer in found}


def count(process: Process, table: type[Any]) -> int:
    with process.read() as work:
        return len(work.db.scalars(sa.select(table)).all())


def element(page: str, name: str) -> str:
    """The tag of the field."""
    found = re.search(rf'<(?:input|textarea)[^>]*id="{re.escape(name)}"[^>]*>', page)
    assert found, name
    return found[0]


def test_every_kind_is_asked_in_its_way_and_answered(
    visitor: Visitor, make: Factory, sqlite_process: Process, session_id: UUID
) -> None:
    kinds = ("text", "long_text", "choice", "choices", "yes_no", "number", "date")
    names = {kind: field_of(make.question(SLUG, kind, f"A {kind}?")) for kind in kinds}
    page = form(visitor, session_id)
    for kind, name in names.items():
        if kind in {"choice", "choices", "yes_no"}:
            assert f"<legend>A {kind}? " in page
        else:
            assert f'<label for="{name}">A {kind}? ' in page
    assert 'type="text"' in element(page, names["text"])
    assert element(page, names["long_text"]).startswith("<textarea")
    assert 'type="radio"' in element(page, names["choice"])
    assert 'type="checkbox"' in element(page, names["choices"])
    assert 'inputmode="decimal"' in element(page, names["number"])
    assert 'type="date"' in element(page, names["date"])
    assert not re.search(r'name="answers[^>]*checked', page)
    typed = {
        names["text"]: " a friend ",
        names["long_text"]: "one\r\ntwo",
        names["choice"]: "left",
        f"{names['choices']}.left": "left",
        f"{names['choices']}.right": "right",
        names["yes_no"]: "no",
        names["number"]: "2.5",
        names["date"]: "2026-01-31",
    }
    assert visitor.register(session_id, **typed).status_code == 303
    assert list(said(sqlite_process).values()) == [
        "a friend",
        "one\ntwo",
        "Left knee",
        "Left knee; Right knee",
        "No",
        "2.5",
        "2026-01-31",
    ]


def test_a_form_without_questions_is_as_it_was(visitor: Visitor, session_id: UUID) -> None:
    page = form(visitor, session_id)
    assert "answers." not in page
    assert "(optional)" not in page


def test_what_need_not_be_answered_says_so(visitor: Visitor, make: Factory, session_id: UUID) -> None:
    make.question(SLUG, label="Needed?", is_required=True, help="As you <b>remember</b> it.")
    make.question(SLUG, label="Not needed?")
    page = form(visitor, session_id)
    assert page.count("(optional)") == 1
    assert 'Not needed? <span class="quiet">(optional)</span>' in page
    assert "As you &lt;b&gt;remember&lt;/b&gt; it." in page


def test_health_questions_say_why_and_who_reads_them(visitor: Visitor, make: Factory, session_id: UUID) -> None:
    name = field_of(make.question(SLUG, label="Which medicines?", sensitivity=HEALTH))
    side = field_of(make.question(SLUG, "choice", "Which knee?", sensitivity=HEALTH))
    plain = field_of(make.question(SLUG, "long_text", "Anything else?"))
    page = form(visitor, session_id)
    assert page.count("Only staff of Example Joint &amp; Spine Clinics read your answer") == 2
    assert f'aria-describedby="{name}-health"' in element(page, name)
    for asked in (name, side):
        assert 'autocomplete="off"' in element(page, asked)
    assert "autocomplete" not in element(page, plain)


def test_mistakes_are_said_twice_lead_to_their_fields_and_keep_what_was_typed(
    visitor: Visitor, make: Factory, sqlite_process: Process, session_id: UUID
) -> None:
    number = field_of(make.question(SLUG, "number", "How many years?"))
    side = field_of(make.question(SLUG, "choice", "Which knee?", is_required=True))
    ticked = field_of(make.question(SLUG, "choices", "Where else?"))
    yes = field_of(make.question(SLUG, "yes_no", "Any pain?"))
    typed = {number: 'ma"ny', f"{ticked}.right": "right", yes: "yes"}
    page = visitor.register(session_id, **typed, name="")
    assert page.status_code == 422
    assert page.headers["cache-control"] == "no-store"
    order = []
    for name, words in (
        ("name", "Enter your name."),
        (number, "Answer “How many years?” with a number, such as 5 or 2.5."),
        (side, "Please answer “Which knee?”."),
    ):
        assert page.text.count(words) == 2
        order.append(page.text.index(f'<a href="#{name}">{words}</a>'))
    assert order == sorted(order)
    assert f'aria-describedby="{number}-wrong"' in element(page.text, number)
    assert 'aria-invalid="true"' in element(page.text, number)
    assert f'<fieldset class=" has-error" aria-describedby="{side}-wrong">' in page.text
    assert 'value="ma&#34;ny"' in element(page.text, number)
    checked = re.findall(r'name="(answers[^"]+)" value="(\w+)" checked', page.text)
    assert checked == [(f"{ticked}.right", "right"), (yes, "yes")]
    assert count(sqlite_process, Registration) == 0
    assert visitor.register(session_id, **typed | {number: "2", side: "left"}).status_code == 303


def test_a_question_that_hangs_on_another_says_so_and_is_dropped_where_it_was_not_meant(
    visitor: Visitor, make: Factory, sqlite_process: Process, session_id: UUID
) -> None:
    pain = make.question(SLUG, "yes_no", "Any pain?")
    since = make.question(
        SLUG, "number", "Since when?", is_required=True, show_if={"question_id": pain, "values": ["yes"]}
    )
    page = form(visitor, session_id)
    assert "Only if you answered “Yes” to “Any pain?”" in page
    assert f'data-show-if="{field_of(pain)}" data-values="yes"' in page
    assert f'aria-describedby="{field_of(since)}-when"' in element(page, field_of(since))
    refused = visitor.register(session_id, **{field_of(pain): "yes"})
    assert refused.status_code == 422
    answered = visitor.register(session_id, **{field_of(pain): "no", field_of(since): "nonsense"})
    assert answered.status_code == 303
    assert said(sqlite_process) == {"Any pain?": "No"}


def test_several_answers_to_hang_on_are_joined_by_or(visitor: Visitor, make: Factory, session_id: UUID) -> None:
    side = make.question(SLUG, "choices", "Which knee?")
    make.question(SLUG, label="More?", show_if={"question_id": side, "values": ["left", "right"]})
    page = form(visitor, session_id)
    assert "Only if you answered “Left knee” or “Right knee” to “Which knee?”" in page
    assert 'data-values="left right"' in page


def test_a_question_that_came_while_the_form_was_open_is_asked_with_all_else_kept(
    visitor: Visitor, make: Factory, sqlite_process: Process, session_id: UUID, clock: SetClock
) -> None:
    path = f"/sessions/{session_id}/register"
    old = make.question(SLUG, label="Old?")
    fields = visitor.hidden(path) | {"name": "Ana", "email": "ana@mail.example", field_of(old): "kept"}
    with make.process.work() as work:
        questions.retire_question(work, SLUG, old, version=None, actor=ACTOR, now=make.now)
    new = make.question(SLUG, label="New?", is_required=True)
    clock.advance(A_WHILE)
    asked = visitor.post(path, data=fields)
    assert asked.status_code == 422
    assert 'value="ana@mail.example"' in asked.text
    assert visitor.post(path, data=fields | {field_of(new): "words"}).status_code == 303
    assert said(sqlite_process) == {"New?": "words"}


def test_what_the_desk_refuses_is_said_on_the_form(
    visitor: Visitor, make: Factory, session_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question added between the look at the form and the seat."""
    name = field_of(make.question(SLUG, label="Needed?", is_required=True))
    monkeypatch.setattr("api.pages.patients.form.read_answers", lambda *_: ([], {}))
    page = visitor.register(session_id)
    assert page.status_code == 422
    assert f'<a href="#{name}">Please answer “Needed?”.</a>' in page.text
    assert 'value="ana@mail.example"' in page.text


def test_a_corrected_answer_is_not_taken_for_the_first(
    visitor: Visitor, make: Factory, sqlite_process: Process, session_id: UUID, clock: SetClock
) -> None:
    """The form's key counts with what was typed, answers included."""
    name = field_of(make.question(SLUG))
    path = f"/sessions/{session_id}/register"
    fields = visitor.hidden(path) | {"name": "Ana", "email": "ana@mail.example"}
    clock.advance(A_WHILE)
    for answer in ("one", "two", "two"):
        assert visitor.post(path, data=fields | {name: answer}).status_code == 303
    assert count(sqlite_process, IdempotencyKey) == 2


@pytest.mark.parametrize("raw", ["\x00", "\u202e", "x" * 5000, "<script>", "'; DROP TABLE answers; --"])
@pytest.mark.parametrize("kind", ["text", "long_text", "choice", "choices", "yes_no", "number", "date"])
def test_hostile_answers_are_no_surprise(
    visitor: Visitor, make: Factory, session_id: UUID, kind: str, raw: str
) -> None:
    name = field_of(make.question(SLUG, kind))
    fields: dict[str, Any] = {name: raw, f"{name}.left": raw, f"{name}.{raw}": raw}
    page: httpx.Response = visitor.register(session_id, **fields)
    assert page.status_code in {303, 422}
    assert "<script>" not in page.text.replace('<script src="/static', "")
