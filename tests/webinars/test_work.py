"""One transaction: all of it or nothing, and nobody is woken before it is there."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import Factory
from webinars.services import catalogue
from webinars.tables import Topic
from webinars.tables.base import core
from webinars.work import KeptWork, Process, Work


class Trouble(Exception):
    """Something goes wrong in the middle."""


def add_topic(work: Work, slug: str) -> None:
    catalogue.create_topic(work, slug=slug, name=slug, parent=None, position=0, actor="test", now=NOW)


def add_topic_and_fail(process: Process) -> None:
    with process.work() as work:
        add_topic(work, "knee")
        work.wake_scheduler()
        work.db.flush()
        raise Trouble


def add_topic_twice_unseen(process: Process) -> None:
    """The second is refused by the database, as late as at the commit."""
    with process.work() as work:
        add_topic(work, "knee")
        work.db.add(Topic(id=UUID(int=1), slug="knee", name="Knee", created_at=NOW, updated_at=NOW))


def slugs(process: Process) -> list[str]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(col(Topic.slug)).order_by(col(Topic.slug))))


def test_a_block_that_ends_well_is_committed(process: Process) -> None:
    with process.work() as work:
        add_topic(work, "knee")
    assert slugs(process) == ["knee"]


def test_of_a_block_that_fails_nothing_is_left(process: Process) -> None:
    with pytest.raises(Trouble):
        add_topic_and_fail(process)
    assert slugs(process) == []
    with process.work() as work:  # and the connection is fit for the next
        add_topic(work, "hip")
    assert slugs(process) == ["hip"]


def test_a_commit_that_fails_is_an_error_and_leaves_nothing(process: Process) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        add_topic_twice_unseen(process)
    assert slugs(process) == []


def test_steps_are_taken_until_one_does_nothing_each_for_itself(process: Process) -> None:
    wanted = iter(["knee", "hip", "elbow"])

    def step(work: Work) -> int:
        slug = next(wanted, None)
        if slug is None:
            return 0
        add_topic(work, slug)
        if slug == "elbow":
            raise Trouble
        return 2

    with pytest.raises(Trouble):
        process.until_done(step)
    assert slugs(process) == ["hip", "knee"]
    wanted = iter(["foot", "hand"])
    assert process.until_done(step) == 4
    assert slugs(process) == ["foot", "hand", "hip", "knee"]


def test_the_scheduler_is_woken_once_all_is_there(process: Process) -> None:
    seen: list[list[str]] = []

    def wait() -> None:
        assert process.scheduler_wanted.wait(10)
        seen.append(slugs(process))

    waiting = threading.Thread(target=wait)
    waiting.start()
    with process.work() as work:
        add_topic(work, "knee")
        work.wake_scheduler()
        work.db.flush()
        assert not process.scheduler_wanted.is_set()
    waiting.join()
    assert seen == [["knee"]]


def test_the_scheduler_is_not_woken_for_what_failed(process: Process) -> None:
    with pytest.raises(Trouble):
        add_topic_and_fail(process)
    assert not process.scheduler_wanted.is_set()


def test_the_scheduler_is_not_woken_for_nothing(process: Process, factory: Factory) -> None:
    factory.topic()
    assert not process.scheduler_wanted.is_set()
    factory.registration(factory.session().session.id)
    assert process.scheduler_wanted.is_set()


def insert_topic(connection: sa.Connection, slug: str) -> None:
    connection.execute(
        sa.insert(core(Topic)).values(id=uuid4(), slug=slug, name=slug, position=0, created_at=NOW, updated_at=NOW)
    )


def test_kept_work_commits_each_statement_and_goes_on_after_one_that_fails(process: Process) -> None:
    kept = KeptWork(process)
    kept.run(lambda connection: insert_topic(connection, "knee"))
    assert slugs(process) == ["knee"]
    with pytest.raises(sa.exc.IntegrityError):
        kept.run(lambda connection: insert_topic(connection, "knee"))
    kept.run(lambda connection: insert_topic(connection, "spine"))  # and the next one is fit again
    kept.close()
    assert slugs(process) == ["knee", "spine"]


def test_between_its_transactions_kept_work_is_in_nobodys_way(process: Process) -> None:
    kept = KeptWork(process)
    kept.run(lambda connection: insert_topic(connection, "knee"))
    with process.work() as work:
        add_topic(work, "hip")
    kept.close()
    assert slugs(process) == ["hip", "knee"]
