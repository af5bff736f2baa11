"""What hosts may ask, and what counts as an answer."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from webinars.errors import ConditionBroken, InvalidField
from webinars.phrases import Phrase
from webinars.terms import QuestionKind, Sensitivity

MOST_QUESTIONS = 20
FEWEST_CHOICES, MOST_CHOICES = 2, 30
LONGEST_LABEL, LONGEST_HELP, LONGEST_CHOICE, LONGEST_KEY = 300, 500, 200, 40
LONGEST_TEXT, LONGEST_LONG_TEXT = 200, 2000
LARGEST_NUMBER = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 1900, 2199
WITH_CHOICES = (QuestionKind.choice, QuestionKind.choices)
KEY = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}(?:\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_NO = {"yes": True, "no": False}
YES, NO = Phrase("Yes"), Phrase("No")


class Asked(Protocol):
    """A question, as far as rules look at it."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> QuestionKind: ...
    @property
    def label(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def choices(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def is_required(self) -> bool: ...
    @property
    def show_if(self) -> Mapping[str, Any] | None: ...
    @property
    def sensitivity(self) -> Sensitivity: ...


@dataclass(frozen=True, slots=True)
class CleanAnswer:
    """An answer that may be kept."""

    question: Asked
    value: Any
    """As JSON: text, a key, keys, a truth, a number, an ISO date."""
    text: str
    """The same in the words of the question."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a question is asked, in words."""

    label: str
    """The earlier question."""
    answers: Sequence[str]
    """The answers to it of which one must be given."""


# --- Definitions


def check_questions(questions: Sequence[Asked], changed: UUID | None = None) -> None:
    """All questions that a webinar would ask, in their order, after one of them was changed.

    Args:
        changed: the one that is new or different, if there is one.

    Raises:
        InvalidField: if the changed question cannot be asked like this; `field` names what is wrong about it.
        ConditionBroken: if another question depends on what it was before.
    """
    if len(questions) > MOST_QUESTIONS:
        raise InvalidField(f"A webinar asks at most {MOST_QUESTIONS} questions. Remove one first.", field="label")
    for place, question in enumerate(questions):
        if question.id == changed:
            _check_words(question)
            _check_choices(question)
        fault = _condition_fault(question, questions[:place])
        if fault and question.id == changed:
            raise InvalidField(fault, field="show_if")
        if fault:
            raise ConditionBroken(f"“{question.label}” depends on this question. Change its condition first.")


def clean_condition(condition: Mapping[str, Any], questions: Sequence[Asked]) -> dict[str, Any]:
    """A condition as it is kept: yes and no as truths, each value once. Whether it can be is for `check_questions`."""
    source = next((question for question in questions if str(question.id) == str(condition["question_id"])), None)
    values = list(condition["values"])
    if source is not None and source.kind is QuestionKind.yes_no:
        values = [_YES_NO.get(value, value) if isinstance(value, str) else value for value in values]
    return {"question_id": str(condition["question_id"]), "values": list(dict.fromkeys(values))}


def as_sent(value: str | bool) -> str:
    """How a form says a value that `clean_condition` takes: yes and no in words."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def condition_of(question: Asked, questions: Sequence[Asked]) -> Condition | None:
    """When a question is asked; None if always."""
    source = _source(question, questions)
    if question.show_if is None or source is None:
        return None
    answers = [words for value, words in possible_answers(source) if value in question.show_if["values"]]
    return Condition(source.label, answers)


def possible_answers(question: Asked) -> list[tuple[str | bool, str]]:
    """All values of an answer with their words; none for questions that are answered freely."""
    if question.kind is QuestionKind.yes_no:
        return [(True, YES), (False, NO)]
    if question.kind in WITH_CHOICES:
        return [(choice["key"], choice["label"]) for choice in question.choices]
    return []


def key_for(label: str, taken: Collection[str]) -> str:
    """A key for a new choice: its words in plain letters, unlike those that are taken."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: LONGEST_KEY - 4].strip("-") or "choice"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


def one_line(text: str) -> str:
    """Text without control and direction characters, blanks folded."""
    return " ".join(_printable(text, keep="").split())


def _check_words(question: Asked) -> None:
    if not question.label:
        raise InvalidField("Enter the question.", field="label")
    if len(question.label) > LONGEST_LABEL:
        raise InvalidField(f"Use at most {LONGEST_LABEL} characters.", field="label")
    if len(question.help) > LONGEST_HELP:
        raise InvalidField(f"Use at most {LONGEST_HELP} characters.", field="help")


def _check_choices(question: Asked) -> None:
    choices = question.choices
    if question.kind not in WITH_CHOICES:
        if choices:
            raise InvalidField("Only a question with choices has choices. Leave them out.", field="choices")
        return
    if not FEWEST_CHOICES <= len(choices) <= MOST_CHOICES:
        raise InvalidField(f"Give {FEWEST_CHOICES} to {MOST_CHOICES} choices.", field="choices")
    keys = [choice["key"] for choice in choices]
    if any(len(key) > LONGEST_KEY or not re.fullmatch(KEY, key) for key in keys):
        words = f"A key has lower-case letters, digits and single hyphens, at most {LONGEST_KEY}: left-knee."
        raise InvalidField(words, field="choices")
    labels = [choice["label"] for choice in choices]
    if any(not label or len(label) > LONGEST_CHOICE for label in labels):
        raise InvalidField(f"Give each choice a label of at most {LONGEST_CHOICE} characters.", field="choices")
    if len(set(keys)) < len(keys) or len({label.casefold() for label in labels}) < len(labels):
        raise InvalidField("Two choices are the same. Make each one different.", field="choices")


def _condition_fault(question: Asked, earlier: Sequence[Asked]) -> str | None:
    if question.show_if is None:
        return None
    source = _source(question, earlier)
    if source is None:
        return "Choose a question that comes before this one."
    possible = [value for value, _ in possible_answers(source)]
    if not possible:
        return "Choose a question that is answered with yes or no, or with choices."
    if source.sensitivity is Sensitivity.health and question.sensitivity is not Sensitivity.health:
        return "What is asked because of a health answer tells that answer: make this question a health question, too."
    values = question.show_if["values"]
    if not values or not all(type(value) in {str, bool} and value in possible for value in values):
        return f"Choose at least one of the answers that “{source.label}” can have."
    return None


def _source(question: Asked, questions: Sequence[Asked]) -> Asked | None:
    wanted = question.show_if["question_id"] if question.show_if else None
    return next((other for other in questions if str(other.id) == wanted), None)


# --- Answers


def check_answers(questions: Sequence[Asked], raw: Mapping[str, Any], *, needs_all: bool = True) -> list[CleanAnswer]:
    """The answers that may be kept.

    Args:
        questions: all that are asked, in their order.
        raw: JSON values by question id. Nothing, blank text and an empty list are no answer.
        needs_all: whether required questions must be answered.

    Raises:
        InvalidField: with the first that is missing or wrong, as the field `answers.<question id>`.
    """
    clean, faults = read_answers(questions, raw, needs_all=needs_all)
    for field, words in faults.items():
        raise InvalidField(words, field=field)
    return clean


def read_answers(
    questions: Sequence[Asked], raw: Mapping[str, Any], *, needs_all: bool = True
) -> tuple[list[CleanAnswer], dict[str, str]]:
    """The answers that may be kept, and words for each that is missing or wrong, by field.

    A question whose condition does not hold is not asked: whatever was sent for it is dropped.
    """
    known = {str(question.id) for question in questions}
    faults: dict[str, str] = {
        field_of(unknown): Phrase("This question is not asked here. Leave it out, or look up the questions again.")
        for unknown in raw
        if unknown not in known
    }
    clean: dict[str, CleanAnswer] = {}
    for question in questions:
        if not _is_asked(question, clean):
            continue
        try:
            answer = _read(question, raw.get(str(question.id)))
        except _Wrong as wrong:
            faults[field_of(question.id)] = wrong.words
            continue
        if answer is not None:
            clean[str(question.id)] = answer
        elif question.is_required and needs_all:
            faults[field_of(question.id)] = Phrase("Please answer “%(label)s”.", label=question.label)
    return list(clean.values()), faults


def field_of(question_id: UUID | str) -> str:
    """What errors and forms call the answer to a question."""
    return f"answers.{question_id}"


class _Wrong(Exception):
    """A value is no answer; says what would be one."""

    def __init__(self, words: Phrase) -> None:
        super().__init__(words)
        self.words = words


def _is_asked(question: Asked, given: Mapping[str, CleanAnswer]) -> bool:
    if question.show_if is None:
        return True
    answer = given.get(question.show_if["question_id"])
    if answer is None:
        return False
    picked = answer.value if isinstance(answer.value, list) else [answer.value]
    return any(value in question.show_if["values"] for value in picked)


def _read(question: Asked, raw: Any) -> CleanAnswer | None:
    if isinstance(raw, str):
        raw = _printable(raw, keep="\n").strip()
    if raw is None or raw in ("", []):
        return None
    return _READERS[question.kind](question, raw)


def _text(question: Asked, raw: Any) -> CleanAnswer:
    text = " ".join(_needed_text(question, raw).split())
    if len(text) > LONGEST_TEXT:
        raise _Wrong(_too_long(question, LONGEST_TEXT))
    return CleanAnswer(question, text, text)


def _long_text(question: Asked, raw: Any) -> CleanAnswer:
    text = _needed_text(question, raw)
    if len(text) > LONGEST_LONG_TEXT:
        raise _Wrong(_too_long(question, LONGEST_LONG_TEXT))
    return CleanAnswer(question, text, text)


def _choice(question: Asked, raw: Any) -> CleanAnswer:
    labels = dict(possible_answers(question))
    if not isinstance(raw, str) or raw not in labels:
        raise _Wrong(Phrase("Choose one of the answers to “%(label)s”.", label=question.label))
    return CleanAnswer(question, raw, labels[raw])


def _choices(question: Asked, raw: Any) -> CleanAnswer:
    possible = possible_answers(question)
    keys = [key for key, _ in possible]
    if not isinstance(raw, list) or any(key not in keys for key in raw) or len(set(raw)) < len(raw):
        raise _Wrong(Phrase("Choose from the answers to “%(label)s”, each at most once.", label=question.label))
    picked = [(key, label) for key, label in possible if key in raw]
    return CleanAnswer(question, [key for key, _ in picked], "; ".join(label for _, label in picked))


def _yes_no(question: Asked, raw: Any) -> CleanAnswer:
    value = _YES_NO.get(raw) if isinstance(raw, str) else raw
    if not isinstance(value, bool):
        raise _Wrong(Phrase("Answer “%(label)s” with yes or no.", label=question.label))
    return CleanAnswer(question, value, str(YES if value else NO))


def _number(question: Asked, raw: Any) -> CleanAnswer:
    value = float(raw) if isinstance(raw, str) and _NUMBER.fullmatch(raw) else raw
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Wrong(Phrase("Answer “%(label)s” with a number, such as 5 or 2.5.", label=question.label))
    if not abs(value) <= LARGEST_NUMBER:  # NaN is not smaller than anything
        words = Phrase(
            "Answer “%(label)s” with a number up to %(most)s.", label=question.label, most=f"{LARGEST_NUMBER:,}"
        )
        raise _Wrong(words)
    if math.trunc(value) == value:
        value = int(value)
    return CleanAnswer(question, value, str(value))


def _date(question: Asked, raw: Any) -> CleanAnswer:
    words = Phrase(
        "Answer “%(label)s” with a day from %(first)s to %(last)s, such as 2026-03-31.",
        label=question.label,
        first=FIRST_YEAR,
        last=LAST_YEAR,
    )
    try:
        day = date.fromisoformat(raw if isinstance(raw, str) and _DATE.fullmatch(raw) else "")
    except ValueError:
        raise _Wrong(words) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _Wrong(words)
    return CleanAnswer(question, day.isoformat(), day.isoformat())


_READERS: Mapping[QuestionKind, Callable[[Asked, Any], CleanAnswer]] = {
    QuestionKind.text: _text,
    QuestionKind.long_text: _long_text,
    QuestionKind.choice: _choice,
    QuestionKind.choices: _choices,
    QuestionKind.yes_no: _yes_no,
    QuestionKind.number: _number,
    QuestionKind.date: _date,
}


def _too_long(question: Asked, most: int) -> Phrase:
    return Phrase("Answer “%(label)s” with at most %(most)s characters.", label=question.label, most=most)


def _needed_text(question: Asked, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _Wrong(Phrase("Answer “%(label)s” with text.", label=question.label))
    return raw


def _printable(text: str, *, keep: str) -> str:
    """Composed text; control and direction characters become blanks, but those to keep and what joins emoji."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = keep + "\u200d"
    return "".join(ch if ch in kept or unicodedata.category(ch)[0] != "C" else " " for ch in plain)
