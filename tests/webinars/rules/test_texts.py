"""Which words a message is made of, and what a host may not write."""

from __future__ import annotations

from uuid import UUID

import pytest

from webinars.errors import InvalidField
from webinars.rules.texts import NO_WORDS, OwnWords, check_body, check_subject, check_variables, words_for
from webinars.terms import MessageKind

WEBINAR, OTHER = UUID(int=1), UUID(int=2)
KIND = MessageKind.confirmation


def test_the_webinars_words_come_before_those_for_all() -> None:
    own, for_all = OwnWords("own", ""), OwnWords("all", "")
    known = {(WEBINAR, KIND, "en"): own, (None, KIND, "en"): for_all}
    assert words_for(known, WEBINAR, KIND, "en") == own
    assert words_for(known, OTHER, KIND, "en") == for_all
    assert words_for({}, WEBINAR, KIND, "en") == NO_WORDS
    assert words_for(known, WEBINAR, MessageKind.reminder, "en") == NO_WORDS


def test_nobody_gets_a_language_they_did_not_ask_for() -> None:
    known = {(WEBINAR, KIND, "en"): OwnWords("own", ""), (None, KIND, "es"): OwnWords("para todos", "")}
    assert words_for(known, WEBINAR, KIND, "es").subject == "para todos"
    assert words_for({(WEBINAR, KIND, "en"): OwnWords("own", "")}, WEBINAR, KIND, "es") == NO_WORDS


@pytest.mark.parametrize(
    "subject",
    [
        "Your knee webinar",
        "Su seminario sobre la rodilla",
        "¿Le duele el HOMBRO?",
        "Columna y espalda",
        "Cuidado de la cadera",
        "La mano, el codo y el pie",
        "Vivir sin dolor",
        "Hip, hip",
        "Your trigger finger session",
    ],
)
def test_a_subject_may_not_tell_what_it_is_about(subject: str) -> None:
    with pytest.raises(InvalidField, match="lock screens") as refusal:
        check_subject(subject, ["Trigger finger"])
    assert refusal.value.facts["field"] == "subject"


def test_a_neutral_subject_may_stand() -> None:
    for subject in ("Welcome back", "See you soon: {{ title }}", "Su lugar está reservado", "Trigger happy"):
        check_subject(subject, ["Knee"])
    with pytest.raises(InvalidField, match="back"):
        check_subject("Welcome back", ["Back"])


def test_a_subject_is_one_short_line() -> None:
    for subject in ("x" * 101, "one\ntwo", "one\rBcc: x@x.example"):
        with pytest.raises(InvalidField, match="one line"):
            check_subject(subject, [])
    check_body("x" * 4000)
    with pytest.raises(InvalidField, match="4,000"):
        check_body("x" * 4001)


def test_what_is_no_variable_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidField) as refusal:
        check_variables("body", ["{{ nmae }}", "{{ nmae }}"], ["name", "when"])
    assert refusal.value.detail == "There is no variable {{ nmae }} here. There are: {{ name }}, {{ when }}."
    check_variables("body", [], ["name"])
