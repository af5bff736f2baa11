"""The survey: one answer of each, sealed words, and who read them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import NotFound
from webinars.rules.surveys import Opinion
from webinars.services import surveys
from webinars.tables import AuditEntry, SurveyReply
from webinars.work import Process

OVER = NOW + timedelta(days=7, hours=1)


def answer(process: Process, registration_id: UUID, rating: int, comment: str = "", minutes: int = 0) -> None:
    with process.work() as work:
        surveys.answer(work, registration_id, Opinion(rating, comment), OVER + timedelta(minutes=minutes))


def actions(process: Process) -> list[str]:
    with process.read() as work:
        return [entry.action for entry in work.db.scalars(sa.select(AuditEntry)) if "surveys." in entry.action]


def test_answering_again_replaces_and_words_are_sealed(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    ana, bo, cy = (factory.registration(session_id).registration.id for _ in range(3))
    answer(process, ana, 5, "My knee thanks you")
    answer(process, bo, 2)
    with process.read() as work:
        assert (surveys.replied_at(work, ana), surveys.replied_at(work, cy)) == (OVER, None)
        (sealed,) = work.db.scalars(sa.select(SurveyReply.comment).where(sa.text("comment IS NOT NULL")))
        assert b"knee" not in bytes(sealed)
    answer(process, ana, 4, minutes=1)
    with process.read() as work:
        results = surveys.results(work, session_id)
        assert surveys.replied_at(work, ana) == OVER + timedelta(minutes=1)
        assert list(work.db.scalars(sa.select(SurveyReply.comment).where(sa.text("comment IS NOT NULL")))) == []
    assert (results.counts, results.replies, results.asked, results.average) == (
        {1: 0, 2: 1, 3: 0, 4: 1, 5: 0},
        2,
        3,
        3.0,
    )
    with pytest.raises(NotFound), process.read() as work:
        surveys.results(work, UUID(int=1))


def test_what_was_written_is_read_by_who_asks_which_is_noted(sqlite_process: Process, sqlite_factory: Factory) -> None:
    process, make = sqlite_process, sqlite_factory
    session_id = make.session().session.id
    ana, bo, cy = (make.registration(session_id).registration.id for _ in range(3))
    with process.work() as work:
        assert surveys.read_comments(work, session_id, actor=ACTOR, now=OVER) == []
    assert actions(process) == []  # nothing was read
    answer(process, ana, 5, "First")
    answer(process, bo, 1, "Second", minutes=1)
    answer(process, cy, 3)
    with process.work() as work:
        comments = surveys.read_comments(work, session_id, actor=ACTOR, now=OVER)
        assert [(comment.rating, comment.text) for comment in comments] == [(1, "Second"), (5, "First")]
        assert surveys.shown_comments(work, session_id, actor="host:1", now=OVER) is None
        surveys.reveal(work, session_id, actor="host:1", now=OVER)
    assert actions(process) == ["surveys.read_health", "surveys.reveal"]
    with process.read() as work:
        for actor, minutes, is_open in (("host:1", 14, True), ("host:1", 15, False), ("host:2", 1, False)):
            shown = surveys.shown_comments(work, session_id, actor=actor, now=OVER + timedelta(minutes=minutes))
            assert (shown == comments) == is_open
