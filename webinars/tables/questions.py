"""What hosts ask of those who register, and what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webinars.tables.base import Retention, Table, column, document, enum, moment, reference, sealed
from webinars.terms import QuestionKind, Sensitivity
from webinars.vault import Sealed


class Question(Table, table=True):
    """A question of a webinar. One that has been answered is retired, never deleted."""

    __tablename__ = "questions"
    __table_args__ = (sa.Index("ix_questions_webinar_id_position", "webinar_id", "position"),)

    webinar_id: UUID = reference("webinars.id", ondelete="CASCADE")
    position: int
    kind: QuestionKind = enum(QuestionKind)
    label: str = column(sa.String(300))
    """The question itself."""
    help: str = column(sa.String(500), default="")
    choices: list[dict[str, str]] = document(default_factory=list)
    """`{key, label}` each, for a choice or several."""
    is_required: bool = False
    show_if: dict[str, Any] | None = document(default=None)
    """`{question_id, values}`: asked only of those who answered that earlier question so."""
    sensitivity: Sensitivity = enum(Sensitivity, default=Sensitivity.general)
    retired_at: datetime | None = moment(default=None)
    """From then on it is not asked any more; answers to it stay."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Answer(Table, table=True):
    """A registrant's answer, beside the words it was an answer to: editing a question leaves it readable.

    Exactly one of `value` and `health_value` is there: health answers are kept apart, and not as long.
    """

    __tablename__ = "answers"
    __table_args__ = (
        sa.UniqueConstraint("registration_id", "question_id"),
        sa.CheckConstraint("(value IS NULL) <> (health_value IS NULL)", name="value_in_one_place"),
    )

    registration_id: UUID = reference("registrations.id", ondelete="CASCADE")
    question_id: UUID = reference("questions.id", ondelete="RESTRICT", index=True)
    asked: str = column(sa.String(300))
    """The question as it was worded."""
    value: Sealed | None = sealed(default=None)
    """JSON `{"value": …, "text": …}`: what was chosen, and the words of it at the time."""
    health_value: Sealed | None = sealed(Retention.health, default=None)
    created_at: datetime = moment()
