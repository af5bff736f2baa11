"""What is well and what is not, said in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, make_settings
from tests.factories import Factory
from webinars.gateways.mail import MailTransportDown
from webinars.services import health
from webinars.tables import Worker
from webinars.testing import MemoryMailer
from webinars.work import Process


def well(findings: list[health.Finding]) -> dict[str, bool]:
    return {finding.name: finding.is_well for finding in findings}


def beat(process: Process, worker: int = 1, age: timedelta = timedelta()) -> None:
    with process.work() as work:
        health.beat(work, UUID(int=worker), "machine:1", NOW - age)


def test_all_is_well_while_a_scheduler_is_heard_of(process: Process) -> None:
    beat(process)
    assert well(health.is_ready(process, NOW)) == {"database": True, "schema": True, "disk": True, "scheduler": True}
    assert all(well(health.check(process, NOW)).values())


@pytest.mark.parametrize(("age", "is_well"), [(60, True), (61, False)])
def test_a_scheduler_silent_for_a_minute_is_taken_as_dead(process: Process, age: int, is_well: bool) -> None:
    beat(process, age=timedelta(seconds=age))
    assert well(health.is_ready(process, NOW))["scheduler"] is is_well


def test_before_any_scheduler_was_started_it_is_ready(process: Process) -> None:
    assert well(health.is_ready(process, NOW)) == {"database": True, "schema": True, "disk": True, "scheduler": True}


def test_a_schema_that_is_not_ours_is_seen(process: Process) -> None:
    with process.work() as work:
        work.db.execute(sa.text("UPDATE alembic_version SET version_num = 'other'"))
    assert well(health.is_ready(process, NOW))["schema"] is False


def test_a_database_that_is_away_is_seen_and_nothing_is_raised(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    process = Process(make_settings(url, tmp_path), mail=MemoryMailer())
    found = well(health.is_ready(process, NOW))
    process.close()
    assert found == {"database": False, "schema": False, "disk": True, "scheduler": False}


class BrokenMailer(MemoryMailer):
    def check(self) -> str:
        raise MailTransportDown("cannot connect")


def test_mail_that_cannot_leave_is_seen(sqlite_url: str, tmp_path: Path) -> None:
    process = Process(make_settings(sqlite_url, tmp_path), mail=BrokenMailer())
    (mail,) = (finding for finding in health.check(process, NOW) if finding.name == "mail")
    process.close()
    assert (mail.is_well, mail.words) == (False, "cannot connect")


def test_figures_say_how_long_the_oldest_message_waits(process: Process, factory: Factory) -> None:
    factory.registration(factory.session().session.id)
    beat(process, age=timedelta(seconds=7))
    assert health.figures(process, NOW + timedelta(seconds=90)) == health.Figures(90.0, {"planned": 1}, 97.0)


def test_workers_of_yesterday_are_forgotten(process: Process) -> None:
    beat(process, 1, timedelta(days=2))
    beat(process, 2)
    with process.read() as work:
        assert [worker.id for worker in work.db.scalars(sa.select(Worker))] == [UUID(int=2)]
