"""Limits that hold across processes, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from scheduler.jobs import retention
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.webinars.services.looks import seats
from webinars.errors import IdempotencyMismatch, TooManyRequests
from webinars.rules.rates import Limit, TurnedAway, Window
from webinars.services import rates, registering, registrations
from webinars.services.rates import by_block, by_person
from webinars.services.registering import Idempotency, Outcome, Registered, RegistrationRequest
from webinars.tables import RateCount
from webinars.tables.base import core
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIMIT = Limit("test", Window(5, MINUTE), Window(20, HOUR))
ANA, BEN, HERE, THERE = by_person("ana"), by_person("ben"), by_block("10.0.0.0/24"), by_block("10.0.1.0/24")


def tries(process: Process, *by: str, now: datetime = NOW, times: int = 1, limit: Limit = LIMIT) -> list[int]:
    with process.work() as work:
        return rates.take(work, limit, [by] * times, now)


def counts(process: Process) -> list[tuple[int, int]]:
    with process.read() as work:
        rows = work.db.execute(sa.select(core(RateCount)).order_by(core(RateCount).c.bucket))
        return [(row.short_count, row.long_count) for row in rows]


def statements(process: Process) -> list[str]:
    """What the process says to its database from here on."""
    seen: list[str] = []
    sa.event.listen(process.engines.write, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
    return seen


@pytest.fixture
def other(process: Process) -> Iterator[Process]:
    """A process beside the first, on the same database."""
    another = Process(process.settings, clock=process.clock, mail=MemoryMailer())
    yield another
    another.close()


def test_so_many_in_a_minute_and_then_a_wait_to_its_end(process: Process) -> None:
    assert [tries(process, ANA, now=NOW + step * SECOND) for step in range(5)] == [[0]] * 5
    assert tries(process, ANA, now=NOW + 20 * SECOND) == [40]
    assert tries(process, BEN, now=NOW + 20 * SECOND) == [0]
    assert tries(process, ANA, now=NOW + MINUTE) == [0]


def test_so_many_in_an_hour_whatever_was_refused_in_between(process: Process) -> None:
    for minute in range(4):
        waits = tries(process, ANA, now=NOW + minute * MINUTE, times=8)
        assert waits == [0] * 5 + [60] * 3 if minute < 3 else waits[:5] == [0] * 5
    assert tries(process, ANA, now=NOW + 4 * MINUTE) == [56 * 60]
    assert tries(process, ANA, now=NOW + HOUR - SECOND) == [1]
    assert tries(process, ANA, now=NOW + HOUR, times=6) == [0] * 5 + [60]


def test_two_processes_share_a_bucket(process: Process, other: Process) -> None:
    assert tries(process, ANA, times=3) == [0] * 3
    assert tries(other, ANA, times=3) == [0, 0, 60]
    assert tries(process, ANA) == [60]


def test_control_a_memory_of_each_process_would_let_twice_as_many_through(process: Process, other: Process) -> None:
    for running in (process, other):
        assert tries(running, ANA, limit=Limit(str(id(running)), LIMIT.short, LIMIT.long), times=5) == [0] * 5


def test_network_and_person_count_for_themselves(process: Process) -> None:
    for number in range(5):
        assert tries(process, HERE, by_person(str(number))) == [0]
    assert tries(process, HERE, BEN) == [60]  # many people of one network
    for number in range(5):
        assert tries(process, by_block(str(number)), ANA) == [0]
    assert tries(process, THERE, ANA) == [60]  # one person from many networks
    assert tries(process, THERE, by_person("cleo")) == [0]


def test_limits_do_not_share_buckets(process: Process) -> None:
    assert tries(process, ANA, times=6)[-1] == 60
    assert tries(process, ANA, limit=Limit("another", LIMIT.short, LIMIT.long)) == [0]


def test_one_statement_counts_for_all(process: Process) -> None:
    seen = statements(process)
    with process.work() as work:
        by = [(by_block(str(number // 8)), by_person(str(number))) for number in range(64)]
        waits = rates.take(work, LIMIT, by, NOW)
    assert waits == ([0] * 5 + [60] * 3) * 8
    assert sum("INSERT INTO rate_counts" in statement for statement in seen) == 1


def test_whoever_was_turned_away_does_not_reach_the_database_again(process: Process, other: Process) -> None:
    tries(process, ANA, times=6)
    seen, seen_of_other = statements(process), statements(other)
    for _ in range(100):
        assert tries(process, ANA, now=NOW + 10 * SECOND) == [50]
        with pytest.raises(TooManyRequests):
            rates.take_one(process, LIMIT, [ANA], NOW)
    assert seen == []
    assert tries(other, ANA) == [60]
    assert len([statement for statement in seen_of_other if "rate_counts" in statement]) == 1  # the control


def test_what_is_rolled_back_was_never_counted_and_nobody_is_remembered_for_it(process: Process) -> None:
    with suppress(ZeroDivisionError), process.work() as work:
        assert rates.take(work, LIMIT, [[ANA]] * 6, NOW)[-1] == 60
        raise ZeroDivisionError
    assert (counts(process), len(process.turned_away)) == ([], 0)
    assert tries(process, ANA, times=5) == [0] * 5


def test_a_single_try_counts_whatever_becomes_of_it(process: Process, other: Process) -> None:
    for _ in range(5):
        rates.take_one(process, LIMIT, [HERE, ANA], NOW)
    with pytest.raises(TooManyRequests) as refusal:
        rates.take_one(other, LIMIT, [HERE, BEN], NOW + 10 * SECOND)
    assert refusal.value.facts == {"retry_after": 50}
    rates.check(process, LIMIT, [HERE], NOW)  # looking alone neither counts nor asks the database
    with pytest.raises(TooManyRequests):
        rates.check(other, LIMIT, [HERE], NOW + 10 * SECOND)


def test_a_try_can_be_given_back(process: Process) -> None:
    for _ in range(20):
        rates.take_one(process, LIMIT, [HERE, ANA], NOW)
        with process.work() as work:
            rates.give_back(work, LIMIT, [HERE, ANA])
    assert counts(process) == [(0, 0)] * 2
    with process.work() as work:
        rates.give_back(work, LIMIT, [HERE, BEN])  # nothing is owed to anybody
    assert counts(process) == [(0, 0)] * 2


def test_a_clock_that_was_put_back_locks_nobody_out(process: Process, other: Process) -> None:
    tries(process, ANA, now=NOW + timedelta(days=7), times=6)
    assert tries(other, ANA, now=NOW, times=6) == [0] * 5 + [60]


def test_counts_agree_with_counting_one_by_one(process: Process, other: Process) -> None:
    """Two processes, batches of any size, any time between them: as if there were one list of tries."""
    spread, now, starts = random.Random(3), NOW, {"short": NOW, "long": NOW}
    held = {"short": 0, "long": 0}
    for _ in range(60):
        now += timedelta(seconds=spread.choice((0, 1, 7, 31, 61, 600)))
        number = spread.randint(1, 7)
        allowed = 0
        for kind, within in (("short", MINUTE), ("long", HOUR)):
            if now >= starts[kind] + within:
                starts[kind], held[kind] = now, 0
        for _ in range(number):
            is_in_short, held["short"] = held["short"] < 5, held["short"] + 1
            if is_in_short:
                allowed += held["long"] < 20
                held["long"] += 1
        running = spread.choice((process, other))
        remembered = running.turned_away.until(rates._bucket(running.vault, LIMIT, ANA), now)
        waits = tries(running, ANA, now=now, times=number)
        assert waits.count(0) == allowed
        if remembered is not None:  # these were not counted, and it makes no difference
            assert allowed == 0


def test_the_table_tells_nothing_of_anybody(process: Process) -> None:
    tries(process, HERE, by_person("ana@mail.example"))
    with process.read() as work:
        kept = [bytes(bucket) for bucket in work.db.scalars(sa.select(core(RateCount).c.bucket))]
    assert {len(bucket) for bucket in kept} == {16}
    assert process.vault.index("email", "ana@mail.example")[:16] not in kept


def test_the_nightly_job_forgets_what_is_over(process: Process, clock: SetClock) -> None:
    tries(process, ANA, now=NOW)
    tries(process, BEN, now=NOW + 30 * MINUTE)
    assert retention.run(process, NOW + HOUR) == 0
    assert retention.run(process, NOW + HOUR + SECOND) == 1
    assert len(counts(process)) == 1


# --- Registering


@pytest.fixture
def limited(database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Process]:
    """With the limits that hold by default."""
    settings = make_settings(database_url, tmp_path, register_limit_minute=5, register_limit_hour=20)
    process = Process(settings, clock=clock, mail=MemoryMailer())
    yield process
    process.close()


@pytest.fixture
def factory(limited: Process) -> Factory:
    return Factory(limited)


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    return factory.session(capacity=100).session.id


def public(factory: Factory, session_id: UUID, number: int, **facts: object) -> RegistrationRequest:
    """From a network of its own, unless said otherwise."""
    usual: dict[str, object] = {"address_block": f"10.0.{number}.0/24", "is_limited": True}
    return factory.request(session_id, f"p{number}@mail.example", **(usual | facts))


def said(outcomes: list[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def register(process: Process, *requests: RegistrationRequest, now: datetime = NOW) -> list[Outcome]:
    with process.work() as work:
        return registering.register(work, requests, now)


def test_the_public_registers_so_often_from_one_network(limited: Process, factory: Factory, session_id: UUID) -> None:
    crowd = [public(factory, session_id, number, address_block="10.9.9.0/24") for number in range(7)]
    outcomes = register(limited, *crowd[:3], public(factory, session_id, 50), *crowd[3:])
    assert said(outcomes) == ["Registered"] * 6 + ["TooManyRequests"] * 2
    assert seats(limited, session_id) == (6, 0)
    assert said(register(limited, public(factory, session_id, 60, address_block="10.9.9.0/24"))) == ["TooManyRequests"]
    assert said(register(limited, crowd[6], now=NOW + MINUTE)) == ["Registered"]


def test_one_address_is_registered_for_so_often_from_anywhere(
    limited: Process, factory: Factory, session_id: UUID
) -> None:
    requests = [
        factory.request(session_id, "ANA@mail.example", is_limited=True, address_block=f"10.0.{number}.0/24")
        for number in range(6)
    ]
    assert said(register(limited, *requests)) == ["Registered"] * 5 + ["TooManyRequests"]


def test_tokens_imports_and_hosts_have_no_limit(limited: Process, factory: Factory, session_id: UUID) -> None:
    """The control: the same requests without the check all pass."""
    requests = [public(factory, session_id, 1, is_limited=False) for _ in range(30)]
    assert said(register(limited, *requests)) == ["Registered"] * 30
    assert counts(limited) == []


def test_known_and_unknown_people_are_refused_alike(limited: Process, factory: Factory, session_id: UUID) -> None:
    factory.registration(session_id, "p1@mail.example")
    requests = [public(factory, session_id, number, address_block="10.9.9.0/24") for number in (5, 6, 7, 8, 9, 1, 2)]
    known, unknown = register(limited, *requests)[-2:]
    assert isinstance(known, TooManyRequests)
    assert isinstance(unknown, TooManyRequests)
    assert (known.detail, known.facts) == (unknown.detail, unknown.facts)


def keyed(request: RegistrationRequest, key: bytes, body: bytes = b"same") -> RegistrationRequest:
    return replace(request, idempotency=Idempotency(key.ljust(32), body.ljust(32)))


def test_an_answer_that_was_given_is_given_again_however_often(
    limited: Process, factory: Factory, session_id: UUID
) -> None:
    ana = keyed(public(factory, session_id, 1), b"ana")
    at_once = register(limited, *[ana] * 8)
    assert said(at_once) == ["Registered"] * 8
    limited.turned_away = TurnedAway()  # whether it is remembered or not
    for _ in range(3):
        (again,) = register(limited, ana)
        assert isinstance(again, Registered)
        assert again.is_replay
    assert said(register(limited, keyed(public(factory, session_id, 1), b"another"))) == ["TooManyRequests"]
    assert seats(limited, session_id) == (1, 0)


def test_a_key_is_no_way_around_the_limit(limited: Process, factory: Factory, session_id: UUID) -> None:
    crowd = [
        keyed(public(factory, session_id, number, address_block="10.9.9.0/24"), b"one key", bytes([number]))
        for number in range(8)
    ]
    outcomes = register(limited, *crowd)
    assert said(outcomes) == ["Registered"] + [IdempotencyMismatch.__name__] * 4 + ["TooManyRequests"] * 3
    assert said(register(limited, crowd[7])) == ["TooManyRequests"]  # another request under a used key is a try
    assert seats(limited, session_id) == (1, 0)


def test_a_refused_crowd_locks_no_session(limited: Process, factory: Factory, session_id: UUID) -> None:
    crowd = [public(factory, session_id, number, address_block="10.9.9.0/24") for number in range(6)]
    register(limited, *crowd)
    seen = statements(limited)
    assert said(register(limited, *crowd * 10)) == ["TooManyRequests"] * 60
    assert seen == []


def test_the_own_mail_goes_out_once_an_hour_whichever_process_is_asked(
    limited: Process, factory: Factory, session_id: UUID
) -> None:
    registration_id = factory.registration(session_id).registration.id
    beside = Process(limited.settings, clock=limited.clock, mail=MemoryMailer())

    def resend(process: Process, now: datetime) -> bool:
        with process.work() as work:
            return registrations.resend(work, registration_id, now)

    half_past = NOW + 45 * MINUTE  # not by the hour on the clock: it is another one in a quarter of an hour
    asked = [resend(process, half_past + step * MINUTE) for step in (0, 20, 59) for process in (limited, beside)]
    assert asked == [True] + [False] * 5
    assert resend(beside, half_past + HOUR)
    beside.close()
