"""The commands, as an operator gives them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import Factory
from tests.support.commands import environment, run_command
from tests.support.smtp import SmtpSink
from webinars.services import hosts, tokens
from webinars.tables import Message
from webinars.work import Process

pytestmark = pytest.mark.long


def lines(process: Process, *arguments: str, **changes: str) -> list[str]:
    done = run_command(*arguments, variables=environment(process.settings, **changes))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_work_once_does_all_that_is_due_and_ends(
    sqlite_process: Process, sqlite_factory: Factory, sink: SmtpSink
) -> None:
    session = sqlite_factory.session().session
    sqlite_factory.registration(session.id, "ana@mail.example")
    changes = {"mail_url": sink.url, "testing_now": (session.starts_at - timedelta(hours=24)).isoformat()}
    assert lines(sqlite_process, "work", "--once", **changes)[-1].endswith("steps")
    assert sorted(mail.subject.partition(":")[0] for mail in sink.mails) == ["Confirmed", "Tomorrow"]
    with sqlite_process.read() as work:
        assert {state.value for state in work.db.scalars(sa.select(col(Message.state)))} == {"sent"}


def test_accounts_and_keys_are_made_and_shown_once_on_the_last_line(sqlite_process: Process) -> None:
    password = lines(sqlite_process, "host", "add", "host@clinic.example", "--role", "manager")[-1]
    secret = lines(sqlite_process, "token", "create", "--name", "ours", "--scope", "attendance:write")[-1]
    with sqlite_process.read() as work:
        assert hosts.check_password(work, "host@clinic.example", password).role.value == "manager"
        assert {scope.value for scope in tokens.find_bearer(work, secret).scopes} == {"attendance:write"}


def test_without_its_schema_nothing_starts_and_migrating_makes_it(sqlite_process: Process, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    refused = run_command("work", "--once", variables=environment(sqlite_process.settings, database_url=url))
    assert refused.returncode == 1
    assert "Run `webinars migrate` first" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert lines(sqlite_process, "migrate", database_url=url) == ["The schema is at 0001."]
    assert lines(sqlite_process, "work", "--once", database_url=url) == ["0 steps"]


def test_check_is_green_or_says_what_is_red(sqlite_process: Process) -> None:
    green = lines(sqlite_process, "check")
    assert {line.split()[0] for line in green} == {"green"}
    away = environment(sqlite_process.settings, mail_url="smtp://127.0.0.1:1")
    red = run_command("check", variables=away)
    assert red.returncode == 1
    assert [line.split()[1] for line in red.stdout.splitlines() if line.startswith("red")] == ["mail:"]


def test_a_configuration_that_does_not_work_is_refused_in_plain_words(sqlite_process: Process) -> None:
    for changes in (
        {"port": "0"},
        {"secret_key": "short"},
        {"environment": "development", "testing_now": NOW.isoformat()},
    ):
        refused = run_command("check", variables=environment(sqlite_process.settings, **changes))
        assert refused.returncode == 1
        assert refused.stderr.startswith("Error: The configuration is not usable.")
        assert "Traceback" not in refused.stderr
