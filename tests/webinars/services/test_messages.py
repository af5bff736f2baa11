"""The ledger: planned once, read in pages, tried again by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.concurrency.load import at_once
from tests.conftest import NOW
from tests.factories import Factory
from webinars.errors import MessageNotRetriable, NotFound
from webinars.services import messages
from webinars.tables import Message, WebinarSession
from webinars.terms import MessageKind, MessageState, RegistrationStatus
from webinars.work import Process


def set_state(process: Process, state: MessageState) -> UUID:
    with process.work() as work:
        work.db.execute(sa.update(Message).values(state=state, reason="refused", attempts=6))
        return work.db.scalars(sa.select(col(Message.id))).one()


def test_a_message_planned_twice_is_one(process: Process, factory: Factory) -> None:
    registered = factory.registration(factory.session().session.id)
    session = registered.scheduled.session
    with process.work() as work:
        row = messages.registration_row(MessageKind.confirmation, registered.registration, session, NOW)
        assert messages.plan(work, [row]) == 0
        other = messages.registration_row(MessageKind.offered, registered.registration, session, NOW)
        assert messages.plan(work, [other, other | {"id": UUID(int=1)}]) == 1


def test_a_notice_reaches_all_chunk_by_chunk_and_once(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_CHUNK", 3)
    session_id = factory.session(capacity=5).session.id
    for _ in range(8):
        factory.registration(session_id)
    told = []
    for _ in range(2):
        with process.work() as work:
            session = work.db.get_one(WebinarSession, session_id)
            statuses = [RegistrationStatus.confirmed]
            told.append(messages.plan_notices(work, MessageKind.moved, session, NOW, statuses=statuses, occasion=1))
    assert told == [5, 0]


def test_a_failed_message_is_tried_again_from_the_start(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    message_id = set_state(process, MessageState.failed)
    with process.work() as work:
        again = messages.retry(work, message_id, NOW + timedelta(hours=1))
        assert (again.state, again.reason, again.attempts) == (MessageState.planned, None, 0)
    assert process.scheduler_wanted.is_set()


@pytest.mark.parametrize("state", [state for state in MessageState if state is not MessageState.failed])
def test_what_has_not_failed_is_not_tried_again(process: Process, factory: Factory, state: MessageState) -> None:
    factory.registration(factory.session().session.id)
    message_id = set_state(process, state)
    with pytest.raises(MessageNotRetriable), process.work() as work:
        messages.retry(work, message_id, NOW)


def test_what_is_useless_by_now_or_is_not_there_is_not_tried_again(process: Process, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id)
    message_id = set_state(process, MessageState.failed)
    with pytest.raises(MessageNotRetriable), process.work() as work:
        messages.retry(work, message_id, session.ends_at)
    with pytest.raises(NotFound), process.work() as work:
        messages.retry(work, UUID(int=1), NOW)


def test_the_ledger_is_read_in_pages(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    people = [factory.registration(session_id).registration.id for _ in range(5)]
    factory.registration(factory.session().session.id)
    seen, cursor = [], None
    while True:
        with process.read() as work:
            page = messages.list_messages(work, session_id=session_id, cursor=cursor, limit=2)
        seen += [message.registration_id for message in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == people
    with process.read() as work:
        assert messages.count_by_state(work, session_id) == {MessageState.planned: 5}


def test_of_many_who_retry_one_message_one_does(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    with process.work() as work:
        message = work.db.scalars(sa.select(Message)).one()
        message.state = MessageState.failed

    def retry() -> bool:
        try:
            with process.work() as work:
                messages.retry(work, message.id, NOW)
        except MessageNotRetriable:
            return False
        return True

    assert sorted(at_once([retry] * 6)) == [False] * 5 + [True]
