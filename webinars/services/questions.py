"""Questions: what a webinar asks of those who register; and their answers, each kept beside the words it answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.errors import ConditionBroken, InvalidField, NotFound
from webinars.phrases import Phrase
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import questions as questions_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries.questions import KeptAnswer
from webinars.queries.sessions import Scheduled
from webinars.rules.questions import CleanAnswer, check_answers, check_questions, clean_condition, one_line
from webinars.services import audit, webinars
from webinars.services.catalogue import check_version
from webinars.tables import Question, Webinar
from webinars.terms import Sensitivity, new_id
from webinars.vault import Vault
from webinars.work import ReadWork, Work

_GENERAL, _HEALTH = "answers.value", "answers.health_value"
_NO_QUESTIONS = Phrase("This webinar asks no questions. Send it without answers.")


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer with the words it was an answer to, whatever the question says by now."""

    question_id: UUID
    asked: str
    value: Any
    """As JSON: text, a key, keys, a truth, a number, an ISO date."""
    text: str
    """The same in the words of the question at the time."""
    sensitivity: Sensitivity


# --- What is asked


def list_questions(work: ReadWork, slug: str, *, public_only: bool = True) -> list[Question]:
    """What a webinar asks, in order; for hosts also what it does not ask any more, last.

    Raises:
        NotFound: if there is no such webinar, or none that the public may see.
    """
    webinar = webinars.get_webinar(work, slug, public_only=public_only).webinar
    return asked_of(work, webinar) if public_only else questions_queries.list_all(work.db, webinar.id)


def asked_of(work: ReadWork, webinar: Webinar) -> list[Question]:
    """What a webinar asks, in order."""
    return questions_queries.list_asked(work.db, webinar.id) if webinar.has_questions else []


def get_question(work: ReadWork, slug: str, question_id: UUID) -> Question:
    """A question that a webinar asks.

    Raises:
        NotFound: if there is none, or it is not asked any more.
    """
    asked = asked_of(work, catalogue_queries.get_webinar(work.db, slug))
    question = next((question for question in asked if question.id == question_id), None)
    if question is None:
        raise NotFound
    return question


def create_question(work: Work, slug: str, facts: Mapping[str, Any], *, actor: str, now: datetime) -> Question:
    """Ask one question more, after the others.

    Args:
        facts: `kind` and `label`, and any of `help`, `choices` (`{key, label}` each), `is_required`, `show_if`
            (`{question_id, values}`) and `sensitivity`.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: if it cannot be asked like this, or there are too many.
    """
    webinar = _lock_webinar(work, slug)
    asked = questions_queries.list_asked(work.db, webinar.id)
    question = Question(
        id=new_id(now),
        webinar_id=webinar.id,
        position=asked[-1].position + 1 if asked else 0,
        created_at=now,
        updated_at=now,
        **_clean(facts, asked),
    )
    check_questions([*asked, question], question.id)
    work.db.add(question)
    webinar.has_questions = True
    work.db.flush()
    audit.note(work, actor, "question.create", now, subject_id=question.id)
    return question


def update_question(
    work: Work,
    slug: str,
    question_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None,
    actor: str,
    now: datetime,
) -> Question:
    """Change a question. Answers that were given keep the words they were given to.

    Args:
        changes: what `create_question` takes, and `position`: the place among the questions, 1 for the first.

    Raises:
        NotFound, VersionMismatch.
        InvalidField: if it cannot be asked like this; or with answers, if its kind changes or it is to be no health
            question any more, for people answered it as one.
        ConditionBroken: if a question would come before the one it depends on, or lose an answer it depends on.
    """
    webinar = _lock_webinar(work, slug)
    question = questions_queries.lock_question(work.db, webinar.id, question_id)
    check_version(question.version, version)
    asked = questions_queries.list_asked(work.db, webinar.id)
    clean = _clean(changes, asked)
    place = clean.pop("position", None)
    _check_answered(work, question, clean)
    for name, value in clean.items():
        setattr(question, name, value)
    if place is not None:
        asked = _moved(asked, question, place)
    _check_changed(asked, question, changes)
    question.version += 1
    question.updated_at = now
    work.db.flush()
    audit.note(work, actor, "question.update", now, subject_id=question.id, fields=list(changes))
    return question


