"""The browser that all tests get looks for what none may forget: that it sees it, and that they get no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import DESKTOP, Site
from tests.support.html import html_mistakes

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


def test_control_all_that_a_page_must_not_do_is_seen(site: Site) -> None:
    page = site.open("/", **DESKTOP)
    findings = site.watch.findings
    assert findings == []
    page.evaluate("document.head.append(Object.assign(document.createElement('style'), {textContent: 'p { top: 0 }'}))")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.example/pixel'}))")
    page.evaluate("console.error('a word')")
    page.evaluate("setTimeout(() => { throw new Error('a mistake') })")
    page.goto(site.address.replace("127.0.0.1", "localhost") + "/livez")
    seen = "\n".join(findings)
    assert "console: Applying inline style violates" in seen or "Refused to apply inline style" in seen
    assert "img-src" in seen
    assert "console: a word" in seen
    assert "script error: a mistake" in seen
    assert "request to http://localhost" in seen
    findings.clear()


def test_no_test_has_a_browser_that_is_not_watched() -> None:
    unwatched = [
        path.name
        for path in sorted(HERE.glob("*.py"))
        if path.name not in {"conftest.py", Path(__file__).name}
        and any(word in path.read_text(encoding="utf-8") for word in ("sync_playwright", "unwatched", "launch("))
    ]
    assert unwatched == []


def test_control_the_validator_sees_what_browsers_forgive() -> None:
    page = '<!DOCTYPE html><html lang="en"><head><title>x</title></head><body><p id="a"><div id="a"></p></body></html>'
    found = html_mistakes({"page": page, "fine": page.replace('<div id="a">', "")})
    assert any("no-dup-id" in mistake for mistake in found)
    assert any("close-order" in mistake or "element-permitted" in mistake for mistake in found)
    assert [mistake for mistake in found if mistake.startswith("fine")] == []
