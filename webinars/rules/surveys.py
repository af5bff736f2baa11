"""What registrants may answer to the survey after a session, and what their answers come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webinars.phrases import Phrase
from webinars.rules.requests import clean_words

RATINGS = (1, 2, 3, 4, 5)
"""From not helpful to very helpful."""
LONGEST_COMMENT = 1000


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one registrant thinks."""

    rating: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What all of them think."""

    counts: Mapping[int, int]
    """How many gave each of RATINGS."""
    asked: int
    """How many had a seat, and so could answer."""

    @property
    def replies(self) -> int:
        return sum(self.counts.values())

    @property
    def average(self) -> float | None:
        """Of those who answered, to one hundredth; None without any."""
        total = sum(rating * count for rating, count in self.counts.items())
        return round(total / self.replies, 2) if self.replies else None


def read_opinion(typed: Mapping[str, str]) -> tuple[Opinion | None, dict[str, Phrase]]:
    """The opinion that a form says, or None; and what has to be put right, by field, in the order of the page."""
    rating, comment = typed.get("rating", ""), clean_words(typed.get("comment", ""))
    found: dict[str, Phrase] = {}
    if rating not in set(map(str, RATINGS)):
        found["rating"] = Phrase("Choose a number from 1 to 5.")
    if len(comment) > LONGEST_COMMENT:
        found["comment"] = Phrase("Use at most %(most)s characters.", most=LONGEST_COMMENT)
    return (None if found else Opinion(int(rating), comment)), found


def results_of(counts: Mapping[int, int], asked: int) -> Results:
    """The results with a count for every rating, those that nobody gave too."""
    return Results({rating: counts.get(rating, 0) for rating in RATINGS}, asked)
