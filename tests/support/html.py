"""A validator of HTML: what browsers forgive, it does not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PROGRAM = Path(__file__).parents[1] / "browser" / "validate.mjs"


def html_mistakes(pages: Mapping[str, str]) -> list[str]:
    """What is wrong with pages, by their names; all of them at once, for a program is started."""
    done = subprocess.run(
        ["node", str(_PROGRAM)], input=json.dumps(pages), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return [f"{name}: {mistake}" for name, mistakes in found.items() for mistake in mistakes]
