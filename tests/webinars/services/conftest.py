"""What several tests of services share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from webinars.services.delivery import Sender
from webinars.work import Process


@pytest.fixture
def sender(process: Process) -> Iterator[Sender]:
    sender = Sender(process)
    yield sender
    sender.stop()