def retire_question(
    work: Work, slug: str, question_id: UUID, *, version: int | None, actor: str, now: datetime
) -> None:
    """Ask a question no more. With answers it is kept for them; without any it is deleted.

    Raises:
        NotFound, VersionMismatch.
        ConditionBroken: if another question depends on it.
    """
    webinar = _lock_webinar(work, slug)
    question = questions_queries.lock_question(work.db, webinar.id, question_id)
    check_version(question.version, version)
    rest = [other for other in questions_queries.list_asked(work.db, webinar.id) if other.id != question.id]
    check_questions(rest)
    is_kept = questions_queries.has_answers(work.db, question.id)
    if is_kept:
        question.retired_at = question.updated_at = now
        question.version += 1
    else:
        work.db.delete(question)
    webinar.has_questions = bool(rest)
    work.db.flush()
    audit.note(work, actor, "question.retire" if is_kept else "question.delete", now, subject_id=question_id)


def _lock_webinar(work: Work, slug: str) -> Webinar:
    """A webinar whose questions nobody else changes until the end of the transaction."""
    webinar = catalogue_queries.get_webinar(work.db, slug)
    work.db.refresh(webinar, with_for_update={"key_share": True})
    return webinar


def _clean(facts: Mapping[str, Any], asked: Sequence[Question]) -> dict[str, Any]:
    clean = dict(facts)
    for name in ("label", "help"):
        if name in clean:
            clean[name] = one_line(clean[name])
    if "choices" in clean:
        clean["choices"] = [{"key": choice["key"], "label": one_line(choice["label"])} for choice in clean["choices"]]
    if clean.get("show_if") is not None:
        clean["show_if"] = clean_condition(clean["show_if"], asked)
    return clean


def _check_answered(work: Work, question: Question, changes: Mapping[str, Any]) -> None:
    """What may become of a question that has answers. Those to one that turns out to be about health are set apart."""
    kind = changes.get("kind", question.kind)
    sensitivity = changes.get("sensitivity", question.sensitivity)
    if (kind, sensitivity) == (question.kind, question.sensitivity):
        return
    if not questions_queries.has_answers(work.db, question.id):
        return
    if kind is not question.kind:
        raise InvalidField("This question has answers of its kind. Retire it and ask another one.", field="kind")
    if sensitivity is not Sensitivity.health:
        words = "People answered this as a health question. Retire it and ask another one."
        raise InvalidField(words, field="sensitivity")
    vault = work.vault
    given = questions_queries.list_answers_to(work.db, question.id)
    sealed = {
        kept.id: vault.seal(_HEALTH, kept.id, vault.open(_GENERAL, kept.id, kept.value)) for kept in given if kept.value
    }
    questions_queries.set_apart(work.db, sealed)


def _moved(asked: Sequence[Question], question: Question, place: int) -> list[Question]:
    order = [other for other in asked if other.id != question.id]
    order.insert(place - 1, question)
    for position, other in enumerate(order):
        other.position = position
    return order


def _check_changed(asked: Sequence[Question], question: Question, changes: Mapping[str, Any]) -> None:
    try:
        check_questions(asked, question.id)
    except InvalidField as fault:
        if fault.facts["field"] == "show_if" and "show_if" not in changes:
            raise ConditionBroken from None  # the condition is as it was: what was changed does not fit it
        raise


# --- What is answered


def lock_asked(work: Work, items: Iterable[Scheduled]) -> dict[UUID, list[Question]]:
    """What the webinars of these sessions ask, by webinar, to be answered in this transaction. Most ask nothing, and
    are not looked up for it."""
    webinar_ids = {item.webinar.id for item in items if item.webinar.has_questions}
    return questions_queries.lock_asked(work.db, sorted(webinar_ids)) if webinar_ids else {}


def clean_answers(asked: Sequence[Question], raw: Mapping[str, Any], *, needs_all: bool) -> list[CleanAnswer]:
    """The answers that may be kept.

    Args:
        asked: what the webinar asks.
        raw: JSON values by question id.
        needs_all: whether required questions must be answered.

    Raises:
        InvalidField: with what is missing or wrong, as the field `answers.<question id>`; or `answers`, if the webinar
            asks nothing.
    """
    if not asked:
        if raw:
            raise InvalidField(_NO_QUESTIONS, field="answers")
        return []
    return check_answers(asked, raw, needs_all=needs_all)


