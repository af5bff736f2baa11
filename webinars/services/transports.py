"""How much may leave by which way, and what all processes know of a way that does not work.

While a way has no rate and its breaker is closed, a batch costs one small read; nothing is written for a message.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

import structlog

from webinars.gateways.mail_errors import ConnectionBroke, MailDeferred, MailError, MailUnconfirmed
from webinars.gateways.short_texts import WEBHOOK
from webinars.queries import claims as claims_queries
from webinars.queries import transports as transports_queries
from webinars.rules.messages import in_time
from webinars.rules.transports import (
    Condition,
    burst,
    is_about_server,
    most_now,
    pause_after,
    refilled_at,
    tokens_at,
)
from webinars.tables import Transport
from webinars.terms import Channel
from webinars.work import Process, ReadWork, Work

TRIAL = timedelta(seconds=90)
"""How long others leave a way alone while one message tries it: as long as a message is leased."""
TOO_SILENT = 3
"""Over so many recipients in a row a server fell silent, or said that it cannot: it is not they."""
_LONGEST_ERROR = 500
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Way:
    """A way of sending and what goes by it."""

    name: str
    channels: frozenset[Channel]
    rate: float
    """Messages per second over all processes, 0 for as many as there are."""


@dataclass(frozen=True, slots=True)
class Share:
    """What may be claimed of some channels."""

    channels: frozenset[Channel] | None
    """None: all."""
    most: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one batch may take."""

    shares: Sequence[Share]
    counted: dict[str, Condition]
    """The ways whose condition the batch changes, locked until the commit."""

    @property
    def is_empty(self) -> bool:
        return not self.shares


