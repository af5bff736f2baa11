"""Every answer carries the security headers."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.conftest import make_settings
from webinars.testing import MemoryMailer
from webinars.work import Process

EXPECTED = {
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/topics", "/api/v1/nowhere", "/livez", "/console/sign-in"])
def test_every_answer_carries_them(sqlite_process: Process, serve: Callable[[Process], str], path: str) -> None:
    headers = httpx.get(serve(sqlite_process) + path).headers
    assert {name: headers[name] for name in EXPECTED} == EXPECTED
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_behind_tls_browsers_are_told_to_stay_there(
    sqlite_url: str, tmp_path: object, serve: Callable[[Process], str]
) -> None:
    settings = make_settings(sqlite_url, tmp_path, base_url="https://webinars.clinic.example")  # type: ignore[arg-type]
    process = Process(settings, mail=MemoryMailer())
    headers = httpx.get(serve(process) + "/livez").headers
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    process.close()
