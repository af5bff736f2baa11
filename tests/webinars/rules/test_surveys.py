"""What a survey may say, and what answers come to."""

from __future__ import annotations

import pytest

from webinars.rules.surveys import Opinion, read_opinion, results_of


@pytest.mark.parametrize("rating", ["", "0", "6", "1.5", "five", "٣", "-1", " 3"])
def test_a_rating_is_one_of_five(rating: str) -> None:
    opinion, found = read_opinion({"rating": rating, "comment": "Fine"})
    assert (opinion, list(found)) == (None, ["rating"])


def test_an_opinion_needs_no_words() -> None:
    assert read_opinion({"rating": "3"}) == (Opinion(3), {})
    assert read_opinion({"rating": "5", "comment": " Good\r\npace\0 "})[0] == Opinion(5, "Good\npace")
    assert list(read_opinion({"comment": "x" * 1001})[1]) == ["rating", "comment"]


def test_results_name_every_rating_and_say_of_how_many() -> None:
    results = results_of({5: 2, 2: 1}, asked=9)
    assert results.counts == {1: 0, 2: 1, 3: 0, 4: 0, 5: 2}
    assert (results.replies, results.asked, results.average) == (3, 9, 4.0)
    assert results_of({5: 1, 4: 1, 1: 1}, asked=3).average == 3.33
    assert results_of({}, asked=9).average is None
