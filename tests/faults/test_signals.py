"""SIGTERM and Ctrl-C end the program in order, with status 0."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import make_settings
from tests.support.commands import environment, free_port, running_command, wait_until_alive
from webinars.work import Process


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_in_order(sqlite_process: Process, tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    log = tmp_path / "serve.log"
    with running_command("serve", variables=environment(sqlite_process.settings, port=str(port)), log=log) as server:
        wait_until_alive(port)
        server.send_signal(number)
        assert server.wait(30) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.long
def test_several_web_processes_end_in_order(postgres_url: str, tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "serve.log"
    variables = environment(make_settings(postgres_url, tmp_path), port=str(port))
    with running_command("serve", "--workers", "2", "--no-scheduler", variables=variables, log=log) as server:
        wait_until_alive(port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
