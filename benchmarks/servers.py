"""Starts what is measured: the product as its users start it, and the bare servers beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

SECRET = "a benchmark secret of more than 32 characters"  # noqa: S105
WITHOUT_LIMITS = {"WEBINARS_REGISTER_LIMIT_MINUTE": "0", "WEBINARS_REGISTER_LIMIT_HOUR": "0"}
WITH_LIMITS = dict.fromkeys(WITHOUT_LIMITS, "1000000000")
"""Counted like in production, but never reached."""
_ROOT = Path(__file__).parent.parent


def environment(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a `webinars` command on a database."""
    ours = {
        "WEBINARS_DATABASE_URL": database_url,
        "WEBINARS_SECRET_KEY": SECRET,
        "WEBINARS_VAR_DIR": str(folder / "var"),
        "WEBINARS_ENVIRONMENT": "test",
        **WITHOUT_LIMITS,
    }
    return {**os.environ, "PYTHONPATH": str(_ROOT), **ours, **more}


@contextmanager
def product(env: Mapping[str, str], folder: Path, *, workers: int = 1) -> Iterator[str]:
    """`webinars serve` without a scheduler; its address."""
    port = free_port()
    arguments = ["serve", "--port", str(port), "--workers", str(workers), "--no-scheduler"]
    with _running([sys.executable, "-m", "webinars", *arguments], env, folder, port) as address:
        yield address


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """benchmarks/bare.py behind the same web server."""
    with _application("benchmarks.bare:app", {**os.environ, "PYTHONPATH": str(_ROOT)}, folder) as address:
        yield address


@contextmanager
def plain(env: Mapping[str, str], folder: Path) -> Iterator[str]:
    """benchmarks/plain.py behind the same web server."""
    with _application("benchmarks.plain:app", env, folder) as address:
        yield address


@contextmanager
def _application(name: str, env: Mapping[str, str], folder: Path) -> Iterator[str]:
    port = free_port()
    arguments = [name, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    with _running([sys.executable, "-m", "uvicorn", *arguments], env, folder, port) as address:
        yield address


@contextmanager
def _running(command: list[str], env: Mapping[str, str], folder: Path, port: int) -> Iterator[str]:
    process = subprocess.Popen(command, env=dict(env), cwd=folder)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/livez", timeout=1)
        except httpx.TransportError:
            assert process.poll() is None, "the server ended at once"
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
