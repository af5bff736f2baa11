"""The `webinars` command in a process of its own, as operators run it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from webinars.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = ENDS_WITHIN_S = 60


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """The variables that make these settings; `changes` are named as in the settings, in any case."""
    values = {
        "environment": settings.environment.value,
        "database_url": settings.database_url.get_secret_value(),
        "secret_key": settings.secret_key.get_secret_value(),
        "var_dir": str(settings.var_dir),
        **changes,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return others | {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


def run_command(*arguments: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        _line(arguments), cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=ENDS_WITHIN_S
    )


@contextmanager
def running_command(*arguments: str, variables: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs until the test ends it; it does not outlive the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(_line(arguments), cwd=ROOT, env=variables, stdout=output, stderr=output)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(ENDS_WITHIN_S)


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_until_alive(port: int) -> str:
    """Wait for a web process to answer; gives its address."""
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            assert httpx.get(f"{address}/livez").text == "ok"
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return address
    raise AssertionError("the server did not start")


def _line(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "webinars", *arguments]
