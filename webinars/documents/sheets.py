"""Sheets: CSV files as people's spreadsheets write and open them. What their values mean is not known here."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest

from webinars.errors import InvalidField

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 200
_DELIMITERS = (",", ";", "\t")
_LONGEST_HEADING = 60
_FORMULA = re.compile(r"'*(?:[\t\r\n\0]|[\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*[=+\-@|%＝＋－＠｜％])")
"""How a value begins that a spreadsheet would work out instead of showing it; also one that was guarded before."""
_NO_CSV = (
    "This is not a file with comma-separated values. In the spreadsheet choose “Save as” and there “CSV UTF-8”, then "
    "use that file."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds something."""

    line: int
    """As the spreadsheet numbers its rows: the headings are 1, empty rows count, line breaks inside a value do not."""
    cells: dict[str, str]
    """The values of known columns, trimmed. What is empty is left out."""
    has_surplus: bool
    """Whether there is a value without a heading above it: then others may stand in the wrong columns."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file, read."""

    columns: frozenset[str]
    """The known columns that are there."""
    unknown_columns: list[str]
    """Headings of all others, shortened; what stands below them was not read."""
    rows: list[Row]


def read_sheet(content: bytes, headings: Mapping[str, str]) -> Sheet:
    """A file in whatever form a spreadsheet saved it: UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs.

    Args:
        content: the file; its first row that holds something has the headings.
        headings: names of known columns by the headings they go by, each in the form of `plain`.

    Raises:
        InvalidField: if it is no such file, too large, or has none of the headings or one of them twice.
    """
    if len(content) > MOST_BYTES:
        raise _unusable(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.")
    text = _decoded(content)
    records = _records(text, _delimiter(text, headings))
    try:
        first = next(records, None)
        columns, unknown = _columns(first[1] if first else [], headings)
        rows: list[Row] = []
        for line, values in records:
            if len(rows) == MOST_ROWS:
                raise _unusable(f"The file has more than {MOST_ROWS:,} rows. Split it.")
            rows.append(_row(line, values, columns))
    except csv.Error:
        raise _unusable(
            "The quotation marks in the file do not match. Open it in a spreadsheet and save it as CSV again."
        ) from None
    return Sheet(frozenset(filter(None, columns)), unknown, rows)


def write_sheet(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that every spreadsheet opens as it is meant: UTF-8 with its mark, and nothing in it is a formula."""
    out = StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(headings)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return codecs.BOM_UTF8 + out.getvalue().encode()


def guarded(value: str) -> str:
    """A value that a spreadsheet shows as text, whatever it begins with: an apostrophe says so."""
    return f"'{value}" if _FORMULA.match(value) else value


def unguarded(value: str) -> str:
    """What `guarded` was given."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value[1:]) else value


def plain(heading: str) -> str:
    """A heading as it is compared: `E-mail address *` is `emailaddress`."""
    return "".join(ch for ch in heading.casefold() if ch.isalnum())


def _unusable(words: str) -> InvalidField:
    return InvalidField(words, field="file")


def _decoded(content: bytes) -> str:
    marked = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encodings = next(([name] for mark, name in marked.items() if content.startswith(mark)), ["utf-8", "cp1252"])
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unusable(_NO_CSV)


def _delimiter(text: str, headings: Mapping[str, str]) -> str:
    """The one that gives the most known headings."""

    def known(delimiter: str) -> int:
        try:
            _, values = next(_records(text, delimiter), (0, []))
        except csv.Error:
            return -1
        return sum(plain(value) in headings for value in values)

    return max(_DELIMITERS, key=known)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with their numbers. `strict`, or a mark left open would swallow the rest unnoticed."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return ((line, values) for line, values in enumerate(reader, 1) if any(value.strip() for value in values))


def _columns(values: Sequence[str], headings: Mapping[str, str]) -> tuple[list[str | None], list[str]]:
    """The column below each heading (empty if it is not known, None where there is no heading); the unknown headings.

    Raises:
        InvalidField: if none is known, or two are the same.
    """
    if len(values) > MOST_COLUMNS:
        raise _unusable(f"The file has more than {MOST_COLUMNS} columns. Take out those that are not needed.")
    columns = [headings.get(plain(value), "") if value.strip() else None for value in values]
    known = [column for column in columns if column]
    if not known:
        raise _unusable("The first row has none of the headings that are needed. Name the columns there.")
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise _unusable(f"There are two columns for the {twice}. Keep one of them.")
    return columns, [_shown(value) for value, column in zip(values, columns, strict=True) if column == ""]


def _shown(heading: str) -> str:
    return "".join(ch if ch.isprintable() else " " for ch in heading).strip()[:_LONGEST_HEADING]


def _row(line: int, values: Sequence[str], columns: Sequence[str | None]) -> Row:
    trimmed = [unguarded(value.strip()).strip() for value in values]
    below = list(zip_longest(columns, trimmed, fillvalue=None))
    return Row(
        line,
        {column: value for column, value in below if column and value},
        any(value for column, value in below if column is None),
    )
