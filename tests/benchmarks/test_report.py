"""What a line of figures says."""

from __future__ import annotations

from functools import partial

import pytest

from benchmarks.load import Measured
from benchmarks.report import Comparison, Row, alternate, compare


def test_the_ratio_is_the_middle_one_of_the_rounds() -> None:
    """Not the ratio of the middle ones: the machine was three times as fast in the last round."""
    row = Row("what", "/s", ours=[50, 60, 150], raw=[100, 100, 300])
    assert row.ratio == 0.5


def test_a_line_says_medians_and_ratio() -> None:
    row = Row("what", "/s", ours=[1000, 1234, 5000], raw=[4.5678, 4.5678, 4.5678], note="why")
    assert str(row) == "| what | 1,234 /s | 4.57 /s | **270.15** | why |"


def test_none_is_always_first() -> None:
    order: list[str] = []
    alternate(3, partial(order.append, "ours"), partial(order.append, "raw"))
    assert order == ["ours", "raw", "raw", "ours", "ours", "raw"]


def test_what_several_are_compared_with_runs_once_a_round() -> None:
    count = {"a": 0, "b": 0, "raw": 0}

    def run(name: str, per_second: float) -> Measured:
        count[name] += 1
        return Measured(per_second, p50_ms=2.0, p99_ms=30.0)

    raw = partial(run, "raw", 100.0)
    rows = compare(
        2, [Comparison("a", partial(run, "a", 50.0), raw, "x"), Comparison("b", partial(run, "b", 80.0), raw, "x")]
    )
    assert count == {"a": 3, "b": 3, "raw": 3}, "two rounds and one to warm up"
    assert [row.ratio for row in rows] == [0.5, 0.8]
    assert rows[0].note == "beside x; p50/p99 2/30 ms, there 2/30 ms"


def test_latencies_come_to_a_rate_and_quantiles() -> None:
    measured = Measured.of([0.001] * 98 + [0.1] * 2, seconds=2.0, size=64)
    assert measured.per_second == 100 * 64 / 2
    assert (measured.p50_ms, measured.p99_ms) == (pytest.approx(1), pytest.approx(100))
