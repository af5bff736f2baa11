"""Writing down what became of messages, so that a commit serves all who finished while the one before it was under way.

Whoever sent a message waits here until that is on disk, and sends nothing else meanwhile: when a worker is killed, at
most one message a connection was taken by the mail server and is not known to be. It is the desk's way of sharing
commits, without a thread of its own: the first to come writes for all who wait.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import sqlalchemy as sa
import structlog

from webinars.errors import Busy
from webinars.queries import messages as messages_queries
from webinars.queries.messages import Outcome
from webinars.work import KeptWork, Process

LONGEST_WAIT_S = 20.0
"""How long a database that is away is waited for: it is known what was sent, and forgetting it would send it again. As
a message is begun only while 70 of the 90 s of its lease are left, it is mostly still ours."""
_PAUSE_S = 0.25
_log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    outcome: Outcome
    is_written: bool = False


class Completions:
    """One per process. Safe to use from several threads."""

    def __init__(self, process: Process) -> None:
        self._work = KeptWork(process)
        self._tally = process.tally
        self._waiting: deque[_Waiting] = deque()
        self._turn = Lock()

    def complete(self, outcome: Outcome) -> None:
        """Returns once the outcome is on disk, perhaps together with others'.

        Raises:
            DBAPIError: if the database stayed away. The message is sent again when its lease has run out.
            Busy: if nobody let us write.
        """
        own = _Waiting(outcome)
        self._waiting.append(own)
        with self._turn:
            if own.is_written:  # by whoever had the turn before
                return
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                self._write([item.outcome for item in batch])
            except BaseException:
                self._waiting.extendleft(item for item in reversed(batch) if item is not own)  # each for itself
                raise
            for item in batch:
                item.is_written = True

    def close(self) -> None:
        """Nobody may be waiting."""
        self._work.close()

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        until = time.monotonic() + LONGEST_WAIT_S
        while True:
            try:
                held = self._work.run(partial(messages_queries.complete_messages, outcomes=outcomes))
            except (sa.exc.OperationalError, Busy) as error:
                if time.monotonic() > until:
                    raise
                _log.warning("message.completion_waits", error=type(error).__name__)
                time.sleep(_PAUSE_S)
            else:
                break
        self._tally.count("late", len(outcomes) - held)
        if held < len(outcomes):
            _log.warning("message.late_completion", messages=len(outcomes), late=len(outcomes) - held)
