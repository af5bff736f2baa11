from __future__ import annotations

from collections.abc import Iterator

from api.errors import STATUS_BY_ERROR
from webinars.errors import WebinarsError


def _below(kind: type[WebinarsError]) -> Iterator[type[WebinarsError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _below(sub)


def test_every_refusal_has_a_status_and_words_and_a_code_of_its_own() -> None:
    refusals = {kind for kind in _below(WebinarsError) if kind.__module__ == "webinars.errors"}
    assert set(STATUS_BY_ERROR) == refusals
    assert all(400 <= status <= 599 for status in STATUS_BY_ERROR.values())
    assert len({kind.code for kind in refusals}) == len(refusals)
    assert all(kind.words.endswith(".") for kind in refusals)
