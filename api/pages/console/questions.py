"""What a webinar asks of those who register: a form for each question, their order, and what is not asked any more."""

from __future__ import annotations

from itertools import zip_longest
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.dependencies import NowDep, ProcessDep, ReadDep
from api.pages.console.access import HOME, Changer
from api.pages.console.answers import act, console_page, go
from api.pages.console.forms import UNUSABLE, Checks
from webinars.rules.questions import (
    LONGEST_HELP,
    LONGEST_LABEL,
    MOST_CHOICES,
    WITH_CHOICES,
    as_sent,
    key_for,
    possible_answers,
)
from webinars.services import questions, webinars
from webinars.services.hosts import SignedIn
from webinars.terms import QuestionKind, Sensitivity
from webinars.work import Process, Work

router = APIRouter(prefix="/webinars/{slug}/questions")
_FEWEST_ROWS, _FREE_ROWS = 6, 3


class QuestionForm(BaseModel):
    label: str = ""
    help: str = ""
    kind: QuestionKind = QuestionKind.text
    choice_key: list[str] = Field(default_factory=list)
    choice_label: list[str] = Field(default_factory=list)
    is_required: bool = False
    is_health: bool = False
    show_if: list[str] = Field(default_factory=list)
    """`<question id>:<value>` for each answer that is ticked."""
    version: int = 0

    def rows(self) -> list[tuple[str, str]]:
        """Key and label of each choice, and some empty rows to fill in."""
        filled = list(zip_longest(self.choice_key, self.choice_label, fillvalue=""))
        filled = [(key, label) for key, label in filled if label.strip()][:MOST_CHOICES]
        size = min(MOST_CHOICES, max(_FEWEST_ROWS, len(filled) + _FREE_ROWS))
        return filled + [("", "")] * (size - len(filled))

    def facts(self, checks: Checks) -> dict[str, Any]:
        return {
            "label": checks.text("label", self.label, "Enter the question.", most=LONGEST_LABEL),
            "help": checks.text("help", self.help, most=LONGEST_HELP),
            "kind": self.kind,
            "choices": self._choices() if self.kind in WITH_CHOICES else [],
            "is_required": self.is_required,
            "show_if": self._condition(checks),
            "sensitivity": Sensitivity.health if self.is_health else Sensitivity.general,
        }

    def _choices(self) -> list[dict[str, str]]:
        """Choices that were there keep their keys, whatever their words; new ones get a key from theirs."""
        filled = [(key, label) for key, label in self.rows() if label]
        taken = {key for key, _ in filled if key}
        choices = []
        for given, label in filled:
            key = given or key_for(label, taken)
            taken.add(key)
            choices.append({"key": key, "label": label})
        return choices

    def _condition(self, checks: Checks) -> dict[str, Any] | None:
        picked = [answer.partition(":") for answer in self.show_if]
        sources = {source for source, _, _ in picked}
        if len(sources) > 1:
            checks.errors["show_if"] = "Tick answers of one question only."
        if len(sources) != 1:
            return None
        return {"question_id": sources.pop(), "values": [value for _, _, value in picked]}


@router.get("/new")
def new_question(request: Request, slug: str, host: Changer, process: ProcessDep) -> Response:
    return _form_page(request, slug, host, process, QuestionForm(), Checks())


@router.post("/new")
def create_question(
    request: Request, slug: str, form: Annotated[QuestionForm, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            questions.create_question(work, slug, facts, actor=host.actor, now=now)
        return go(_back_to(slug), done="added")
    return _form_page(request, slug, host, process, form, checks)


@router.get("/{question_id}/edit")
def edit_question(
    request: Request, slug: str, question_id: UUID, host: Changer, process: ProcessDep, work: ReadDep
) -> Response:
    question = questions.get_question(work, slug, question_id)
    condition = question.show_if or {"question_id": "", "values": []}
    form = QuestionForm(
        label=question.label,
        help=question.help,
        kind=question.kind,
        choice_key=[choice["key"] for choice in question.choices],
        choice_label=[choice["label"] for choice in question.choices],
        is_required=question.is_required,
        is_health=question.sensitivity is Sensitivity.health,
        show_if=[f"{condition['question_id']}:{as_sent(value)}" for value in condition["values"]],
        version=question.version,
    )
    return _form_page(request, slug, host, process, form, Checks(), question_id)


@router.post("/{question_id}/edit")
def update_question(
    request: Request,
    slug: str,
    question_id: UUID,
    form: Annotated[QuestionForm, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    with Checks() as checks:
        facts = form.facts(checks)
        checks.done()
        with process.work() as work:
            questions.update_question(work, slug, question_id, facts, version=form.version, actor=host.actor, now=now)
        return go(_back_to(slug), done="saved")
    return _form_page(request, slug, host, process, form, checks, question_id)


@router.post("/{question_id}/move")
def move_question(
    slug: str,
    question_id: UUID,
    position: Annotated[int, Form(ge=1)],
    version: Annotated[int, Form()],
    host: Changer,
    process: ProcessDep,
    now: NowDep,
) -> Response:
    """Put a question into another place."""

    def deed(work: Work) -> None:
        changes = {"position": position}
        questions.update_question(work, slug, question_id, changes, version=version, actor=host.actor, now=now)

    return act(process, _back_to(slug), "saved", deed)


@router.post("/{question_id}/retire")
def retire_question(
    slug: str, question_id: UUID, version: Annotated[int, Form()], host: Changer, process: ProcessDep, now: NowDep
) -> Response:
    """Ask it no more."""

    def deed(work: Work) -> None:
        questions.retire_question(work, slug, question_id, version=version, actor=host.actor, now=now)

    return act(process, _back_to(slug), "question_retired", deed)


def _back_to(slug: str) -> str:
    return f"{HOME}/webinars/{slug}"


def _form_page(
    request: Request,
    slug: str,
    host: SignedIn,
    process: Process,
    form: QuestionForm,
    checks: Checks,
    question_id: UUID | None = None,
) -> Response:
    with process.read() as work:
        asked = questions.asked_of(work, webinars.get_webinar(work, slug, public_only=False).webinar)
        if question_id is not None and checks.is_outdated:
            form.version = questions.get_question(work, slug, question_id).version
    places = [place for place, question in enumerate(asked) if question.id == question_id]
    earlier = asked[: places[0]] if places else asked
    return console_page(
        request,
        "question_form.html",
        host,
        status=UNUSABLE if checks.errors else 200,
        slug=slug,
        form=form,
        errors=checks.errors,
        question_id=question_id,
        kinds=list(QuestionKind),
        sources=[
            (question, [(as_sent(value), label) for value, label in possible_answers(question)])
            for question in earlier
            if possible_answers(question)
        ],
    )
