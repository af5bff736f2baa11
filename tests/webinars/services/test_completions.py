"""Completing messages one by one: at most one mail is in doubt, and what is known is not forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.concurrency.load import at_once
from tests.conftest import NOW
from tests.factories import Factory
from webinars.queries import claims as claims_queries
from webinars.queries import messages as messages_queries
from webinars.queries.messages import Outcome
from webinars.services import completions, registering
from webinars.services.completions import Completions, TurnMissed
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
        taken = claims_queries.claim_messages(work.db, lease=lease, now=NOW, until=NOW + LEASE, limit=PEOPLE)
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


class Doubts:
    """How many mails were between the dot and their record at once, at most."""

    def __init__(self) -> None:
        self._now = 0
        self.most = 0
        self._lock = threading.Lock()

    def send(self, completions: Completions, outcome: Outcome, *, is_pressing: bool = False) -> None:
        with completions.turn(is_pressing=is_pressing) as before_dot:
            before_dot()
            before_dot()  # over a new connection: the turn is ours already
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            time.sleep(0.02)  # the server thinks
            completions.complete(outcome)
            with self._lock:
                self._now -= 1


@pytest.mark.parametrize(("is_pressing", "most"), [(False, 1), (True, PEOPLE)])
def test_one_mail_at_a_time_is_in_doubt_unless_it_presses(
    process: Process,
    held: list[Outcome],
    together: Completions,
    monkeypatch: pytest.MonkeyPatch,
    is_pressing: bool,
    most: int,
) -> None:
    doubts, all_here = Doubts(), threading.Barrier(PEOPLE)
    write = together.complete

    def complete_together(outcome: Outcome) -> None:
        if is_pressing:
            all_here.wait(30)  # nobody holds anybody up
        write(outcome)

    monkeypatch.setattr(together, "complete", complete_together)
    at_once([partial(doubts.send, together, outcome, is_pressing=is_pressing) for outcome in held])
    assert doubts.most == most
    assert set(states(process).values()) == {MessageState.sent}


def test_a_turn_is_taken_with_the_dot_and_not_before(held: list[Outcome], together: Completions) -> None:
    with together.turn(is_pressing=False), together.turn(is_pressing=False) as before_dot:
        before_dot()  # the first is composing still
    with together.turn(is_pressing=False) as before_dot:
        before_dot()  # and has left nothing behind


def test_a_server_that_thinks_for_too_long_does_not_hold_up_the_next_for_ever(
    together: Completions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "LONGEST_TURN_WAIT_S", 0.05)
    with together.turn(is_pressing=False) as before_dot:
        before_dot()
        with pytest.raises(TurnMissed), together.turn(is_pressing=False) as next_one:
            next_one()
    with together.turn(is_pressing=False) as before_dot:
        before_dot()  # whoever missed it gave nothing back that was not theirs


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
