"""A program that is not there leaves a test out at home, and fails it where everything has to run."""

from __future__ import annotations

import pytest

from tests.support.programs import missing


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception), (None, pytest.skip.Exception)]
)
def test_what_is_missing_is_passed_over_except_where_everything_runs(
    monkeypatch: pytest.MonkeyPatch, ci: str | None, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="Chromium is not installed"):
        missing("Chromium")
