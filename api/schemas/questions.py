"""Bodies and answers about questions of a webinar, and about what was answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, left_out
from webinars.rules.questions import (
    KEY,
    LONGEST_CHOICE,
    LONGEST_HELP,
    LONGEST_KEY,
    LONGEST_LABEL,
    MOST_CHOICES,
    MOST_QUESTIONS,
)
from webinars.terms import QuestionKind, Sensitivity

_AN_ID = "0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61"
_CHOICES = [{"key": "left", "label": "Left knee"}, {"key": "right", "label": "Right knee"}]
_SHOW_IF = {"question_id": _AN_ID, "values": [True]}

AnswerValue = (
    StrictBool | StrictInt | StrictFloat | StrictStr | Annotated[list[StrictStr], Field(max_length=100)] | None
)
Answers = Annotated[dict[UUID, AnswerValue], Field(max_length=MOST_QUESTIONS)]


class Choice(Body):
    """One of the answers to choose from."""

    key: Annotated[str, Field(pattern=f"^{KEY}$", max_length=LONGEST_KEY)] = Field(
        description="What answers are stored as. Keep it when the words change.", examples=["left"]
    )
    label: Line = Field(description="What is read.", examples=["Left knee"], min_length=1, max_length=LONGEST_CHOICE)


class ShowIf(Body):
    """Ask only those who gave one of these answers to an earlier question: one with yes and no, or with choices."""

    question_id: UUID = Field(description="The earlier question.", examples=[_AN_ID])
    values: Annotated[list[StrictBool | Line], Field(min_length=1, max_length=MOST_CHOICES)] = Field(
        description="True and false for yes and no, else keys of choices.", examples=[[True]]
    )


_Kind = Annotated[
    QuestionKind,
    Field(
        description="How it is answered. It stays once there are answers.",
        examples=["choice"],
    ),
]
_Label = Annotated[
    Line, Field(description="The question.", examples=["Which knee?"], min_length=1, max_length=LONGEST_LABEL)
]
_Help = Annotated[
    Line, Field(description="A sentence of help below it.", examples=["The one that hurts."], max_length=LONGEST_HELP)
]
_Choices = Annotated[
    list[Choice],
    Field(description="For `choice` and `choices`: what to choose from.", examples=[_CHOICES], max_length=MOST_CHOICES),
]
_IsRequired = Annotated[bool, Field(description="Whether it must be answered where it is asked.", examples=[False])]
_ShowIf = Annotated[ShowIf | None, Field(description="When it is asked; null: always.", examples=[_SHOW_IF])]
_Sensitivity = Annotated[
    Sensitivity,
    Field(
        description=(
            "Whether answers tell about somebody's health: those are kept apart and are in no list, sheet or webhook "
            "unless a scope asks for them. A health question with answers stays one."
        ),
        examples=["health"],
    ),
]

_Position = Annotated[
    int, Field(description="Its place among the questions, 1 for the first.", examples=[1], ge=1, le=MOST_QUESTIONS)
]


class QuestionCreate(Body):
    """A new question, asked after those that are there."""

    kind: _Kind
    label: _Label
    help: _Help = ""
    choices: _Choices = Field(default_factory=list)
    is_required: _IsRequired = False
    show_if: _ShowIf = None
    sensitivity: _Sensitivity = Sensitivity.general


class QuestionUpdate(Change):
    """What is to be changed about a question. Answers that were given keep the words they were given to."""

    kind: _Kind = left_out()
    label: _Label = left_out()
    help: _Help = left_out()
    choices: _Choices = left_out()
    is_required: _IsRequired = left_out()
    show_if: _ShowIf = left_out()
    sensitivity: _Sensitivity = left_out()
    position: _Position = left_out()


class QuestionPublic(Answer):
    """A question as anyone may see it."""

    id: UUID = Field(description="Of the question; answers name it.", examples=[_AN_ID])
    kind: QuestionKind = Field(description="How it is answered.", examples=["choice"])
    label: str = Field(description="The question.", examples=["Which knee?"])
    help: str = Field(description="A sentence of help below it.", examples=["The one that hurts."])
    choices: list[Choice] = Field(description="What to choose from.", examples=[_CHOICES])
    is_required: bool = Field(description="Whether it must be answered where it is asked.", examples=[False])
    show_if: ShowIf | None = Field(description="When it is asked; null: always.", examples=[_SHOW_IF])
    sensitivity: Sensitivity = Field(description="Whether answers tell about somebody's health.", examples=["health"])


class QuestionDetail(QuestionPublic):
    """A question for a token of scope `catalogue:write`."""

    retired_at: Moment | None = Field(description="Since when it is not asked any more.", examples=[None])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])
    created_at: Moment = Field(description="When it was made.", examples=["2026-11-22T14:00:00Z"])
    updated_at: Moment = Field(description="When it last changed.", examples=["2026-11-22T14:00:00Z"])


class QuestionPage(PageOf[QuestionPublic]):
    """All that a webinar asks, in order."""


class QuestionDetailPage(PageOf[QuestionDetail]):
    """All that a webinar asks, in order, and then what it does not ask any more."""


class AnswerPublic(Answer):
    """What a registrant answered, with the words it was an answer to, whatever the question says by now."""

    question_id: UUID = Field(description="Of the question.", examples=[_AN_ID])
    asked: str = Field(description="The question as it was worded.", examples=["Which knee?"])
    value: Any = Field(description="Text, a key, a list of keys, true or false, a number, or a day.", examples=["left"])
    text: str = Field(description="The same in the words of the time.", examples=["Left knee"])
    sensitivity: Sensitivity = Field(description="Whether it tells about somebody's health.", examples=["general"])