def answer_rows(
    vault: Vault, answers: Sequence[CleanAnswer], registration_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    """The rows that keep these answers; those about health apart, under a key of their own."""
    return [
        _row(
            vault,
            registration_id,
            answer.question.id,
            asked=answer.question.label,
            said=json.dumps({"value": answer.value, "text": answer.text}, ensure_ascii=False),
            is_health=answer.question.sensitivity is Sensitivity.health,
            now=now,
        )
        for answer in answers
    ]


def copied_rows(work: ReadWork, copies: Mapping[UUID, UUID], now: datetime) -> list[dict[str, Any]]:
    """The rows that keep for one registration what was answered with another: `copies` are the latter by the former."""
    given: dict[UUID, list[KeptAnswer]] = defaultdict(list)
    for kept in questions_queries.list_answers(work.db, list(copies.values()), with_health=True):
        given[kept.registration_id].append(kept)
    return [
        _row(
            work.vault,
            registration_id,
            kept.question_id,
            asked=kept.asked,
            said=_opened(work.vault, kept),
            is_health=kept.health_value is not None,
            now=now,
        )
        for registration_id, source_id in copies.items()
        for kept in given[source_id]
    ]


def keep_answers(
    work: Work, rows: list[dict[str, Any]], *, replaced: Sequence[UUID], copies: Mapping[UUID, UUID], now: datetime
) -> None:
    """Store answers, in place of those that were there.

    Args:
        rows: from `answer_rows`.
        replaced: registrations whose earlier answers end.
        copies: registrations that take their answers over from others.
    """
    if replaced:
        registrations_queries.delete_answers(work.db, replaced)
    if copies:
        rows = rows + copied_rows(work, copies, now)
    if rows:
        questions_queries.insert_answers(work.db, rows)


def answers_of(work: ReadWork, registration_ids: Sequence[UUID], *, with_health: bool) -> dict[UUID, list[GivenAnswer]]:
    """What each registrant answered, in the order of the questions. Whoever did not answer has an empty list.

    Args:
        registration_ids: of the registrants.
        with_health: whether health answers come along. What leaves the building (sheets, webhooks, tokens) has them
            only where a scope asks for them, and then with a note: see `read_health`.
    """
    found: dict[UUID, list[GivenAnswer]] = {registration_id: [] for registration_id in registration_ids}
    for kept in questions_queries.list_answers(work.db, registration_ids, with_health=with_health):
        said = json.loads(_opened(work.vault, kept))
        sensitivity = Sensitivity.general if kept.health_value is None else Sensitivity.health
        found[kept.registration_id].append(
            GivenAnswer(kept.question_id, kept.asked, said["value"], said["text"], sensitivity)
        )
    return found


def read_health(
    work: Work, registration_ids: Sequence[UUID], *, subject_id: UUID, actor: str, now: datetime
) -> dict[UUID, list[GivenAnswer]]:
    """`answers_of` with health answers. If there are any, or a registrant wrote to the presenter, it is noted who read
    them, of which registration or session (`subject_id`)."""
    found = answers_of(work, registration_ids, with_health=True)
    given = (answer.sensitivity for answers in found.values() for answer in answers)
    asking = (row.question for row in registrations_queries.find_by_ids(work.db, registration_ids))
    if Sensitivity.health in given or any(asking):
        audit.note(work, actor, "answers.read_health", now, subject_id=subject_id, fields=["health_value"])
    return found


def has_health_answers(work: ReadWork, registration_id: UUID) -> bool:
    """Whether a registrant answered a health question."""
    return questions_queries.has_health_answers(work.db, registration_id)


def _row(
    vault: Vault, registration_id: UUID, question_id: UUID, *, asked: str, said: str, is_health: bool, now: datetime
) -> dict[str, Any]:
    answer_id = new_id(now)
    return {
        "id": answer_id,
        "registration_id": registration_id,
        "question_id": question_id,
        "asked": asked,
        "value": None if is_health else vault.seal(_GENERAL, answer_id, said),
        "health_value": vault.seal(_HEALTH, answer_id, said) if is_health else None,
        "created_at": now,
    }


def _opened(vault: Vault, kept: KeptAnswer) -> str:
    """The JSON that was sealed."""
    if kept.health_value is not None:
        return vault.open(_HEALTH, kept.id, kept.health_value)
    assert kept.value is not None  # noqa: S101 - one of the two is there: the database sees to it
    return vault.open(_GENERAL, kept.id, kept.value)
