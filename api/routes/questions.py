"""What a webinar asks of those who register."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api.answers import OnceDep, answer
from api.dependencies import CatalogueWriter, NowDep, ReadDep, SeenVersionDep, SeesDraftsDep, WorkDep
from api.openapi import refusals
from api.parameters import WHOLE_LIST, SlugPath
from api.schemas.questions import QuestionCreate, QuestionDetail, QuestionDetailPage, QuestionPage, QuestionUpdate
from api.shapes import question_detail, question_public
from webinars.services import questions

router = APIRouter(prefix="/webinars/{slug}/questions", tags=["questions"])
QuestionPath = Annotated[
    UUID, Path(description="Id of the question.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"])
]
_DEPENDS = "Another question depends on it."


@router.get("", response_model=QuestionPage | QuestionDetailPage, responses=refusals(404, 422))
def list_questions(slug: SlugPath, work: ReadDep, sees_drafts: SeesDraftsDep) -> Response:
    """What a webinar asks, in order, on one page; with a token of scope `catalogue:write` also what it asks no more."""
    found = questions.list_questions(work, slug, public_only=not sees_drafts)
    if sees_drafts:
        details = [question_detail(question) for question in found]
        return answer(QuestionDetailPage(items=details, next=None, limit=WHOLE_LIST))
    return answer(QuestionPage(items=[question_public(question) for question in found], next=None, limit=WHOLE_LIST))


@router.post("", status_code=201, response_model=QuestionDetail, responses=refusals(404, 422))
def create_question(
    slug: SlugPath, body: QuestionCreate, bearer: CatalogueWriter, work: WorkDep, once: OnceDep, now: NowDep
) -> Response:
    """Ask one question more, after those that are there."""

    def make() -> Response:
        question = questions.create_question(work, slug, body.model_dump(), actor=bearer.actor, now=now)
        return answer(question_detail(question), 201, version=question.version)

    return once(make)


@router.patch("/{question_id}", response_model=QuestionDetail, responses=refusals(404, 412, 422, 428, e409=_DEPENDS))
def update_question(
    slug: SlugPath,
    question_id: QuestionPath,
    body: QuestionUpdate,
    bearer: CatalogueWriter,
    work: WorkDep,
    version: SeenVersionDep,
    now: NowDep,
) -> Response:
    """Change a question, or its place. Answers that were given keep the words they were given to."""
    changes = body.model_dump(include=body.model_fields_set)
    question = questions.update_question(work, slug, question_id, changes, version=version, actor=bearer.actor, now=now)
    return answer(question_detail(question), version=question.version)


@router.delete("/{question_id}", status_code=204, responses=refusals(404, 422, e409=_DEPENDS))
def retire_question(
    slug: SlugPath, question_id: QuestionPath, bearer: CatalogueWriter, work: WorkDep, now: NowDep
) -> None:
    """Ask a question no more. Answers to it stay; without any, it is deleted."""
    questions.retire_question(work, slug, question_id, version=None, actor=bearer.actor, now=now)
