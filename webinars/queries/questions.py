"""Reads and set-based writes of questions and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.errors import NotFound
from webinars.tables import Answer, Question
from webinars.tables.base import core
from webinars.vault import Sealed


class KeptAnswer(NamedTuple):
    """An answer as it is stored."""

    id: UUID
    registration_id: UUID
    question_id: UUID
    asked: str
    value: Sealed | None
    health_value: Sealed | None


_answers = core(Answer)
_ANSWER_COLUMNS = [_answers.c[name] for name in KeptAnswer._fields]
_ASKED = (
    sa.select(Question)
    .where(col(Question.webinar_id).in_(sa.bindparam("webinars", expanding=True)), col(Question.retired_at).is_(None))
    .order_by(col(Question.position), col(Question.id))
)
# A question that is being answered is neither deleted nor given another class before the answers are written.
_LOCK_ASKED = _ASKED.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
_INSERT = sa.insert(_answers)


def list_asked(db: DbSession, webinar_id: UUID) -> list[Question]:
    """What a webinar asks, in order."""
    return list(db.scalars(_ASKED, {"webinars": [webinar_id]}))


def lock_asked(db: DbSession, webinar_ids: Sequence[UUID]) -> dict[UUID, list[Question]]:
    """What each webinar asks, in order, to be answered in this transaction."""
    asked: dict[UUID, list[Question]] = {webinar_id: [] for webinar_id in webinar_ids}
    for question in db.scalars(_LOCK_ASKED, {"webinars": list(webinar_ids)}):
        asked[question.webinar_id].append(question)
    return asked


def list_all(db: DbSession, webinar_id: UUID) -> list[Question]:
    """What a webinar asks, in order, then what it does not ask any more."""
    is_retired = sa.case((col(Question.retired_at).is_(None), 0), else_=1)
    query = sa.select(Question).where(col(Question.webinar_id) == webinar_id)
    return list(db.scalars(query.order_by(is_retired, col(Question.position), col(Question.id))))


def lock_question(db: DbSession, webinar_id: UUID, question_id: UUID) -> Question:
    """A question that is asked, while nobody answers it.

    Raises:
        NotFound: if there is none, or it is not asked any more.
    """
    question = db.get(Question, question_id, with_for_update=True, populate_existing=True)
    if question is None or question.webinar_id != webinar_id or question.retired_at is not None:
        raise NotFound
    return question


def has_answers(db: DbSession, question_id: UUID) -> bool:
    query = sa.select(_answers.c.id).where(_answers.c.question_id == question_id).limit(1)
    return db.connection().execute(query).first() is not None


def list_answers(db: DbSession, registration_ids: Sequence[UUID], *, with_health: bool) -> list[KeptAnswer]:
    """What these registrants answered, in the order of the questions. Health answers are not even read unless asked."""
    query = sa.select(*_ANSWER_COLUMNS).where(_answers.c.registration_id.in_(registration_ids))
    if not with_health:
        query = query.where(_answers.c.health_value.is_(None))
    return _kept(db, query.order_by(core(Question).c.position, _answers.c.id))


def list_answers_to(db: DbSession, question_id: UUID) -> list[KeptAnswer]:
    """All answers to a question."""
    return _kept(db, sa.select(*_ANSWER_COLUMNS).where(_answers.c.question_id == question_id))


def has_health_answers(db: DbSession, registration_id: UUID) -> bool:
    query = sa.select(_answers.c.id).where(
        _answers.c.registration_id == registration_id, _answers.c.health_value.is_not(None)
    )
    return db.connection().execute(query.limit(1)).first() is not None


def insert_answers(db: DbSession, rows: Sequence[Mapping[str, Any]]) -> None:
    db.connection().execute(_INSERT, rows)


def set_apart(db: DbSession, sealed: Mapping[UUID, Sealed]) -> None:
    """Keep general answers as health answers from now on; `sealed` are their values by id, sealed for there."""
    statement = (
        sa.update(_answers)
        .where(_answers.c.id == sa.bindparam("answer"))
        .values(value=None, health_value=sa.bindparam("sealed"))
    )
    db.connection().execute(statement, [{"answer": key, "sealed": value} for key, value in sealed.items()])


def _kept(db: DbSession, query: sa.Select[Any]) -> list[KeptAnswer]:
    asked = core(Question)
    rows = db.connection().execute(query.join(asked, asked.c.id == _answers.c.question_id))
    return [KeptAnswer(*row) for row in rows]
