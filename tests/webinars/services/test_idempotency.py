"""The same key with the same request gets the same answer, for 24 hours and whoever comes first."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.concurrency.load import at_once
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import IdempotencyMismatch
from webinars.services import catalogue, erasure
from webinars.services.idempotency import Said, find_said, forget_old_keys, keep, read_key
from webinars.services.registering import Idempotency
from webinars.tables import IdempotencyKey, KeptAnswer
from webinars.work import Process

KEY = Idempotency(b"k" * 32, b"r" * 32)
ANSWER = Said(201, '"1"', '{"slug":"knee"}')


def make_topic_once(process: Process) -> Said:
    """What a route does with a key: the work and the answer in one transaction."""
    with process.work() as work:
        said = find_said(work, KEY, NOW)
        if said is None:
            catalogue.create_topic(work, slug="knee", name="Knee", parent=None, position=0, actor="test", now=NOW)
            said = ANSWER
            keep(work, KEY, said)
        return said


def test_a_key_is_of_one_caller_one_call_and_one_request() -> None:
    one = read_key("token:1", "key", b"body")
    assert one == read_key("token:1", "key", b"body")
    assert one is not None
    assert len(one.key_hash) == len(one.request_hash) == 32
    for other in (read_key("token:2", "key", b"body"), read_key("token:1", "other", b"body")):
        assert other is not None
        assert other.key_hash != one.key_hash
    changed = read_key("token:1", "key", b"other")
    assert changed is not None
    assert (changed.key_hash == one.key_hash, changed.request_hash == one.request_hash) == (True, False)
    assert read_key("token:1", None, b"body") is read_key("token:1", "", b"body") is None


def test_the_second_time_the_answer_comes_without_the_work(process: Process) -> None:
    assert [make_topic_once(process) for _ in range(3)] == [ANSWER] * 3


def test_of_many_at_once_one_does_the_work(process: Process) -> None:
    assert at_once([lambda: make_topic_once(process)] * 8) == [ANSWER] * 8


def test_a_crash_leaves_no_key_stuck(process: Process) -> None:
    with suppress(SystemExit), process.work() as work:  # the process dies before it commits
        assert find_said(work, KEY, NOW) is None
        raise SystemExit
    assert make_topic_once(process) == ANSWER


def test_the_same_key_with_another_request_is_refused(process: Process) -> None:
    make_topic_once(process)
    other = Idempotency(KEY.key_hash, b"x" * 32)
    with pytest.raises(IdempotencyMismatch), process.work() as work:
        find_said(work, other, NOW)


def test_after_24_hours_a_key_is_forgotten(process: Process) -> None:
    make_topic_once(process)
    with process.work() as work:
        assert forget_old_keys(work, NOW + timedelta(hours=24)) == 0
        assert forget_old_keys(work, NOW + timedelta(hours=24, seconds=1)) == 1
        assert find_said(work, KEY, NOW) is None
        keep(work, KEY, ANSWER)


def test_what_was_said_of_somebody_who_is_erased_goes_and_the_keys_stay(process: Process, factory: Factory) -> None:
    """One answer of many may be about several people: it goes whole. What is about others stays."""
    session_id = factory.session().session.id
    asked = {name: read_key("token:1", name, name.encode()) for name in ("ana", "bert")}
    ana, bert = (
        factory.registration(session_id, f"{name}@mail.example", idempotency=key).registration.id
        for name, key in asked.items()
    )
    answers = {"of her": f'{{"id":"{ana}"}}', "of both": f'["{ana}","{bert}"]', "of him": f'{{"id":"{bert}"}}'}
    keys = {name: read_key("token:1", name, b"request") for name in answers}
    for name, key in keys.items():
        assert key is not None
        with process.work() as work:
            assert find_said(work, key, NOW) is None
            keep(work, key, Said(200, None, answers[name]))
    with process.work() as work:
        erasure.erase(work, ana, actor=ACTOR, now=NOW)

    def repeat(key: Idempotency | None) -> str | None:
        assert key is not None
        with process.work() as work:
            try:
                said = find_said(work, key, NOW)
            except IdempotencyMismatch:
                return "refused"
            return said.body if said else None

    assert {name: repeat(key) for name, key in keys.items()} == {
        "of her": "refused",
        "of both": "refused",
        "of him": answers["of him"],
    }
    with process.read() as work:
        kept = work.db.scalars(sa.select(KeptAnswer).where(col(KeptAnswer.answer).is_not(None))).all()
        hashes = [bytes(value) for value in work.db.scalars(sa.select(col(IdempotencyKey.request_hash)))]
    assert len(kept) == 1
    assert [key.request_hash in hashes for key in asked.values() if key] == [False, True]
    with pytest.raises(IdempotencyMismatch):  # whoever sends it again brings her back no more
        factory.registration(session_id, "ana@mail.example", idempotency=asked["ana"])
