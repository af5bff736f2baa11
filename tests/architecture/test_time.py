"""Time is an argument: one file reads it, and the linter keeps it so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
READS_TIME = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time|time\.time_ns)\(")


def lint(folder: Path, *paths: str) -> list[str]:
    """`file: rule` of everything the linter objects to."""
    line = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", *paths]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found = re.findall(r"^(\S+?):\d+:\d+: (\w+)", done.stdout, re.MULTILINE)
    return [f"{file}: {rule}" for file, rule in found]


def test_the_linter_has_no_objection() -> None:
    assert lint(ROOT, "webinars", "api", "scheduler", "tests", "tools", "benchmarks") == []


def test_the_linter_objects_to_reading_the_time(tmp_path: Path) -> None:
    """The control."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "webinars").mkdir()
    text = "import time\nfrom datetime import UTC, datetime\n\nprint(datetime.now(UTC), time.time())  # noqa: T201\n"
    (tmp_path / "webinars" / "planted.py").write_text(text, encoding="utf-8")
    assert lint(tmp_path, "webinars") == ["webinars/planted.py: TID251"] * 2


def test_one_file_reads_the_time() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("webinars", "api", "scheduler")
        for path in (ROOT / package).rglob("*.py")
        if READS_TIME.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {"webinars/clock.py"}
