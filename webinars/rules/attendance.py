"""What reports of joining and leaving come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.terms import AttendanceSource, AttendanceState, Evidence

STAYED_SHARE = 0.75
"""Whoever was there for this share of the session, or still there when it had passed, attended."""

LONGEST_WAIT_FOR_REPORTS = timedelta(hours=2)
"""After the end: a session of which nobody has said by then who came settles without."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One report of one stay. `left_at` is empty when nobody reported the leaving."""

    source: AttendanceSource
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the stays of one registrant come to."""

    state: AttendanceState
    minutes: int
    share: float
    evidence: Evidence


def summarize(stays: Sequence[Stay], starts_at: datetime, ends_at: datetime) -> Summary:
    """Merge the stays over devices and sources, cut them to the session's own time, and name the result.

    A click on the join button is no attendance, and a join without a leave proves the coming but not the staying.
    """
    reported = [stay for stay in stays if stay.source is not AttendanceSource.click]
    spans = merge([(stay.joined_at, stay.left_at) for stay in reported if stay.left_at is not None])
    inside = [(max(start, starts_at), min(end, ends_at)) for start, end in spans]
    inside = [(start, end) for start, end in inside if start < end]
    present = sum((end - start for start, end in inside), timedelta())
    length = ends_at - starts_at
    share = present / length
    minutes = int(present.total_seconds() // 60)
    evidence = _evidence(stays, reported)
    if evidence is Evidence.none:
        return Summary(AttendanceState.no_show, 0, 0.0, evidence)
    if evidence is Evidence.clicked:
        return Summary(AttendanceState.unknown, 0, 0.0, evidence)
    stayed_until = max((end for _, end in inside), default=starts_at)
    leave_unknown = any(stay.left_at is None for stay in reported)
    stayed = share >= STAYED_SHARE or stayed_until >= starts_at + STAYED_SHARE * length or leave_unknown
    return Summary(
        AttendanceState.attended if stayed else AttendanceState.left_early, minutes, round(share, 4), evidence
    )


def merge(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Overlapping spans joined into one, in order."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _evidence(stays: Sequence[Stay], reported: Sequence[Stay]) -> Evidence:
    if any(stay.source is AttendanceSource.host for stay in reported):
        return Evidence.host
    if any(stay.left_at is not None for stay in reported):
        return Evidence.interval
    if reported:
        return Evidence.joined
    return Evidence.clicked if stays else Evidence.none
