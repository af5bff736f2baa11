"""Programs that are not Python's, for the tests that need them."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Leave a test out; where everything has to run, it fails."""
    reason = f"{what} is not installed: run `python tools/prepare_tests.py`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
