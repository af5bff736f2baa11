"""What reports of coming and going come to. Minutes count from the start of a session of 60."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.attendance import STAYED_SHARE, Stay, merge, summarize
from webinars.terms import AttendanceSource, AttendanceState, Evidence

START = datetime(2026, 3, 9, 15, tzinfo=UTC)
END = START + timedelta(hours=1)
REPORT, PROVIDER, HOST, CLICK = (
    AttendanceSource.report,
    AttendanceSource.provider,
    AttendanceSource.host,
    AttendanceSource.click,
)
ATTENDED, LEFT_EARLY, NO_SHOW, UNKNOWN = (
    AttendanceState.attended,
    AttendanceState.left_early,
    AttendanceState.no_show,
    AttendanceState.unknown,
)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def stay(joined: float, left: float | None, source: AttendanceSource = REPORT) -> Stay:
    return Stay(source, at(joined), None if left is None else at(left))


@pytest.mark.parametrize(
    ("stays", "state", "minutes", "evidence"),
    [
        ([], NO_SHOW, 0, Evidence.none),
        ([stay(-5, None, CLICK)], UNKNOWN, 0, Evidence.clicked),  # a click is no attendance
        ([stay(0, 60)], ATTENDED, 60, Evidence.interval),
        ([stay(-20, 90)], ATTENDED, 60, Evidence.interval),  # cut to the session's own time
        ([stay(0, 44)], LEFT_EARLY, 44, Evidence.interval),
        ([stay(0, 45)], ATTENDED, 45, Evidence.interval),  # three quarters
        ([stay(40, 50)], ATTENDED, 10, Evidence.interval),  # late, but there when it ended
        ([stay(40, 44)], LEFT_EARLY, 4, Evidence.interval),
        ([stay(0, 10), stay(20, 30)], LEFT_EARLY, 20, Evidence.interval),
        ([stay(0, 25), stay(20, 40, PROVIDER)], LEFT_EARLY, 40, Evidence.interval),  # two devices are one person
        ([stay(0, 20), stay(0, 20, PROVIDER), stay(5, 15)], LEFT_EARLY, 20, Evidence.interval),
        ([stay(3, None)], ATTENDED, 0, Evidence.joined),  # nobody saw them leave
        ([stay(3, None), stay(-5, None, CLICK)], ATTENDED, 0, Evidence.joined),
        ([stay(0, 10), stay(20, None)], ATTENDED, 10, Evidence.interval),
        ([stay(0, 10, HOST)], LEFT_EARLY, 10, Evidence.host),
        ([stay(0, None, HOST), stay(0, 30)], ATTENDED, 30, Evidence.host),
        ([stay(-30, -10)], LEFT_EARLY, 0, Evidence.interval),  # gone before it began
        ([stay(10, 10)], LEFT_EARLY, 0, Evidence.interval),
        ([stay(0, 59.99)], ATTENDED, 59, Evidence.interval),  # whole minutes
    ],
)
def test_what_stays_come_to(stays: list[Stay], state: AttendanceState, minutes: int, evidence: Evidence) -> None:
    summary = summarize(stays, START, END)
    assert (summary.state, summary.minutes, summary.evidence) == (state, minutes, evidence)


SPANS = st.tuples(st.integers(-120, 180), st.integers(0, 120)).map(lambda pair: (at(pair[0]), at(pair[0] + pair[1])))


@given(st.lists(SPANS, max_size=12))
def test_merged_spans_cover_the_same_minutes_once_and_in_order(spans: list[tuple[datetime, datetime]]) -> None:
    merged = merge(spans)
    assert merged == sorted(merged)
    assert all(before[1] < after[0] for before, after in pairwise(merged))
    for minute in range(-130, 310):
        moment = at(minute + 0.5)
        covered = sum(start <= moment < end for start, end in merged)
        assert covered == any(start <= moment < end for start, end in spans)


@given(st.lists(SPANS, max_size=12), st.randoms())
def test_order_and_repetition_of_reports_change_nothing(
    spans: list[tuple[datetime, datetime]], shuffle: random.Random
) -> None:
    stays = [Stay(REPORT, start, end) for start, end in spans]
    shuffled = stays * 2
    shuffle.shuffle(shuffled)
    assert summarize(shuffled, START, END) == summarize(stays, START, END)


@given(st.lists(SPANS, min_size=1, max_size=12))
def test_nobody_was_there_longer_than_the_session(spans: list[tuple[datetime, datetime]]) -> None:
    summary = summarize([Stay(REPORT, start, end) for start, end in spans], START, END)
    assert 0 <= summary.minutes <= 60
    assert 0.0 <= summary.share <= 1.0
    assert summary.share == pytest.approx(summary.minutes / 60, abs=1e-4)
    if summary.share >= STAYED_SHARE:
        assert summary.state is ATTENDED
