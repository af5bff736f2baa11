"""Ids that sort by the time they were made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.conftest import NOW
from webinars.terms import new_id, utc


def test_an_id_is_a_uuid_of_version_7_with_its_time_in_front() -> None:
    made = new_id(NOW)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_ids_of_one_process_sort_in_the_order_they_were_made() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=number // 100)) for number in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: new_id(NOW), range(4000)))
    assert len(set(ids)) == 4000


def test_a_moment_without_a_zone_is_no_moment() -> None:
    assert utc(datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=-7)))) == datetime(2026, 3, 2, 15, tzinfo=UTC)
    with pytest.raises(ValueError, match="needs a zone"):
        utc(NOW.replace(tzinfo=None))
