"""axe-core: finds what keeps people with a disability from using a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@cache
def _script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, only: Sequence[str] | None = None) -> list[str]:
    """What axe finds on a page as it stands: rule, place, and what is wrong there.

    Args:
        only: the rules to look for; all of the standard's without it.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())  # through the debugger: the page's policy stays as it is
    wanted = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": list(TAGS)}
    found: dict[str, Any] = page.evaluate(
        "wanted => axe.run(document, {runOnly: wanted, resultTypes: ['violations']})", wanted
    )
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
