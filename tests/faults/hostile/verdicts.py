"""What is wrong with an answer, whatever was asked; and whether anything has changed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

import sqlalchemy as sa
from sqlmodel import SQLModel

from api.errors import PROBLEM
from tests.faults.hostile.values import MARK, UNESCAPED
from tests.support.asgi import RawAnswer, RawRequest
from webinars.errors import WebinarsError
from webinars.work import Process

CODES = {error.code for error in WebinarsError.__subclasses__()} | {
    "body_too_large",
    "invalid_request",
    "method_not_allowed",
    "not_allowed",
    "not_found",
}
"""All that an error can be called."""
NOT_COMPARED = {"rate_counts": "that somebody tried is counted, whatever became of it: this is what limits are for"}
"""Tables that requests without effect may change, and why."""
_NO_PAGES = ("/static/", "/embed.js", "/favicon.ico", "/livez", "/readyz", "/metrics")
"""Files, and what programs ask: their errors need not be pages for people."""
_PAGE_TROUBLE = (b"Traceback (most recent", b"Internal Server Error", b"sqlalchemy", b"pydantic")


def faults(request: RawRequest, answer: RawAnswer) -> list[str]:
    """Everything that is wrong with an answer."""
    found = [f"surprise: {answer.surprise!r}"] if answer.surprise else []
    if not answer.status:
        return found if request.is_cut_off and not found else [*found, "no answer"]
    if answer.status >= 500:
        found.append(f"status {answer.status}")
    found += [
        f"without {name}" for name in ("content-security-policy", "x-content-type-options") if not answer.header(name)
    ]
    if answer.status == 429 and not answer.header("retry-after").isdecimal():
        found.append("too many, but until when")
    location = answer.header("location")
    if location and (not location.startswith("/") or location[1:2] in {"/", "\\"}):
        found.append(f"leads away: {location}")
    if any(byte < 32 for _, value in answer.headers for byte in value):
        found.append("control characters in a header")
    is_for_programs = request.path.startswith(("/api/", "/inbound/"))
    return found + (_api_faults(answer) if is_for_programs else _page_faults(request, answer))


def _api_faults(answer: RawAnswer) -> list[str]:
    kind = answer.header("content-type")
    if answer.status < 300:
        return [] if kind == "application/json" or answer.status == 204 else [f"a success of type {kind}"]
    if kind != PROBLEM:
        return [f"status {answer.status} of type {kind}"]
    problem = json.loads(answer.body)
    found = [] if problem["code"] in CODES else [f"unknown code {problem['code']}"]
    if problem["status"] != answer.status or not problem["title"] or not problem["detail"]:
        found.append("an incomplete problem")
    if MARK.encode() in answer.body:
        found.append("says what was sent")
    return found


def _page_faults(request: RawRequest, answer: RawAnswer) -> list[str]:
    found = [f"tells of itself: {word!r}" for word in _PAGE_TROUBLE if word in answer.body]
    is_page = answer.header("content-type") == "text/html; charset=utf-8"
    if is_page and any(mark in answer.body for mark in UNESCAPED):
        found += _planted(answer.body.decode())
    if answer.status >= 400 and not is_page and not request.path.startswith(_NO_PAGES):
        found.append(f"status {answer.status} of type {answer.header('content-type')}")
    return found


def _planted(page: str) -> list[str]:
    """Elements, attributes and links of a page that came out of a value."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    """Reads a page as a browser does, for what the marked values would be if they were not escaped."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        links = [value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}]
        if any(name.startswith(MARK) for name in (tag, *(name for name, _ in attrs))):
            self.found.append(f"not escaped: in <{tag}>")
        if any(link.strip().lower().startswith("javascript:") for link in links):
            self.found.append(f"a link that runs: in <{tag}>")


@dataclass(frozen=True, slots=True)
class State:
    """All that the database holds: every row of every table, as a digest."""

    rows: dict[str, Counter[bytes]]

    @classmethod
    def of(cls, process: Process) -> State:
        with process.read() as work:
            return cls(
                {
                    name: Counter(_digest(row) for row in work.db.execute(sa.select(table)))
                    for name, table in SQLModel.metadata.tables.items()
                    if name not in NOT_COMPARED
                }
            )

    def changes(self, later: State) -> dict[str, int]:
        """Tables that changed since, with the number of rows that are gone or new."""
        both = {name: (rows, later.rows[name]) for name, rows in self.rows.items()}
        return {name: ((old - new) + (new - old)).total() for name, (old, new) in both.items() if old != new}


def _digest(row: sa.Row[tuple[object, ...]]) -> bytes:
    return hashlib.sha256(repr(tuple(row)).encode("utf-8", "backslashreplace")).digest()
