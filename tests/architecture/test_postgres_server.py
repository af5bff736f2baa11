"""The server that other tests trust: what it commits stays, what it starts ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def template(server: PostgresServer) -> Iterator[str]:
    name = "support_template"
    server.create_database(name)
    with psycopg.connect(server.url(name)) as connection:
        connection.execute("CREATE TABLE seat (number integer PRIMARY KEY)")
        connection.execute("INSERT INTO seat VALUES (1)")
    yield name
    server.drop_database(name)


def seats(server: PostgresServer, database: str) -> list[int]:
    with psycopg.connect(server.url(database)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM seat ORDER BY number")]


def take(server: PostgresServer, database: str, number: int) -> None:
    with psycopg.connect(server.url(database)) as connection:
        connection.execute("INSERT INTO seat VALUES (%s)", (number,))


def test_databases_from_one_template_are_independent(server: PostgresServer, template: str) -> None:
    server.create_database("support_a", template=template)
    server.create_database("support_b", template=template)
    take(server, "support_a", 2)
    assert (seats(server, "support_a"), seats(server, "support_b")) == ([1, 2], [1])
    server.drop_database("support_a")
    server.drop_database("support_b")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        seats(server, "support_a")


def test_a_crash_keeps_what_was_committed_and_nothing_else(server: PostgresServer, template: str) -> None:
    if not server.can_restart:
        pytest.skip("the server at TEST_DATABASE_URL is not ours to crash")
    take(server, template, 2)
    with psycopg.connect(server.url(template)) as unfinished:
        unfinished.execute("INSERT INTO seat VALUES (3)")
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            unfinished.execute("SELECT 1")
    assert seats(server, template) == [1, 2]


def test_a_dropped_database_throws_its_sessions_out(server: PostgresServer) -> None:
    server.create_database("support_busy")
    with psycopg.connect(server.url("support_busy")) as session:
        server.drop_database("support_busy")
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_text_is_utf8_and_commits_are_durable(server: PostgresServer) -> None:
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT lower('ÄÉ'), current_setting('server_encoding')").fetchone() == ("äé", "UTF8")
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_server_does_not_outlive_a_killed_test_run() -> None:
    script = (
        "import time\n"
        "from tests.support.postgres import PostgresServer\n"
        "with PostgresServer() as server:\n"
        "    print(server.url(), server._home, flush=True)\n"
        "    time.sleep(600)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        url, home = run.stdout.readline().decode().split()
        psycopg.connect(url).close()
        run.send_signal(signal.SIGKILL)
    try:
        assert ends(url)
    finally:
        subprocess.run(["rm", "-rf", home], check=True)


def ends(url: str) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if "refused" in str(error):
                return True
        time.sleep(0.05)
    return False
