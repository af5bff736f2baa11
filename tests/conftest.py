"""Fixtures that all tests share: a migrated database of each kind, a process on it, a real server before it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn

from api.main import create_app
from tests.factories import Factory
from tests.support.clinics import Clinic
from tests.support.postgres import PostgresServer
from tests.support.smtp import SmtpSink
from webinars.services import schema
from webinars.settings import Environment, Settings
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday morning in the clinics' zones, six days before the clocks go forward there."""
SECRET = "a test secret of more than 32 characters"
UNLIMITED = {"register_limit_minute": 0, "register_limit_hour": 0}
"""Tests register many people from one address; those about limits set them."""
_TEMPLATE = "webinars_template"


def make_settings(url: str, folder: Path, **changes: object) -> Settings:
    values = {
        "environment": Environment.test,
        "database_url": url,
        "secret_key": SECRET,
        "var_dir": folder,
        "organization_phone": "+1 303 555 0100",
        **UNLIMITED,
    }
    return Settings.model_validate(values | changes)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to be copied for each test."""
    folder = tmp_path_factory.mktemp("sqlite")
    _migrate(f"sqlite:///{folder / 'template.db'}", folder)
    return folder / "template.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database with the newest schema, to be copied for each test."""
    postgres.create_database(_TEMPLATE)
    _migrate(postgres.url(_TEMPLATE), tmp_path_factory.mktemp("postgres"))
    return _TEMPLATE


def _migrate(url: str, folder: Path) -> None:
    process = Process(make_settings(url, folder), mail=MemoryMailer())
    schema.migrate(process)
    process.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        yield _copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    template = request.getfixturevalue("postgres_template")
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    server.create_database(name, template)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database, for what cannot differ between the databases."""
    return _copy_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database, for what takes several processes."""
    name = f"test_{uuid4().hex}"
    postgres.create_database(name, postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


def _copy_sqlite(template: Path, folder: Path) -> str:
    shutil.copy(template, folder / "webinars.db")
    return f"sqlite:///{folder / 'webinars.db'}"


@pytest.fixture
def clock() -> SetClock:
    """Stands still at NOW until the test sets it."""
    return SetClock(NOW)


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A real mail server, for processes whose MAIL_URL is its `url`."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def process(database_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    """A process on each kind of database, with a clock that the test sets and mails it can read."""
    process = Process(make_settings(database_url, tmp_path), clock=clock, mail=mailer)
    yield process
    process.close()


@pytest.fixture
def sqlite_process(sqlite_url: str, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Process]:
    """A process on SQLite alone, for pages and what else cannot differ between the databases."""
    process = Process(make_settings(sqlite_url, tmp_path), clock=clock, mail=mailer)
    yield process
    process.close()


@pytest.fixture
def factory(process: Process) -> Factory:
    """Makes what a test needs, through the services."""
    return Factory(process)


@pytest.fixture
def clinic(process: Process, clock: SetClock, mailer: MemoryMailer) -> Iterator[Clinic]:
    """The scheduler's rounds through time, and the mails that went out in them."""
    clinic = Clinic(process, clock, mailer)
    yield clinic
    clinic.scheduler.stop()


@pytest.fixture
def sqlite_factory(sqlite_process: Process) -> Factory:
    return Factory(sqlite_process)


@pytest.fixture
def serve() -> Iterator[Callable[[Process], str]]:
    """Serves processes over real HTTP until the test ends; gives each one's address."""
    with ExitStack() as stack:
        yield lambda process: stack.enter_context(RunningServer(process))


@pytest.fixture
def address(process: Process, serve: Callable[[Process], str]) -> str:
    """Where the process answers over real HTTP."""
    return serve(process)


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client


class RunningServer:
    """uvicorn in a thread, as `webinars serve` runs it."""

    def __init__(self, process: Process) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        app = create_app(process)
        app.state.page_cache.fresh_s = 0  # tests look at a page right after they have changed what it shows
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in 20 s"
            time.sleep(0.005)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
