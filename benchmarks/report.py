"""Rounds in alternation, medians, and lines a person can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from benchmarks.load import Measured

Figure = TypeVar("Figure")
HEADER = "| what | ours | beside | ratio | |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside its raw limit, over several rounds in alternation."""

    name: str
    unit: str
    ours: Sequence[float]
    raw: Sequence[float]
    note: str = ""

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: it holds when the machine's speed drifts."""
        return median(ours / raw for ours, raw in zip(self.ours, self.raw, strict=True))

    def __str__(self) -> str:
        return (
            f"| {self.name} | {_short(median(self.ours))} {self.unit} | {_short(median(self.raw))} {self.unit} "
            f"| **{self.ratio:.2f}** | {self.note} |"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two things that can be run again and again, and what they are."""

    name: str
    ours: Callable[[], Measured]
    raw: Callable[[], Measured]
    raw_name: str


def compare(rounds: int, comparisons: Sequence[Comparison]) -> list[Row]:
    """All in one alternation, after a round to warm up; what several are compared with runs once a round for all."""
    runs = list(dict.fromkeys(run for each in comparisons for run in (each.ours, each.raw)))
    for run in runs:
        run()
    found = dict(zip(runs, alternate(rounds, *runs), strict=True))
    return [_compared(each, found[each.ours], found[each.raw]) for each in comparisons]


def alternate(rounds: int, *runs: Callable[[], Figure]) -> list[list[Figure]]:
    """Each run once a round, in turn and then in reverse turn: none is always first. The figures of each run."""
    found: list[list[Figure]] = [[] for _ in runs]
    for number in range(rounds):
        places = range(len(runs))
        for place in reversed(places) if number % 2 else places:
            found[place].append(runs[place]())
    return found


def _compared(comparison: Comparison, ours: Sequence[Measured], raw: Sequence[Measured]) -> Row:
    return Row(
        comparison.name,
        "/s",
        [item.per_second for item in ours],
        [item.per_second for item in raw],
        f"beside {comparison.raw_name}; p50/p99 {_latencies(ours)} ms, there {_latencies(raw)} ms",
    )


def _latencies(measured: Sequence[Measured]) -> str:
    p50, p99 = median(item.p50_ms for item in measured), median(item.p99_ms for item in measured)
    return f"{_short(p50)}/{_short(p99)}"


def _short(figure: float) -> str:
    """The digits that count."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
