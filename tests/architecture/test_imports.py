"""The import contracts of pyproject.toml hold, and they would notice if they did not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def lint(folder: Path) -> tuple[int, list[str]]:
    """The exit status, and the names of the contracts that are broken."""
    done = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE)
    assert broken or done.returncode == 0, done.stdout + done.stderr
    return done.returncode, broken


def test_the_contracts_hold() -> None:
    assert lint(ROOT) == (0, [])


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("scheduler/loop.py", "import api.main", "api and scheduler stand on webinars"),
        ("webinars/queries/pages.py", "import webinars.services.desk", "inside webinars, data flows down"),
        ("webinars/stray.py", "", "inside webinars, data flows down"),
        ("webinars/rules/seating.py", "import sqlalchemy", "rules are pure"),
        (
            "scheduler/jobs/retention.py",
            "import webinars.queries.pages",
            "routes and jobs reach data only through services",
        ),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for package in ("webinars", "api", "scheduler"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    status, broken = lint(tmp_path)
    assert status == 1
    assert contract in broken
