"""Limits under load: no more are let through than may pass, and nobody waits for each other in a circle."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.concurrency.load import at_once, from_processes, request_of, statuses
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.rules.rates import Limit, TurnedAway, Window
from webinars.services import rates
from webinars.tables import RateCount
from webinars.tables.base import core
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

LIMIT = Limit("test", Window(50, timedelta(minutes=1)), Window(1000, timedelta(hours=1)))


@pytest.mark.long
def test_four_processes_let_five_people_of_one_network_through(postgres_url: str, tmp_path: Path) -> None:
    settings = make_settings(postgres_url, tmp_path, register_limit_minute=5, register_limit_hour=20)
    process = Process(settings, clock=SetClock(NOW), mail=MemoryMailer())
    session_id = Factory(process).session(capacity=100).session.id
    process.close()
    crowd = [
        (number, replace(request_of(session_id, number), is_limited=True, address_block="203.0.113.0/24"))
        for number in range(40)
    ]
    told = [item for share in from_processes(settings, NOW, [crowd[start::4] for start in range(4)]) for item in share]
    assert statuses(told) == {"confirmed": 5, "TooManyRequests": 35}


class _Forgetful(TurnedAway):
    """As in another process, which remembers nobody: every try reaches the database."""

    def note(self, bucket: bytes, until: datetime) -> None:
        pass


def test_overlapping_batches_in_any_order_are_all_counted(process: Process) -> None:
    """Each of 8 threads takes the same 20 buckets, in an order of its own, 30 times."""
    everybody = [str(number) for number in range(20)]
    process.turned_away = _Forgetful()

    def take(seed: int) -> int:
        passed = 0
        for turn in range(30):
            mixed = random.Random(seed * 100 + turn).sample(everybody, len(everybody))
            with process.work() as work:
                passed += rates.take(work, LIMIT, [[who] for who in mixed], NOW).count(0)
        return passed

    assert sum(at_once([partial(take, seed) for seed in range(8)])) == 20 * 50
    with process.read() as work:
        assert set(work.db.scalars(sa.select(core(RateCount).c.short_count))) == {8 * 30}