class Silences:
    """Over whom ways fell silent, or said that they cannot, since they last spoke of anything else, as one process saw
    it. Safe to use from several threads.

    One recipient whom a server takes long over must not stop all mail, however often it is tried; a server that takes
    long over everybody must not cost everybody their attempts.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._whom: defaultdict[str, set[str]] = defaultdict(set)
        self._tried: defaultdict[str, list[UUID]] = defaultdict(list)

    def note(self, name: str, recipient: str, message_id: UUID) -> list[UUID] | None:
        """A way fell silent, or said that it cannot.

        Returns:
            None while that may be the recipients' doing; else the messages that were tried before this one, and are
            not to pay for it.
        """
        with self._lock:
            whom, tried = self._whom[name], self._tried[name]
            whom.add(recipient)
            if len(whom) < TOO_SILENT:
                tried.append(message_id)
                return None
            self._tried[name] = []
            return tried

    def end(self, name: str) -> None:
        """It spoke of something else than itself."""
        with self._lock:
            self._whom.pop(name, None)
            self._tried.pop(name, None)


def ways(process: Process) -> list[Way]:
    """All ways this process sends by."""
    mail = Way(process.mail.name, frozenset({Channel.email}), process.settings.mail_rate)
    return [mail, Way(WEBHOOK, frozenset({Channel.sms, Channel.push}), 0.0)]


def way_of(process: Process, channel: Channel) -> str:
    """The name of the way a message goes by."""
    return process.mail.name if channel is Channel.email else WEBHOOK


def in_use(process: Process) -> frozenset[str]:
    """The names of the ways that something can leave by. What is known of others is of no interest: a provider that was
    left for another one never works again."""
    return frozenset({process.mail.name} if process.texts is None else {process.mail.name, WEBHOOK})


def may_be_broken(error: MailError) -> bool:
    """Whether it may be the way itself that is in trouble. Over several recipients in a row it is."""
    if isinstance(error, ConnectionBroke | MailUnconfirmed):
        return True
    return isinstance(error, MailDeferred) and is_about_server(error.reason, error.code)


def conditions(work: ReadWork) -> dict[str, Condition]:
    """What is known of each way, by name; nothing of one that never failed and has no rate."""
    return {name: Condition(*known) for name, known in transports_queries.conditions(work.db).items()}


def allow(work: Work, now: datetime, batch: int) -> Allowance:
    """How much a batch may take at `now`. What it takes is to be told to `spend` in the same transaction."""
    known = conditions(work)
    all_ways = ways(work.process)
    if not any(way.rate or (way.name in known and known[way.name].failures) for way in all_ways):
        return Allowance([Share(None, batch)], {})
    shares, counted = [], {}
    for way in sorted(all_ways, key=lambda way: way.name):  # one order for all who lock several
        condition = known.get(way.name)
        if condition is not None and condition.is_open(now):
            continue
        if way.rate or (condition is not None and condition.failures):
            condition = Condition(*transports_queries.lock_condition(work.db, way.name, now, tokens=burst(way.rate)))
            counted[way.name] = condition
        most = most_now(condition, now, way.rate, batch)
        if most:
            shares.append(Share(way.channels, most))
    return Allowance(_merged(shares, batch), counted)


def _merged(shares: Sequence[Share], batch: int) -> list[Share]:
    """The channels of which a whole batch may go are one share, taken by urgency alone, whichever way a message goes.
    What may take less goes first: it leaves room."""
    scarce = [share for share in shares if share.most < batch]
    plenty = [share.channels for share in shares if share.most >= batch and share.channels]
    return [*scarce, Share(frozenset().union(*plenty), batch)] if plenty else scarce


def spend(work: Work, allowance: Allowance, channels: Iterable[Channel], now: datetime) -> frozenset[str]:
    """Note what a batch took: one channel for each message that is to be sent.

    Returns:
        The ways that are on trial with it: what becomes of the message is to be told to `end_trial` or `note_down`.
    """
    if not allowance.counted:
        return frozenset()
    taken = Counter(way_of(work.process, channel) for channel in channels)
    trials = set()
    for way in ways(work.process):
        condition, count = allowance.counted.get(way.name), taken[way.name]
        if condition is None or not count:
            continue
        values: dict[str, object] = {}
        if way.rate:
            values |= {
                "tokens": tokens_at(condition, now, way.rate) - count,
                "refilled_at": refilled_at(condition, now),
            }
        if condition.is_on_trial(now):
            trials.add(way.name)
            values["paused_until"] = now + TRIAL
            if condition.failed_at is not None:  # noted by a clock that was ahead, it would make this pause none
                values["failed_at"] = min(condition.failed_at, now)
        if values:
            transports_queries.update_transport(work.db, way.name, **values)
    return frozenset(trials)


def end_trial(process: Process, name: str, now: datetime, *, works: bool) -> None:
    """Say what the message on trial has shown: the way works and all may go, or nothing, and the next may try."""
    with process.work() as work:
        values = {"failures": 0, "paused_until": None} if works else {"paused_until": now}
        transports_queries.update_transport(work.db, name, **values)
    if works:
        _log.info("transport.works_again", transport=name)


def note_down(
    process: Process,
    name: str,
    error: MailError,
    now: datetime,
    spread: random.Random,
    *,
    is_trial: bool,
    deadline_at: datetime | None = None,
) -> datetime:
    """Open the breaker of a way that was found broken; until when is answered.

    Many messages of a batch, and many processes, find out at once: that counts as one failure.

    Args:
        deadline_at: of the message that found out. The way is tried once more before it, if there is time.
    """
    with process.work() as work:
        locked = transports_queries.lock_condition(work.db, name, now, tokens=burst(process.settings.mail_rate))
        known = Condition(*locked)
        if known.paused_until is not None and known.is_open(now) and not is_trial:
            until = _in_time(now, known.paused_until, deadline_at)
            if until < known.paused_until:
                transports_queries.update_transport(work.db, name, paused_until=until)
            return until
        failures = known.failures + 1
        wish = timedelta(seconds=error.retry_after) if error.retry_after is not None else None
        until = _in_time(now, now + pause_after(failures, wish, spread), deadline_at)
        transports_queries.update_transport(
            work.db,
            name,
            failures=failures,
            paused_until=until,
            failed_at=now,
            last_error=str(error)[:_LONGEST_ERROR],
        )
    _log.warning("mail.transport_down", transport=name, reason=error.reason, failures=failures)
    return until


def spare(process: Process, message_ids: Sequence[UUID]) -> None:
    """Give messages that were tried in vain the attempt back: it was the way's fault."""
    if message_ids:
        with process.work() as work:
            claims_queries.spare_attempts(work.db, message_ids)


def _in_time(now: datetime, until: datetime, deadline_at: datetime | None) -> datetime:
    return until if deadline_at is None else in_time(now, until, deadline_at) or until


def list_transports(work: ReadWork) -> Sequence[Transport]:
    """What is known of the ways of sending in use, for people to look at."""
    used = in_use(work.process)
    return [way for way in transports_queries.list_transports(work.db) if way.name in used]
