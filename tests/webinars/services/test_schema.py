from __future__ import annotations

from webinars.services import schema
from webinars.work import Process


def test_the_migrations_leave_nothing_different_from_the_tables(process: Process) -> None:
    assert schema.differences(process) == []
    assert schema.is_current(process)
