"""Lists imported at once, while people register by themselves: every seat is sold once, and everybody is there once."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.concurrency.load import PATIENCE_S, at_once, counters_and_recount, request_of
from tests.conftest import NOW
from tests.factories import Factory
from webinars.queries import registrations as registrations_queries
from webinars.services import imports
from webinars.services.desk import Desk
from webinars.services.imports import Imported, import_registrants, read_people
from webinars.services.registrations import name_of
from webinars.work import Process

SEATS, PEOPLE = 60, 150


def test_two_lists_and_the_public_at_once(process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_TOGETHER", 16)
    session_id = factory.session(capacity=SEATS).session.id
    rows = "".join(f"person{number}@mail.example,Person {number}\n" for number in range(PEOPLE))
    people = read_people(f"email,name\n{rows}".encode())
    desk = Desk(process)

    def load() -> Imported:
        with process.work() as work:
            return import_registrants(work, session_id, people, dry_run=False, sends_mail=True, actor="test", now=NOW)

    def ask() -> None:
        for number in range(0, PEOPLE, 3):
            desk.submit(request_of(session_id, number)).result(PATIENCE_S)

    said = at_once([load, load, ask])
    desk.close()
    lists = [item for item in said if item is not None]
    assert counters_and_recount(process, session_id) == ((SEATS, PEOPLE - SEATS), (SEATS, PEOPLE - SEATS))
    with process.read() as work:
        there = registrations_queries.list_registrations(work.db, session_id, limit=1000)
        names = Counter(name_of(work.vault, item) for item in there)
    assert names == Counter(f"Person {number}" for number in range(PEOPLE))
    assert [item.registered + item.already_registered for item in lists] == [PEOPLE, PEOPLE]
    assert sum(item.registered for item in lists) <= PEOPLE
