"""Rounds in alternation, medians, and lines a person can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Measured


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
            f"| {self.name} | {median(self.ours):,.0f} {self.unit} | {median(self.raw):,.0f} {self.unit} "
            f"| **{self.ratio:.2f}** | {self.note} |"
        )


HEADER = "| what | ours | raw limit | ratio | |\n|---|---|---|---|---|"


def alternate(
    rounds: int, ours: Callable[[int], Measured], raw: Callable[[int], Measured]
) -> tuple[list[Measured], list[Measured]]:
    """Ours, raw, raw, ours, …: neither always runs first."""
    mine: list[Measured] = []
    theirs: list[Measured] = []
    for number in range(rounds):
        if number % 2:
            theirs.append(raw(number))
            mine.append(ours(number))
        else:
            mine.append(ours(number))
            theirs.append(raw(number))
    return mine, theirs
