"""Limits on how often somebody may try something. They hold across processes, for the counts are in the database.

Whatever is limited is limited twice and independently: by the network it comes from and by whom it is about. Who that
is cannot be read from the table: a bucket is a keyed hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from webinars.errors import TooManyRequests
from webinars.queries import rates as rates_queries
from webinars.rules.rates import LONGEST, Count, Limit, Window, free_again_at, let_through, seconds_until
from webinars.settings import Settings
from webinars.vault import Vault
from webinars.work import Process, Work

_BUCKET_BYTES = 16
_MINUTE = timedelta(minutes=1)


def _plain(name: str, most: int, within: timedelta) -> Limit:
    window = Window(most, within)
    return Limit(name, window, window)


SIGN_IN = _plain("sign-in", 5, 15 * _MINUTE)
WRONG_LINK = _plain("wrong-link", 30, _MINUTE)
WRONG_REPORT = _plain("wrong-report", 30, _MINUTE)
VISIT = _plain("visit", 60, _MINUTE)
RESEND = _plain("resend", 1, timedelta(hours=1))


def register_limit(settings: Settings) -> Limit:
    """How often the public may register."""
    return Limit(
        "register",
        Window(settings.register_limit_minute, _MINUTE),
        Window(settings.register_limit_hour, timedelta(hours=1)),
    )


def alert_limit(settings: Settings) -> Limit:
    """How often the public may ask to hear of new sessions: as often as they may register, and counted apart."""
    return replace(register_limit(settings), name="alert")


def by_block(address_block: str) -> str:
    """Whoever comes from a network."""
    return f"block:{address_block}"


def by_person(email: str) -> str:
    """Whoever has an address, in the form in which two of one person are equal."""
    return f"person:{email}"


def by_registration(registration_id: UUID) -> str:
    return f"registration:{registration_id.hex}"


def take(work: Work, limit: Limit, tries: Sequence[Sequence[str]], now: datetime) -> list[int]:
    """Count tries, in their order, with one statement for all.

    Args:
        tries: by whom each is made, as `by_block` and `by_person` say it: each of them must be within the limit.

    Returns:
        For each try the seconds to wait; 0 if it is within the limit.
    """
    if not limit.is_on:
        return [0] * len(tries)
    bucket_of = {who: _bucket(work.vault, limit, who) for who in {who for by in tries for who in by}}
    buckets = [[bucket_of[who] for who in by] for by in tries]
    waits = [_known_wait(work.process, own, now) for own in buckets]
    asking = [position for position, wait in enumerate(waits) if not wait]
    numbers = Counter(bucket for position in asking for bucket in buckets[position])
    if not numbers:
        return waits
    rows = rates_queries.count_tries(
        work.db, numbers, now, short=limit.short.within, short_most=limit.short.most, long=limit.long.within
    )
    counts = {bytes(row[0]): Count._make(row[1:]) for row in rows}
    room = {bucket: let_through(limit, counts[bucket], number) for bucket, number in numbers.items()}
    refused: dict[bytes, datetime] = {}
    for position in asking:
        full = [bucket for bucket in buckets[position] if room[bucket] <= 0]
        refused |= {bucket: free_again_at(limit, counts[bucket]) for bucket in full if bucket not in refused}
        waits[position] = max((seconds_until(refused[bucket], now) for bucket in full), default=0)
        for bucket in buckets[position]:
            room[bucket] -= 1
    for bucket, until in refused.items():  # not before the commit: what is rolled back was never counted
        work.after_commit(partial(work.process.turned_away.note, bucket, until))
    return waits


def take_one(process: Process, limit: Limit, by: Sequence[str], now: datetime) -> None:
    """Count one try, in a transaction of its own: it counts whatever becomes of what is tried.

    Raises:
        TooManyRequests: if it is one too many.
    """
    check(process, limit, by, now)
    with process.work() as work:
        (wait,) = take(work, limit, [by], now)
    if wait:
        raise TooManyRequests(retry_after=wait)


def check(process: Process, limit: Limit, by: Sequence[str], now: datetime) -> None:
    """Look, without counting and without the database, whether this process has turned them away a moment ago.

    Raises:
        TooManyRequests: if so.
    """
    if wait := _known_wait(process, [_bucket(process.vault, limit, who) for who in by], now):
        raise TooManyRequests(retry_after=wait)


def give_back(work: Work, limit: Limit, by: Sequence[str]) -> None:
    """Uncount a try that turned out to be none."""
    rates_queries.give_back(work.db, [_bucket(work.vault, limit, who) for who in by])


def forget_old_counts(work: Work, now: datetime) -> int:
    """Forget buckets whose windows are over. Returns how many."""
    return rates_queries.delete_counts(work.db, now - LONGEST)


def _bucket(vault: Vault, limit: Limit, who: str) -> bytes:
    return vault.index("rate", f"{limit.name}:{who}")[:_BUCKET_BYTES]


def _known_wait(process: Process, buckets: Sequence[bytes], now: datetime) -> int:
    moments = [until for bucket in buckets if (until := process.turned_away.until(bucket, now)) is not None]
    return seconds_until(max(moments), now) if moments else 0
