"""The Chromium that browser tests drive, and how it is started."""

from __future__ import annotations

import os
from typing import Any

from tools.prepare_tests import find_chromium

# Without these Chromium calls home at every start, and a test that asserts "no request leaves the origin" would see it.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch_options() -> dict[str, Any] | None:
    """Keyword arguments for Playwright's `chromium.launch`; None where there is no Chromium."""
    executable = find_chromium()
    if executable is None:
        return None
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    return {"executable_path": executable, "args": [*QUIET, *(["--no-sandbox"] if is_root else [])]}
