"""Writing down what became of messages, one by one, and seeing to it that at most one mail is in doubt.

Between a mail server's last reply and our commit nobody knows that a mail was taken (RFC 1047): what is in that gap
when a worker is killed goes out again. So the connections of a worker go through it in turn: composing, and all that
leads up to the dot, goes on beside each other; from the dot to the commit there is one mail at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
LONGEST_TURN_WAIT_S = 20.0
"""How long a mail that is ready waits while the server thinks about another: there must be time left for its own."""
_PAUSE_S = 0.25
_log = structlog.get_logger()


class TurnMissed(Exception):
    """The mail before this one took too long. Surely this one was not sent."""


class Completions:
    """One per process. Safe to use from several threads."""

    def __init__(self, process: Process) -> None:
        self._work = KeptWork(process)
        self._tally = process.tally
        self._in_doubt = Lock()
        self._writing = Lock()

    @contextmanager
    def turn(self, *, is_pressing: bool) -> Iterator[Callable[[], None]]:
        """Send and complete a message inside.

        Args:
            is_pressing: it would rather go out twice than wait, and takes no turn.

        Returns:
            What takes the turn, to be called before the dot; the first call counts. It raises TurnMissed.
        """
        has_turn = False

        def take() -> None:
            nonlocal has_turn
            if is_pressing or has_turn:
                return
            has_turn = self._in_doubt.acquire(timeout=LONGEST_TURN_WAIT_S)
            if not has_turn:
                raise TurnMissed

        try:
            yield take
        finally:
            if has_turn:
                self._in_doubt.release()

    def complete(self, outcome: Outcome) -> None:
        """Returns once the outcome is on disk.

        Raises:
            DBAPIError: if the database stayed away. The message is sent again when its lease has run out.
            Busy: if nobody let us write.
        """
        with self._writing:
            is_held = self._write(outcome)
        if not is_held:
            self._tally.count("late", 1)
            _log.warning("message.late_completion", message_id=str(outcome.message_id))

    def close(self) -> None:
        """Nobody may be sending."""
        self._work.close()

    def _write(self, outcome: Outcome) -> bool:
        until = time.monotonic() + LONGEST_WAIT_S
        while True:
            try:
                return self._work.run(partial(messages_queries.complete_messages, outcomes=[outcome])) == 1
            except (sa.exc.OperationalError, Busy) as error:
                if time.monotonic() > until:
                    raise
                _log.warning("message.completion_waits", error=type(error).__name__)
                time.sleep(_PAUSE_S)
