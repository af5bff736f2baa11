"""The commands, as an operator gives them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import Factory
from tests.support.commands import environment, run_command
from tests.support.smtp import SmtpSink
from tests.support.zones import write_zone
from webinars.services import hosts, registrations, tokens
from webinars.services.schema import NEWEST
from webinars.tables import AuditEntry, Message, Registration, WebinarSession
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
    for now in (sqlite_factory.now, session.starts_at - timedelta(hours=24)):
        changes = {"mail_url": sink.url, "testing_now": now.isoformat()}
        assert lines(sqlite_process, "work", "--once", **changes)[-1].endswith("steps")
    assert [mail.subject.partition(":")[0] for mail in sink.mails] == ["Confirmed", "Tomorrow"]
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
    assert lines(sqlite_process, "migrate", database_url=url) == [f"The schema is at {NEWEST}."]
    assert lines(sqlite_process, "work", "--once", database_url=url) == ["0 steps"]


def test_check_is_green_or_says_what_is_red(sqlite_process: Process) -> None:
    green = lines(sqlite_process, "check")
    assert {line.split()[0] for line in green} == {"green"}
    away = environment(sqlite_process.settings, mail_url="smtp://127.0.0.1:1")
    red = run_command("check", variables=away)
    assert red.returncode == 1
    assert [line.split()[1] for line in red.stdout.splitlines() if line.startswith("red")] == ["mail:"]


def test_a_list_is_imported_with_progress_or_its_bad_rows_are_listed(
    sqlite_process: Process, sqlite_factory: Factory, tmp_path: Path
) -> None:
    session_id = str(sqlite_factory.session(capacity=2).session.id)
    variables, file = environment(sqlite_process.settings, testing_now=NOW.isoformat()), tmp_path / "list.csv"
    file.write_text("email,name,Notes\nana@mail.example,Ana,x\nplanted,Ben,y\nana@mail.example,Ana,z\n", "utf-8")
    command = ("import", "registrations", session_id, str(file))
    for option in ((), ("--dry-run",)):
        refused = run_command(*command, *option, variables=variables)
        assert refused.returncode == 1
        assert "line 3, email: Enter an e-mail address in the form name@example.com." in refused.stderr
        assert "planted" not in refused.stderr + refused.stdout
    file.write_text(file.read_text("utf-8").replace("planted", "ben@mail.example"), "utf-8")
    dry = run_command(*command, "--dry-run", variables=variables)
    said = "3 rows (dry run): 2 confirmed, 0 registered before, 1 passed over.\n"
    assert (dry.returncode, dry.stdout) == (0, said)
    assert registered(sqlite_process) == []
    done = run_command(*command, "--no-mail", variables=variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 rows: 2 confirmed, 0 registered before, 1 passed over.\n"
    assert "line 4, email: The same address as in line 2, which counts." in done.stderr
    assert "Nothing was read from the columns Notes." in done.stderr
    assert "Registering" in done.stderr
    assert registered(sqlite_process) == ["Ana", "Ben"]
    with sqlite_process.read() as work:
        assert work.db.scalars(sa.select(Message)).all() == []
        noted = sa.select(col(AuditEntry.actor)).where(col(AuditEntry.action) == "registrations.import")
        assert list(work.db.scalars(noted)) == ["command"]


def test_registrations_are_exported_to_a_file_or_to_the_screen(
    sqlite_process: Process, sqlite_factory: Factory, tmp_path: Path
) -> None:
    session_id = sqlite_factory.session().session.id
    sqlite_factory.registration(session_id, "ana@mail.example", name="=Ana")
    variables, file = environment(sqlite_process.settings), tmp_path / "out.csv"
    shown = run_command("export", "registrations", str(session_id), variables=variables)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith('\ufeff"name","email",')
    assert '"\'=Ana","ana@mail.example",' in shown.stdout
    lines(sqlite_process, "export", "registrations", str(session_id), "--output", str(file))
    assert file.read_bytes().decode("utf-8").replace("\r\n", "\n") == shown.stdout
    assert file.stat().st_mode & 0o077 == 0  # it names people
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.csv"]
    nowhere = run_command("export", "registrations", str(UUID(int=1)), variables=variables)
    assert nowhere.returncode == 1
    assert "Traceback" not in nowhere.stderr
    with sqlite_process.read() as work:
        actions = work.db.scalars(sa.select(col(AuditEntry.action)).where(col(AuditEntry.subject_id) == session_id))
        assert list(actions).count("registrations.export") == 2


def registered(process: Process) -> list[str]:
    """Names in the order they came."""
    with process.read() as work:
        found = work.db.scalars(sa.select(Registration).order_by(col(Registration.id)))
        return [registrations.name_of(work.vault, item) for item in found]


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


def test_sessions_follow_new_time_zone_data(sqlite_process: Process, sqlite_factory: Factory, tmp_path: Path) -> None:
    session = sqlite_factory.session().session
    sqlite_factory.registration(session.id)
    settings = environment(sqlite_process.settings, testing_now=sqlite_factory.now.isoformat())
    write_zone(tmp_path / "zones", "America/Denver", "America/Chicago")
    for zones, moved in (("", 0), (str(tmp_path / "zones"), 1), (str(tmp_path / "zones"), 0)):
        path = f"{zones}:/usr/share/zoneinfo" if zones else "/usr/share/zoneinfo"
        done = run_command("retime", variables=settings | {"PYTHONTZPATH": path})
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{moved} sessions take place at another moment.")
    with sqlite_process.read() as work:
        kept = work.db.get_one(WebinarSession, session.id)
    assert (kept.starts_at_local, kept.starts_at) == (session.starts_at_local, session.starts_at - timedelta(hours=1))
