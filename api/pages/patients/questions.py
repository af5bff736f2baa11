"""The host's questions on the form: what was typed into their fields, and what each field is to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webinars.rules.questions import MOST_CHOICES, MOST_QUESTIONS, Asked, Condition, as_sent, condition_of, field_of
from webinars.terms import QuestionKind

MOST_FIELDS = MOST_QUESTIONS * MOST_CHOICES


@dataclass(frozen=True, slots=True)
class QuestionField:
    """A question as the form shows it."""

    question: Asked
    name: str
    """Of the field, and the id that links lead to."""
    typed: Any
    """Text, or the keys that are ticked."""
    condition: Condition | None
    """When it is asked; None if always."""
    source: str
    """The name of the field that this hangs on; empty if none."""
    values: Sequence[str]
    """What must be chosen there, one of these."""


def typed_answers(fields: Mapping[str, str], asked: Sequence[Asked]) -> dict[str, Any]:
    """What was typed, by question id. Each box of a question with several choices is a field of its own."""
    return {str(question.id): _typed(fields, question) for question in asked}


def question_fields(asked: Sequence[Asked], typed: Mapping[str, Any]) -> Iterator[QuestionField]:
    """The fields of all questions, in order."""
    for question in asked:
        shown_if = question.show_if
        yield QuestionField(
            question,
            field_of(question.id),
            typed.get(str(question.id), ""),
            condition_of(question, asked),
            field_of(shown_if["question_id"]) if shown_if else "",
            [as_sent(value) for value in shown_if["values"]] if shown_if else [],
        )


def _typed(fields: Mapping[str, str], question: Asked) -> Any:
    name = field_of(question.id)
    if question.kind is QuestionKind.choices:
        return [choice["key"] for choice in question.choices if fields.get(f"{name}.{choice['key']}")]
    return fields.get(name, "")
