"""The SQL that is run as a limit is the product's own, and does what registering does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from benchmarks.data import check_counts
from benchmarks.statements import New, Recorded, record, run
from tests.factories import Factory
from webinars.tables import Registration, WebinarSession
from webinars.tables.base import core
from webinars.work import Process

SIZES = [1, 3]


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    return factory.session(capacity=1_000_000).session.id


def news(recorded: Recorded) -> Iterator[New]:
    for statement in recorded.statements:
        for row in statement.rows:
            for value in row.values() if isinstance(row, dict) else row:
                elements = value if isinstance(value, tuple) else (value,)
                yield from (element for element in elements if isinstance(element, New))


@pytest.mark.parametrize("size", SIZES)
def test_whatever_must_be_new_is_known(process: Process, session_id: UUID, size: int) -> None:
    """An address is looked up and inserted; a registration's id stands in its row and in its message's, beside that
    one's own.
    """
    recorded = record(process, session_id, size)
    assert Counter(new.kind for new in news(recorded)) == {"index": 2 * size, "id": 3 * size, "key": size}
    assert {new.place for new in news(recorded)} == set(range(size))
    writes = [" ".join(statement.words.split()[:3]) for statement in recorded.statements]
    assert [words for words in writes if not words.startswith("SELECT")] == [
        "INSERT INTO registrations",
        "INSERT INTO messages",
        "UPDATE sessions SET",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_running_it_again_registers_new_people(process: Process, session_id: UUID, size: int) -> None:
    recorded = record(process, session_id, size)
    url, before = process.settings.database_url.get_secret_value(), count(process)
    for _ in range(2):
        measured = run(url, recorded, seconds=0.1, clients=1 if process.engines.is_sqlite else 4)
        after = count(process)
        assert after > before
        assert (after - before) % size == 0
        assert measured.per_second > 0 < measured.p50_ms
        before = after
    check_counts(process)


def test_a_wrong_counter_is_found(process: Process, session_id: UUID) -> None:
    """The control."""
    record(process, session_id, 2)
    check_counts(process)
    with process.work() as work:
        work.db.execute(sa.update(core(WebinarSession)).values(seats_taken=1))
    with pytest.raises(AssertionError, match="counters are wrong"):
        check_counts(process)


def count(process: Process) -> int:
    with process.read() as work:
        return work.db.execute(sa.select(sa.func.count()).select_from(core(Registration))).scalar_one()
