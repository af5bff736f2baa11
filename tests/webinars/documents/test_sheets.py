"""Sheets are read however a spreadsheet wrote them, and written so that no spreadsheet takes a value for a formula."""

from __future__ import annotations

import codecs
import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.documents import sheets
from webinars.documents.sheets import guarded, plain, read_sheet, unguarded, write_sheet
from webinars.errors import InvalidField

HEADINGS = {"email": "email", "emailaddress": "email", "name": "name", "question": "question"}
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",  # writes its own mark
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
"""What a cell may hold; line breaks, quotation marks and separators come up often enough."""
awkward = texts | st.text(st.sampled_from(" \r\n\t\",;'=é"), max_size=6)
before = st.sampled_from(["", " ", "\u00a0", "\t", "\r", "\0", "'", "''"])
dangerous = st.tuples(before, st.sampled_from("=+-@|%＝＋－＠｜％"), texts).map("".join)
"""How formulas begin, disguised or not."""


def written(rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",", ending: str = "\r\n") -> bytes:
    """Rows as a spreadsheet saves them."""
    out = StringIO(newline="")
    # Of both line breaks only those of the ending itself are quoted by the library; spreadsheets quote both.
    quoting = csv.QUOTE_MINIMAL if ending == "\r\n" else csv.QUOTE_ALL
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting).writerows(rows)
    return ENCODINGS.get(encoding, b"") + out.getvalue().encode(encoding)


def cells(content: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(row.line, row.cells) for row in read_sheet(content, HEADINGS).rows]


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidField) as refused:
        read_sheet(content, HEADINGS)
    assert refused.value.facts == {"field": "file"}
    return refused.value.detail


@given(
    rows=st.lists(st.tuples(awkward, awkward, awkward), max_size=8),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    delimiter=st.sampled_from(",;\t"),
    ending=st.sampled_from(["\r\n", "\n", "\r"]),
    order=st.permutations(["E-mail address", "NAME", "Question"]),
)
def test_what_any_spreadsheet_writes_is_what_is_read(
    rows: list[tuple[str, ...]], encoding: str, delimiter: str, ending: str, order: list[str]
) -> None:
    content = written([order, *(list(row) for row in rows)], encoding, delimiter, ending)
    columns = [HEADINGS[plain(heading)] for heading in order]
    expected = []
    for line, row in enumerate(rows, 2):
        held = {
            column: cell
            for column, value in zip(columns, row, strict=True)
            if (cell := unguarded(value.strip()).strip())
        }
        if any(value.strip() for value in row):
            expected.append((line, held))
    assert cells(content) == expected


@given(st.binary(max_size=300) | st.builds(lambda tail: b"email,name\n" + tail, st.binary(max_size=300)))
def test_whatever_the_bytes_there_is_one_refusal(content: bytes) -> None:
    try:
        sheet = read_sheet(content, HEADINGS)
    except InvalidField:
        return
    assert sheet.columns <= {"email", "name", "question"}


def test_windows_letters_are_read_where_it_is_not_utf_8() -> None:
    assert cells("email;name\nana@mail.example;Ana Núñez €\n".encode("cp1252")) == [
        (2, {"email": "ana@mail.example", "name": "Ana Núñez €"})
    ]


def test_lines_are_numbered_as_the_spreadsheet_shows_them() -> None:
    content = written([[], ["email", "question"], ["a", "one\ntwo\r\nthree"], ["", " "], [], ["b", ""]])
    assert cells(content) == [(3, {"email": "a", "question": "one\ntwo\r\nthree"}), (6, {"email": "b"})]


def test_unknown_columns_are_named_and_not_read() -> None:
    sheet = read_sheet(written([["Notes\x1b[31m", "email", "x" * 100], ["secret", "a", "more"]]), HEADINGS)
    assert sheet.unknown_columns == ["Notes [31m", "x" * 60]
    assert [row.cells for row in sheet.rows] == [{"email": "a"}]
    assert not sheet.rows[0].has_surplus


def test_values_without_a_heading_are_noticed() -> None:
    rows = [["email", "name", "", ""], ["a", "Doe", "", ""], ["b", "Doe", " Jane", ""], ["c", "Doe", "", "", "x"]]
    assert [row.has_surplus for row in read_sheet(written(rows), HEADINGS).rows] == [False, True, True]


def test_a_quotation_mark_left_open_is_refused_rather_than_swallowing_the_rest() -> None:
    content = b'email,name\na@b.example,"Ana\nb@b.example,Ben\n'
    assert "quotation marks" in refusal(content)
    lenient = list(csv.reader(StringIO(content.decode(), newline="")))  # the control: one row of two people
    assert len(lenient) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "first row"),
        (b"\n\n", "first row"),
        (b"ana@mail.example,Ana\n", "first row"),
        (b"email,name,E-Mail\n", "two columns for the email"),
        (b"PK\x03\x04\0\0", "CSV UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", "CSV UTF-8"),
        (codecs.BOM_UTF8 + b"\xff", "CSV UTF-8"),
        (b"email\n\x81\n", "CSV UTF-8"),
        (b"email" + b"," * 200, "200 columns"),
        (b"email\n" + b"x" * 200_000, "quotation marks"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_a_file_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "larger than 5 MB" in refusal(b"x" * (sheets.MOST_BYTES + 1))
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert len(cells(b"email\na\n\nb\nc\n")) == 3
    assert "more than 3 rows" in refusal(b"email\na\nb\nc\nd\n")


@given(dangerous)
def test_nothing_that_is_written_is_a_formula(value: str) -> None:
    assert guarded(value).startswith("'")
    assert unguarded(guarded(value)) == value


@given(texts)
def test_what_is_no_formula_is_written_as_it_is_and_read_back(value: str) -> None:
    assert guarded(value) in {value, f"'{value}"}
    assert unguarded(guarded(value)) == value


@pytest.mark.parametrize("value", ["", "Ana", "O'Neil", "'tis", "ana@mail.example", "5", "ｅ＝ｍ"])
def test_what_is_harmless_stays_as_it_is(value: str) -> None:
    assert guarded(value) == value


def test_a_written_sheet_opens_as_what_it_is() -> None:
    content = write_sheet(["name", "phone"], [["Núñez, Ana", "+1 303"], ["=cmd|' /C calc'!A0", "a\nb"]])
    assert content.startswith(codecs.BOM_UTF8)
    rows = ['"name","phone"', '"Núñez, Ana","\'+1 303"', '"\'=cmd|\' /C calc\'!A0","a\nb"']
    assert content.decode("utf-8-sig") == "".join(row + "\r\n" for row in rows)


def test_a_value_is_one_value_wherever_a_spreadsheet_splits() -> None:
    """In a semicolon locale the rest of an unquoted name would begin a cell of its own, and be worked out."""
    assert b'"Ana;=1+1"' in write_sheet(["name"], [["Ana;=1+1"]])
