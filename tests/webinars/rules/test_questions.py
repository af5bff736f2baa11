"""What hosts may ask, and what counts as an answer."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.errors import ConditionBroken, InvalidField
from webinars.rules.questions import (
    LONGEST_KEY,
    LONGEST_LONG_TEXT,
    LONGEST_TEXT,
    MOST_CHOICES,
    MOST_QUESTIONS,
    check_answers,
    check_questions,
    clean_condition,
    condition_of,
    field_of,
    key_for,
    one_line,
    read_answers,
)
from webinars.terms import QuestionKind, Sensitivity

SIDES = [{"key": "left", "label": "Left knee"}, {"key": "right", "label": "Right knee"}]


@dataclass(frozen=True)
class Ask:
    kind: QuestionKind = QuestionKind.text
    label: str = "How did you hear of us?"
    help: str = ""
    choices: Sequence[Mapping[str, str]] = ()
    is_required: bool = False
    show_if: Mapping[str, Any] | None = None
    sensitivity: Sensitivity = Sensitivity.general
    id: UUID = field(default_factory=uuid4)


def ask(kind: str, **facts: Any) -> Ask:
    choices = SIDES if kind in {"choice", "choices"} else ()
    return Ask(QuestionKind(kind), **({"choices": choices} | facts))


def after(source: Ask, *values: str | bool, **facts: Any) -> Ask:
    return Ask(show_if={"question_id": str(source.id), "values": list(values)}, **facts)


def answer_to(question: Ask, raw: Any) -> Any:
    """The value and the words of an answer; None if there is none."""
    found = check_answers([question], {str(question.id): raw})
    return (found[0].value, found[0].text) if found else None


# --- Definitions


@pytest.mark.parametrize("kind", list(QuestionKind))
def test_every_kind_can_be_asked(kind: QuestionKind) -> None:
    question = ask(kind.value)
    check_questions([question], question.id)


@pytest.mark.parametrize(
    ("question", "field_name"),
    [
        (ask("text", label=""), "label"),
        (ask("text", label="x" * 301), "label"),
        (ask("text", help="x" * 501), "help"),
        (ask("text", choices=SIDES), "choices"),
        (ask("choice", choices=[]), "choices"),
        (ask("choice", choices=SIDES[:1]), "choices"),
        (ask("choices", choices=[SIDES[0], SIDES[0] | {"label": "Other"}]), "choices"),
        (ask("choices", choices=[SIDES[0], SIDES[1] | {"label": "LEFT KNEE"}]), "choices"),
        (ask("choice", choices=[SIDES[0], {"key": "right", "label": ""}]), "choices"),
        (ask("choice", choices=[SIDES[0], {"key": "right", "label": "x" * 201}]), "choices"),
        (ask("choice", choices=[SIDES[0], {"key": "right knee", "label": "x"}]), "choices"),
        (ask("choice", choices=[SIDES[0], {"key": "r" * 41, "label": "x"}]), "choices"),
        (ask("choice", choices=[{"key": f"k{n}", "label": f"{n}"} for n in range(MOST_CHOICES + 1)]), "choices"),
    ],
)
def test_what_cannot_be_asked_names_the_field(question: Ask, field_name: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        check_questions([question], question.id)
    assert refusal.value.facts == {"field": field_name}
    check_questions([question])  # the control: only what is changed is looked at, old questions stay as they are


def test_there_are_so_many_questions_and_no_more() -> None:
    questions = [ask("text") for _ in range(MOST_QUESTIONS)]
    check_questions(questions, questions[-1].id)
    with pytest.raises(InvalidField, match="at most 20 questions"):
        check_questions([*questions, ask("text")])


YES_NO, SIDE, PARTS = ask("yes_no", label="Any pain?"), ask("choice"), ask("choices")


@pytest.mark.parametrize(
    ("source", "values"),
    [(YES_NO, [True]), (YES_NO, [True, False]), (SIDE, ["left"]), (PARTS, ["left", "right"])],
)
def test_a_question_may_depend_on_an_earlier_one(source: Ask, values: list[str | bool]) -> None:
    question = after(source, *values)
    check_questions([source, ask("text"), question], question.id)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        (YES_NO, []),
        (YES_NO, ["yes"]),
        (YES_NO, [1]),
        (YES_NO, ["left"]),
        (SIDE, ["up"]),
        (SIDE, ["left", "up"]),
        (SIDE, [True]),
        (ask("text"), ["x"]),
        (ask("number"), [3]),
    ],
)
def test_it_depends_on_answers_that_can_be_given(source: Ask, values: list[Any]) -> None:
    question = after(source, *values)
    with pytest.raises(InvalidField) as refusal:
        check_questions([source, question], question.id)
    assert refusal.value.facts == {"field": "show_if"}


def test_it_depends_on_nothing_later_or_elsewhere_or_itself() -> None:
    question = after(YES_NO, True)
    own = replace(YES_NO, show_if={"question_id": str(YES_NO.id), "values": [True]})
    for questions in ([question, YES_NO], [question], [own]):
        with pytest.raises(InvalidField, match="comes before this one"):
            check_questions(questions, questions[0].id)


def test_what_others_depend_on_cannot_be_taken_away() -> None:
    question = after(SIDE, "left", label="Since when?")
    without = replace(SIDE, choices=[{"key": "up", "label": "Up"}, SIDES[1]])
    check_questions([SIDE, question], SIDE.id)
    for questions in ([without, question], [question, SIDE], [question], [ask("text", id=SIDE.id), question]):
        with pytest.raises(ConditionBroken, match=r"“Since when\?” depends on"):
            check_questions(questions, SIDE.id)


def test_a_condition_is_kept_in_one_form_and_said_in_words() -> None:
    kept = clean_condition({"question_id": YES_NO.id, "values": ["yes", True]}, [YES_NO])
    assert kept == {"question_id": str(YES_NO.id), "values": [True]}
    of_side = {"question_id": SIDE.id, "values": ["left", "yes", "left"]}
    assert clean_condition(of_side, [SIDE])["values"] == ["left", "yes"]
    condition = condition_of(after(SIDE, "right", "left"), [YES_NO, SIDE])
    assert condition is not None
    assert (condition.label, condition.answers) == (SIDE.label, ["Left knee", "Right knee"])
    assert condition_of(SIDE, [YES_NO, SIDE]) is None


@given(st.lists(st.text(max_size=60), max_size=MOST_CHOICES))
def test_new_choices_get_keys_of_their_own(labels: list[str]) -> None:
    taken: list[str] = []
    for label in labels:
        taken.append(key_for(label, taken))
    assert len(set(taken)) == len(taken)
    choices = [{"key": key, "label": str(number)} for number, key in enumerate(taken)]
    if len(choices) > 1:
        question = ask("choice", choices=choices)
        check_questions([question], question.id)
    assert all(len(key) <= LONGEST_KEY for key in taken)


def test_keys_can_be_read() -> None:
    assert [key_for("Left Knee", []), key_for("Rodilla niño", []), key_for("膝", [])] == [
        "left-knee",
        "rodilla-nino",
        "choice",
    ]
    assert key_for("Left knee!", ["left-knee"]) == "left-knee-2"


def test_wording_is_one_line_without_hidden_characters() -> None:
    assert one_line("  Any\r\npain\u202e \x00 today? ") == "Any pain today?"


# --- Answers


@pytest.mark.parametrize(
    ("kind", "raw", "clean"),
    [
        ("text", "  a friend\tof \x00mine\u202e ", ("a friend of mine", "a friend of mine")),
        ("text", "nin\u0303o", ("niño", "niño")),
        ("text", "x" * LONGEST_TEXT, ("x" * LONGEST_TEXT,) * 2),
        ("long_text", " one\r\n\r\ntwo\x07 ", ("one\n\ntwo", "one\n\ntwo")),
        ("long_text", "x" * LONGEST_LONG_TEXT, ("x" * LONGEST_LONG_TEXT,) * 2),
        ("choice", "left", ("left", "Left knee")),
        ("choices", ["right", "left"], (["left", "right"], "Left knee; Right knee")),
        ("choices", ["right"], (["right"], "Right knee")),
        ("yes_no", True, (True, "Yes")),
        ("yes_no", False, (False, "No")),
        ("yes_no", "yes", (True, "Yes")),
        ("yes_no", "no", (False, "No")),
        ("number", 0, (0, "0")),
        ("number", -2.5, (-2.5, "-2.5")),
        ("number", " 12 ", (12, "12")),
        ("number", "2.50", (2.5, "2.5")),
        ("number", 4.0, (4, "4")),
        ("number", 1_000_000_000, (1_000_000_000, "1000000000")),
        ("date", "2024-02-29", ("2024-02-29", "2024-02-29")),
    ],
)
def test_answers_are_cleaned_and_get_their_words(kind: str, raw: Any, clean: tuple[Any, str]) -> None:
    found = answer_to(ask(kind), raw)
    assert found == clean
    assert type(found[0]) is type(clean[0])


@pytest.mark.parametrize("raw", [None, "", "  \r\n\t", "\x00\u202e", []])
@pytest.mark.parametrize("kind", list(QuestionKind))
def test_nothing_is_no_answer(kind: QuestionKind, raw: Any) -> None:
    assert answer_to(ask(kind.value), raw) is None
    needed = ask(kind.value, is_required=True, label="Well?")
    with pytest.raises(InvalidField, match=r"^Please answer “Well\?”\.$") as refusal:
        check_answers([needed], {str(needed.id): raw})
    assert refusal.value.facts == {"field": f"answers.{needed.id}"}
    with pytest.raises(InvalidField):
        check_answers([needed], {})
    assert check_answers([needed], {}, needs_all=False) == []


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        ("text", "x" * (LONGEST_TEXT + 1), "with at most 200 characters"),
        ("text", 5, "with text"),
        ("text", ["x"], "with text"),
        ("long_text", "x" * (LONGEST_LONG_TEXT + 1), "with at most 2000 characters"),
        ("long_text", {"a": 1}, "with text"),
        ("choice", "up", "Choose one of the answers"),
        ("choice", "Left knee", "Choose one of the answers"),
        ("choice", ["left"], "Choose one of the answers"),
        ("choice", True, "Choose one of the answers"),
        ("choices", "left", "Choose from the answers"),
        ("choices", ["left", "left"], "each at most once"),
        ("choices", ["left", "up"], "Choose from the answers"),
        ("choices", [["left"], {}], "Choose from the answers"),
        ("yes_no", "maybe", "with yes or no"),
        ("yes_no", 1, "with yes or no"),
        ("yes_no", ["yes"], "with yes or no"),
        ("number", "five", "with a number, such as 5"),
        ("number", "1,000", "with a number, such as 5"),
        ("number", "1e5", "with a number, such as 5"),
        ("number", "٣", "with a number, such as 5"),
        ("number", True, "with a number, such as 5"),
        ("number", float("nan"), "with a number up to 1,000,000,000"),
        ("number", float("inf"), "with a number up to"),
        ("number", 10**400, "with a number up to"),
        ("number", "9999999999", "with a number up to"),
        ("date", "2025-02-29", "with a day from 1900 to 2199"),
        ("date", "20260331", "with a day"),
        ("date", "2026-W10-1", "with a day"),
        ("date", "03/31/2026", "with a day"),
        ("date", "1899-12-31", "with a day"),
        ("date", "2200-01-01", "with a day"),
        ("date", 20260331, "with a day"),
    ],
)
def test_what_is_no_answer_says_what_would_be_one(kind: str, raw: Any, words: str) -> None:
    question = ask(kind, label="Well?")
    with pytest.raises(InvalidField) as refusal:
        check_answers([question], {str(question.id): raw})
    assert words in refusal.value.detail
    assert "“Well?”" in refusal.value.detail
    assert refusal.value.facts == {"field": field_of(question.id)}


def test_a_question_that_is_not_asked_cannot_be_answered() -> None:
    with pytest.raises(InvalidField, match="not asked here") as refusal:
        check_answers([ask("text")], {"nothing": "x"})
    assert refusal.value.facts == {"field": "answers.nothing"}


def test_a_hidden_question_is_neither_needed_nor_kept() -> None:
    since = after(YES_NO, True, kind=QuestionKind.number, is_required=True)
    more = after(SIDE, "left", is_required=True)
    side = replace(SIDE, show_if={"question_id": str(YES_NO.id), "values": [True]})
    more = replace(more, show_if={"question_id": str(side.id), "values": ["left"]})
    questions = [YES_NO, since, side, more]

    def kept(**raw: Any) -> list[Any]:
        ids = {"pain": YES_NO.id, "since": since.id, "side": side.id, "more": more.id}
        answers = check_answers(questions, {str(ids[name]): value for name, value in raw.items()})
        return [answer.value for answer in answers]

    assert kept(pain=False) == [False]
    assert kept() == []
    assert kept(pain=False, since="no number at all", side="up", more=7) == [False]  # dropped unread
    assert kept(side="left", more="x") == []  # what it hangs on is hidden itself
    assert kept(pain=True, since=3, side="right", more="x") == [True, 3, "right"]
    assert kept(pain=True, since=3, side="left", more="x") == [True, 3, "left", "x"]
    with pytest.raises(InvalidField) as refusal:
        kept(pain=True)
    assert refusal.value.facts == {"field": field_of(since.id)}


def test_one_of_several_choices_is_enough_to_be_asked() -> None:
    more = after(PARTS, "right", is_required=True)
    assert check_answers([PARTS, more], {str(PARTS.id): ["left"]})[0].value == ["left"]
    with pytest.raises(InvalidField):
        check_answers([PARTS, more], {str(PARTS.id): ["left", "right"]})


def test_all_faults_are_found_in_the_order_of_the_questions() -> None:
    needed, number, fine = ask("text", is_required=True), ask("number"), ask("text")
    clean, faults = read_answers([needed, number, fine], {str(number.id): "x", str(fine.id): "fine"})
    assert list(faults) == [field_of(needed.id), field_of(number.id)]
    assert [answer.value for answer in clean] == ["fine"]


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300)
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(st.sampled_from(list(QuestionKind)), _JSON | st.sampled_from(["left", "right", "yes", "no", "2026-03-31"]))
def test_whatever_is_sent_is_kept_clean_or_refused_in_words(kind: QuestionKind, raw: Any) -> None:
    question = ask(kind.value)
    clean, faults = read_answers([question], {str(question.id): raw})
    assert len(clean) + len(faults) <= 1
    for answer in clean:
        assert answer.text == answer.text.strip() != ""
        assert not any(unicodedata.category(ch) in {"Cc", "Cs"} and ch != "\n" for ch in answer.text)
        json.dumps([answer.value, answer.text], allow_nan=False, ensure_ascii=False).encode()
        again = check_answers([question], {str(question.id): answer.value})
        assert again == clean  # what is kept could be sent again


@given(st.data())
def test_required_and_shown_means_answered_and_nothing_else(data: st.DataObject) -> None:
    """Against a plain model: walk the questions, ask what the answers so far call for."""
    first = ask("yes_no", is_required=data.draw(st.booleans()))
    second = replace(after(first, data.draw(st.booleans())), kind=QuestionKind.choice, choices=SIDES)
    third = replace(after(second, "left"), is_required=data.draw(st.booleans()))
    raw = {
        str(first.id): data.draw(st.sampled_from([None, True, False])),
        str(second.id): data.draw(st.sampled_from([None, "left", "right"])),
        str(third.id): data.draw(st.sampled_from([None, "words"])),
    }
    expected: dict[str, Any] = {}
    missing = set()
    for question in (first, second, third):
        condition = question.show_if
        if condition and expected.get(condition["question_id"]) not in condition["values"]:
            continue
        if raw[str(question.id)] is not None:
            expected[str(question.id)] = raw[str(question.id)]
        elif question.is_required:
            missing.add(field_of(question.id))
    clean, faults = read_answers([first, second, third], raw)
    assert {str(answer.question.id): answer.value for answer in clean} == expected
    assert set(faults) == missing
