"""The plain transaction that ours is measured beside stores what the product stores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.schemas.registrations import RegistrationCreate
from benchmarks import plain
from benchmarks.data import check_counts
from tests.factories import Factory
from webinars.tables import Message, Registration
from webinars.tables.base import core
from webinars.work import Process


def rows(process: Process, table: sa.Table) -> list[Mapping[str, Any]]:
    with process.read() as work:
        return list(work.db.execute(sa.select(table).order_by(table.c.created_at)).mappings())


def shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """What must be alike in two people's rows: a word or figure itself, of ids, moments and sealed values the kind."""
    return {
        name: type(value) if isinstance(value, UUID | bytes | datetime) or name == "dedupe_key" else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("table", [core(Registration), core(Message)])
def test_it_writes_what_the_product_writes(
    process: Process, factory: Factory, monkeypatch: pytest.MonkeyPatch, table: sa.Table
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    monkeypatch.setattr(plain, "_process", lambda: process)
    body = RegistrationCreate(email="bea@mail.example", name="Bea", timezone="America/Denver", locale="en-US")
    assert plain.register(session_id, body).status_code == 201
    ours, theirs = rows(process, table)
    assert shape(ours) == shape(theirs)
    check_counts(process)
