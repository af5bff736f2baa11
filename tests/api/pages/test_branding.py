"""The clinic's colours as a stylesheet: any process makes it from its address, and no address makes another."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from api.pages.branding import stylesheet, stylesheet_url
from webinars.rules.colours import contrast, reads
from webinars.work import Process


@pytest.fixture
def site(sqlite_process: Process, serve: Callable[[Process], str]) -> str:
    return serve(sqlite_process)


def test_any_process_makes_the_sheet_from_its_address(site: str) -> None:
    sheet = httpx.get(site + stylesheet_url("#7a1f1f"))
    assert sheet.status_code == 200
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["x-content-type-options"] == "nosniff"
    assert sheet.text == stylesheet("#7a1f1f")
    assert len(sheet.content) < 400


def test_the_sheet_sets_tokens_for_both_modes_and_nothing_else() -> None:
    sheet = stylesheet("#7a1f1f")
    light, dark = sheet.split("@media (prefers-color-scheme:dark)")
    assert re.fullmatch(r":root\{(--[a-z-]+:#[0-9a-f]{6};?)+\}", light)
    tokens = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", dark))
    assert contrast(tokens["brand"], tokens["on-brand"]) >= 4.5
    assert "--brand:#7a1f1f" in light


@pytest.mark.parametrize(
    "name",
    [
        "7a1f1f-000000000000.css",
        "f5c518-000000000000.css",
        stylesheet_url("#7a1f1f").rpartition("/")[2].upper(),
        "logo-0000000000000000.png",
        "..%2f..%2fstatic%2fsite.css",
        "x",
    ],
)
def test_an_address_that_was_not_made_here_leads_nowhere(site: str, name: str) -> None:
    assert httpx.get(f"{site}/brand/{name}").status_code == 404


def test_control_a_colour_that_does_not_read_would_be_another_sheet() -> None:
    assert not reads("#f5c518")
    assert stylesheet_url("#7a1f1f") != stylesheet_url("#7a1f20")
