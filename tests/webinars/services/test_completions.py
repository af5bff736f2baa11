"""Completing messages together: nobody goes on before theirs is on disk, and one commit serves all who wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.concurrency.load import at_once
from tests.conftest import NOW
from tests.factories import Factory
from webinars.queries import messages as messages_queries
from webinars.queries.messages import Outcome
from webinars.services import completions, registering
from webinars.services.completions import Completions
from webinars.services.delivery import LEASE
from webinars.tables import Message
from webinars.terms import MessageState
from webinars.work import Process

PEOPLE = 8


@pytest.fixture
def held(process: Process, factory: Factory) -> list[Outcome]:
    """As many claimed messages, each as sent."""
    session_id = factory.session().session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(PEOPLE)], NOW)
    lease = uuid4()
    with process.work() as work:
        taken = messages_queries.claim_messages(work.db, lease=lease, now=NOW, until=NOW + LEASE, limit=PEOPLE)
    return [Outcome(message_id, lease, MessageState.sent, values={"sent_at": NOW}) for message_id in taken]


@pytest.fixture
def together(process: Process) -> Iterator[Completions]:
    together = Completions(process)
    yield together
    together.close()


def states(process: Process) -> dict[UUID, MessageState]:
    with process.read() as work:
        rows = work.db.execute(sa.select(col(Message.id), col(Message.state)))
        return {row[0]: row[1] for row in rows}


def test_whoever_returns_finds_theirs_written(process: Process, held: list[Outcome], together: Completions) -> None:
    def complete(outcome: Outcome) -> MessageState:
        together.complete(outcome)
        return states(process)[outcome.message_id]

    found = at_once([lambda outcome=outcome: complete(outcome) for outcome in held])  # type: ignore[misc]
    assert found == [MessageState.sent] * PEOPLE


class SlowLedger:
    """The first commit takes until it is let go; the sizes of all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.is_first_under_way, self.let_go = threading.Event(), threading.Event()
        self._write = messages_queries.complete_messages
        monkeypatch.setattr(messages_queries, "complete_messages", self.complete_messages)

    def complete_messages(self, connection: sa.Connection, outcomes: Sequence[Outcome]) -> int:
        self.sizes.append(len(outcomes))
        if len(self.sizes) == 1:
            self.is_first_under_way.set()
            assert self.let_go.wait(30)
        return self._write(connection, outcomes)


def test_all_who_come_while_a_commit_is_under_way_share_the_next(
    process: Process, held: list[Outcome], together: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = SlowLedger(monkeypatch)
    threads = [threading.Thread(target=together.complete, args=(outcome,)) for outcome in held]
    threads[0].start()
    assert ledger.is_first_under_way.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(together._waiting) < PEOPLE - 1:
        pass
    ledger.let_go.set()
    for thread in threads:
        thread.join()
    assert ledger.sizes == [1, PEOPLE - 1]
    assert set(states(process).values()) == {MessageState.sent}


def test_outcomes_of_different_kinds_are_written_together(
    process: Process, held: list[Outcome], together: Completions
) -> None:
    values: list[dict[str, Any]] = [{}, {"attempts": 0, "next_attempt_at": NOW}, {"last_error": "no"}]
    kinds = [MessageState.sent, MessageState.planned, MessageState.failed]
    mixed = [
        Outcome(outcome.message_id, outcome.lease, state, values=value)
        for outcome, state, value in zip(held, kinds, values, strict=False)
    ]
    with process.work() as work:
        assert messages_queries.complete_messages(work.db.connection(), mixed) == 3
    found = states(process)
    assert [found[outcome.message_id] for outcome in mixed] == kinds


def test_a_lost_lease_changes_nothing_and_is_said(
    process: Process, held: list[Outcome], together: Completions, capsys: pytest.CaptureFixture[str]
) -> None:
    together.complete(Outcome(held[0].message_id, uuid4(), MessageState.sent))
    assert states(process)[held[0].message_id] is MessageState.sending
    assert "message.late_completion" in capsys.readouterr().out


class AwayLedger:
    """The database is away for some tries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tries: int) -> None:
        self._tries = tries
        self._write = messages_queries.complete_messages
        monkeypatch.setattr(messages_queries, "complete_messages", self.complete_messages)

    def complete_messages(self, connection: sa.Connection, outcomes: Sequence[Outcome]) -> int:
        if self._tries:
            self._tries -= 1
            raise sa.exc.OperationalError("UPDATE", {}, Exception("the server closed the connection"))
        return self._write(connection, outcomes)


def test_a_database_that_comes_back_soon_is_waited_for(
    process: Process, held: list[Outcome], together: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, what was sent would be forgotten and sent again."""
    AwayLedger(monkeypatch, tries=3)
    together.complete(held[0])
    assert states(process)[held[0].message_id] is MessageState.sent


def test_a_database_that_stays_away_is_given_up_and_the_next_one_is_written(
    process: Process, held: list[Outcome], together: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "LONGEST_WAIT_S", -1.0)
    AwayLedger(monkeypatch, tries=1)
    with pytest.raises(sa.exc.OperationalError):
        together.complete(held[0])
    together.complete(held[1])
    found = states(process)
    assert (found[held[0].message_id], found[held[1].message_id]) == (MessageState.sending, MessageState.sent)
