"""Sending what the ledger says is due: claim under a lease, look once more, send outside any transaction, complete.

Exactly once over SMTP is impossible (RFC 1047): between the server's last reply and our commit nobody knows. What
holds: one row per key, one completion per message, and a repeat only after a crash in that gap, in which there is one
mail at a time; with the same Message-ID, Date and calendar version, so that readers recognise it.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Condition, Event, Lock
from typing import Any

import structlog

from webinars.clock import FORWARD_JUMP, JumpWatch, Present
from webinars.documents.alerts import AlertFacts, compose_alert
from webinars.documents.mails import MailFacts, compose_mail
from webinars.gateways.mail_errors import MailError, MailRefused, MailTransportDown, MailUnconfirmed
from webinars.gateways.sendable import BeforeDot
from webinars.gateways.short_texts import SendableText
from webinars.queries.messages import Outcome
from webinars.rules.messages import in_time, is_pressing, least_priority, retry_at
from webinars.rules.transports import LONGEST_PAUSE
from webinars.services import suppressions, transports
from webinars.services.claims import BATCH, LEASE, Claimed, Due, Parcel, claim
from webinars.services.completions import Completions, TurnMissed
from webinars.terms import Channel, MessageState, SkipReason
from webinars.work import Process

_LEAST_LEASE_LEFT = 70.0
"""Seconds. With less, another worker might take the message while a slow server still has it: a mail may take 60."""
_Item = tuple[Due, Parcel]
_log = structlog.get_logger()


class _Hands:
    """Some threads, a connection each, that take what there is one by one. Nobody is woken for nothing: a thread goes
    on to the next by itself, and whoever waits hears of it when as few are left as they wait for."""

    def __init__(self, threads: int, deed: Callable[[Claimed, datetime, _Item], None]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="mail")
        self._deed = deed
        self._idle = threads
        self._items: deque[tuple[Claimed, datetime, _Item]] = deque()
        self._left = 0
        self._wanted = 0
        self._changed = Condition()
        self._error: BaseException | None = None

    def add(self, claimed: Claimed, now: datetime) -> None:
        """Have a batch sent that was claimed at `now`."""
        with self._changed:
            self._items.extend((claimed, now, item) for item in claimed.ready)
            self._left += len(claimed.ready)
            called = min(self._idle, len(self._items))
            self._idle -= called
        for _ in range(called):
            self._pool.submit(self._work)

    def wait(self, at_most: int) -> int:
        """Wait until no more than so many are left. Returns how many.

        Raises:
            Exception: the first that came out of a sending, once nothing is left.
        """
        with self._changed:
            self._wanted = at_most
            self._changed.wait_for(lambda: self._left <= (0 if self._error else at_most))
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return self._left

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _work(self) -> None:
        while (item := self._next()) is not None:
            error: BaseException | None = None
            try:
                self._deed(*item)
            except BaseException as caught:  # noqa: BLE001 - raised again by whoever waits
                error = caught
            with self._changed:
                self._left -= 1
                self._error = self._error or error
                if self._left <= (0 if self._error else self._wanted):
                    self._changed.notify()

    def _next(self) -> tuple[Claimed, datetime, _Item] | None:
        with self._changed:
            if self._items:
                return self._items.popleft()
            self._idle += 1
            return None


class Sender:
    """Sends from one process, over a few connections at once."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._hands = _Hands(process.settings.mail_connections, self._send)
        self._spread = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._void: dict[str, float] = {}
        """By way: batches whose lease ends before then were claimed before it was found broken."""
        self._silences = transports.Silences()
        self._batches = count(1)
        self._stopping = Event()
        self._sending = Lock()
        self._completions = Completions(process)

    def send_due(self, now: datetime, *, for_at_most: timedelta | None = None) -> int:
        """Send what is due from `now` on, batch by batch, the most urgent first.

        Args:
            now: the present moment.
            for_at_most: begin no further batch after this time, so that what else is due gets its turn.

        Returns:
            How many messages were claimed.
        """
        clock = self._process.clock
        claimed_in_all, present, watch = 0, Present(clock, now), JumpWatch(clock.steady)
        with self._sending:
            try:
                watch.jumped(clock.now())
                while not self._stopping.is_set():
                    if claimed_in_all and for_at_most is not None and present.now() - now >= for_at_most:
                        break
                    left = self._hands.wait(BATCH // 3)
                    if watch.jumped(clock.now()) > FORWARD_JUMP:
                        break  # by a clock that was set, or after a pause of the machine, leases seem to have run out
                    # Waiting took time: leases and deadlines count from the moment of the claim.
                    taken = self._begin(present.now(), BATCH - left)
                    claimed_in_all += taken
                    if taken:
                        continue
                    if left == 0:
                        break
                    self._hands.wait(0)  # a registrant's next calendar message waits for the one before it
            finally:
                self._hands.wait(0)
        return claimed_in_all

    def _begin(self, now: datetime, limit: int) -> int:
        """Claim at most so many and have them sent. Returns how many were claimed."""
        with self._process.work() as work:
            claimed, taken = claim(work, now, limit, least=least_priority(next(self._batches)))
        self._hands.add(claimed, now)
        return taken

    def stop(self) -> None:
        """Finish what is being sent, hand back the rest."""
        self._stopping.set()
        with self._sending:
            self._hands.close()
            self._completions.close()

    def _send(self, claimed: Claimed, now: datetime, item: _Item) -> None:
        dispatch, _ = item
        way = transports.way_of(self._process, dispatch.message.channel)
        # A machine that was paused counts fewer seconds than have passed; its clock is put right afterwards.
        by_the_clock = (claimed.until_at - self._process.clock.now()).total_seconds()
        lease_left = min(claimed.until - time.monotonic(), by_the_clock)
        is_void = claimed.until <= self._void.get(way, 0.0)
        works: bool | None = False
        if self._stopping.is_set() or is_void or lease_left < _LEAST_LEASE_LEFT:
            self._hand_back(claimed, dispatch, now)
        else:
            pressing = is_pressing(dispatch.message.due_at, dispatch.message.deadline_at, now)
            with self._completions.turn(is_pressing=pressing) as before_dot:
                works = self._try(claimed, item, way, now, before_dot)
        if way in claimed.trials and works is not None:
            transports.end_trial(self._process, way, now, works=works)

    def _try(self, claimed: Claimed, item: _Item, way: str, now: datetime, before_dot: BeforeDot) -> bool | None:
        """Send a message.

        Returns:
            Whether its way was seen to work; None if it does not, which all have been told.
        """
        dispatch, facts = item
        try:
            provider_id = self._hand_over(facts, before_dot)
        except TurnMissed:
            self._hand_back(claimed, dispatch, now)
            return False
        except MailTransportDown as error:
            self._note_down(claimed, dispatch, way, error, now)
            return None
        except MailError as error:
            if transports.may_be_broken(error):
                return self._note_silence(claimed, item, way, error, now)
            self._silences.end(way)
            self._note_trouble(claimed, item, error, now)
            return True
        except Exception as error:  # noqa: BLE001 - one bad message must not hold up the others
            self._process.tally.note_refused(now)
            self._fail(claimed, dispatch, f"{type(error).__name__}: the mail could not be made", "internal")
            return False
        self._silences.end(way)
        sent_at = self._process.clock.now()
        self._complete(
            claimed,
            dispatch,
            MessageState.sent,
            sent_at=sent_at,
            last_error=None,
            provider_id=provider_id[:200] if provider_id else None,
        )
        self._process.tally.count_sent((sent_at - dispatch.message.due_at).total_seconds())
        if dispatch.message.channel is Channel.email:
            self._process.tally.note_mailed(sent_at)
        return True

    def _hand_over(self, facts: Parcel, before_dot: BeforeDot) -> str | None:
        if isinstance(facts, MailFacts):
            return self._process.mail.send(compose_mail(facts), before_dot)
        if isinstance(facts, AlertFacts):
            return self._process.mail.send(compose_alert(facts), before_dot)
        if self._process.texts is None:  # claimed by a worker that had one
            raise MailTransportDown("no adapter for texts is configured")
        # Without a turn: an adapter knows a repeat by its id.
        return self._process.texts.send(facts)

    def _hand_back(self, claimed: Claimed, dispatch: Due, now: datetime) -> None:
        """Untried, to the place in the queue that it came from."""
        values = _untried(dispatch, now)
        self._complete(claimed, dispatch, MessageState.planned, next_attempt_at=dispatch.message.due_at, **values)

    def _note_down(self, claimed: Claimed, dispatch: Due, way: str, error: MailTransportDown, now: datetime) -> None:
        """The message was never tried: it keeps its attempts and goes out as soon as the way is open again."""
        until = self._open_breaker(claimed, dispatch, way, error, now)
        again = until if until < dispatch.message.deadline_at else None
        self._put_off(claimed, dispatch, error, again, now, **_untried(dispatch, now))

    def _open_breaker(self, claimed: Claimed, dispatch: Due, way: str, error: MailError, now: datetime) -> datetime:
        """Have everybody leave a way alone; until when is answered."""
        self._void[way] = time.monotonic() + LEASE.total_seconds()
        deadline_at = dispatch.message.deadline_at
        is_trial = way in claimed.trials
        return transports.note_down(
            self._process, way, error, now, self._spread, is_trial=is_trial, deadline_at=deadline_at
        )

    def _note_silence(self, claimed: Claimed, item: _Item, way: str, error: MailError, now: datetime) -> bool | None:
        """Of a way that fell silent over one recipient, or said that it cannot, nothing is known; over several in a
        row, or over the message on trial, it is broken. If that one is to blame, another one is tried before it: it
        waits longer. It counts its attempt only where it may have arrived. Answers as `_try`."""
        dispatch, facts = item
        message = dispatch.message
        tried = self._silences.note(way, facts.to if isinstance(facts, SendableText) else facts.email, message.id)
        is_trial = way in claimed.trials
        if tried is None and not is_trial:
            self._note_trouble(claimed, item, error, now)
            return False
        until = self._open_breaker(claimed, dispatch, way, error, now)
        if is_trial and isinstance(error, MailUnconfirmed):
            again = retry_at(until, message.attempts, message.deadline_at, self._spread)
            self._put_off(claimed, dispatch, error, again, now)
        else:
            again = in_time(now, until + LONGEST_PAUSE if is_trial else until, message.deadline_at)
            self._put_off(claimed, dispatch, error, again, now, attempts=message.attempts - 1)
        transports.spare(self._process, tried or [])
        return None

    def _note_trouble(self, claimed: Claimed, item: _Item, error: MailError, now: datetime) -> None:
        dispatch, facts = item
        message = dispatch.message
        if isinstance(error, MailRefused):
            self._fail(claimed, dispatch, error.reason, "refused")
            if isinstance(facts, SendableText):
                return
            if suppressions.is_ours(error):
                self._process.tally.note_refused(now)
            else:
                suppressions.note_refusal(self._process, message.id, facts.email, error, now)
            return
        wish = timedelta(seconds=error.retry_after) if error.retry_after is not None else None
        again = retry_at(now, message.attempts, message.deadline_at, self._spread, wish=wish)
        self._put_off(claimed, dispatch, error, again, now, attempts=message.attempts)

    def _put_off(
        self,
        claimed: Claimed,
        dispatch: Due,
        error: MailError,
        again: datetime | None,
        now: datetime,
        **values: Any,
    ) -> None:
        """Until `again`; None: it would be useless by then. `values` are other columns that change, by name."""
        if again is None:
            state, reason = MessageState.missed, SkipReason.expired.value
            self._process.tally.count_missed(now)
        else:
            state, reason = MessageState.planned, None
        self._complete(
            claimed,
            dispatch,
            state,
            reason=reason,
            next_attempt_at=again or now,
            last_error=error.reason,
            **values,
        )

    def _fail(self, claimed: Claimed, dispatch: Due, words: str, reason: str) -> None:
        _log.warning("message.failed", message_id=str(dispatch.message.id), reason=reason)
        self._process.tally.count("failed")
        self._complete(claimed, dispatch, MessageState.failed, reason=reason, last_error=words[:500])

    def _complete(
        self,
        claimed: Claimed,
        dispatch: Due,
        state: MessageState,
        *,
        reason: str | None = None,
        **values: object,
    ) -> None:
        self._completions.complete(Outcome(dispatch.message.id, claimed.lease, state, reason, values))


def _untried(dispatch: Due, now: datetime) -> dict[str, Any]:
    """What the claim at `now` counted goes back: a mail that no server had is dated when one may first have it."""
    message = dispatch.message
    first = message.first_attempt_at
    return {"attempts": message.attempts - 1, "first_attempt_at": None if first == now else first}
