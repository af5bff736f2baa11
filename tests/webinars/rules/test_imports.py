"""What a row says, and what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.documents.sheets import plain
from webinars.errors import InvalidField
from webinars.rules.imports import HEADINGS, Newcomer, check_columns, read_row

ANA = {"email": "ana@mail.example", "name": "Ana Núñez"}


def wrong(cells: dict[str, str], *, has_surplus: bool = False) -> dict[str, str]:
    """What is wrong by column."""
    problems = read_row(7, cells, has_surplus=has_surplus)
    assert isinstance(problems, list)
    assert {problem.line for problem in problems} == {7}
    return {problem.column: problem.detail for problem in problems}


def test_address_and_name_are_enough() -> None:
    assert read_row(2, ANA, has_surplus=False) == Newcomer(
        line=2,
        email="ana@mail.example",
        name="Ana Núñez",
        timezone=None,
        locale="en-US",
        seats=1,
        phone=None,
        question=None,
        source="import",
    )


def test_everything_a_row_may_say() -> None:
    cells = {
        "email": "Ana@MAIL.example",
        "first name": "Ana",
        "last name": "Núñez",
        "timezone": "America/Denver",
        "locale": "es_US",
        "seats": "2",
        "phone": "+1 303\t555 0134",
        "question": "Two lines:\nis that fine?",
        "source": "open day",
    }
    assert read_row(9, cells, has_surplus=False) == Newcomer(
        line=9,
        email="Ana@mail.example",
        name="Ana Núñez",
        timezone="America/Denver",
        locale="es-US",
        seats=2,
        phone="+1 303 555 0134",
        question="Two lines:\nis that fine?",
        source="open day",
    )


def test_a_full_name_counts_more_than_its_parts_and_one_part_is_a_name() -> None:
    for cells, name in (
        (ANA | {"first name": "A."}, "Ana Núñez"),
        ({"email": ANA["email"], "last name": "Núñez"}, "Núñez"),
    ):
        read = read_row(2, cells, has_surplus=False)
        assert isinstance(read, Newcomer)
        assert read.name == name


def test_all_that_is_wrong_with_a_row_is_said_at_once_and_no_value_repeated() -> None:
    said = wrong(
        {
            "email": "planted@@mail",
            "timezone": "planted/zone",
            "locale": "planted language",
            "seats": "planted",
            "phone": "planted" * 9,
            "question": "planted" * 200,
            "source": "planted" * 60,
        },
        has_surplus=True,
    )
    assert list(said) == ["", "email", "name", "timezone", "locale", "seats", "phone", "question", "source"]
    assert "planted" not in str(said)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": ""}, "name@example.com"),
        ({"name": "\u200b"}, "Enter your name"),
        ({"name": "x" * 61}, "at most 60"),
        ({"timezone": "MST7MDT9"}, "America/Denver"),
        ({"seats": "3"}, "Enter 1, or 2"),
        ({"seats": "1.0"}, "Enter 1, or 2"),
        ({"locale": "english"}, "such as en-US"),
        ({"question": "x" * 1001}, "at most 1,000"),
    ],
)
def test_a_reason_says_what_to_do(change: dict[str, str], words: str) -> None:
    ((column, said),) = wrong(ANA | change).items()
    assert column in change
    assert words in said


def test_a_missing_name_asks_for_a_name() -> None:
    assert wrong({"email": ANA["email"]}) == {"name": "Enter a name."}


@given(st.dictionaries(st.sampled_from(sorted(set(HEADINGS.values()))), st.text(max_size=30)))
def test_whatever_a_row_holds_it_is_somebody_or_a_reason(cells: dict[str, str]) -> None:
    read = read_row(2, cells, has_surplus=False)
    if isinstance(read, Newcomer):
        assert (read.seats in {1, 2}, bool(read.email), bool(read.name)) == (True, True, True)
    else:
        assert read
        assert all(problem.detail for problem in read)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("E-Mail", "email"),
        ("EMAIL ADDRESS *", "email"),
        ("Full name", "name"),
        ("First_Name", "first name"),
        ("Surname:", "last name"),
        ("Time zone", "timezone"),
        ("Mobile phone", "phone"),
        ("Language", "locale"),
    ],
)
def test_a_column_has_the_names_that_people_give_it(heading: str, column: str) -> None:
    assert HEADINGS[plain(heading)] == column


def test_headings_are_in_the_form_they_are_compared_in_and_a_state_is_none() -> None:
    assert all(plain(heading) == heading for heading in HEADINGS)
    assert "status" not in HEADINGS


def test_a_file_without_addresses_or_names_is_refused() -> None:
    check_columns({"email", "last name"})
    for columns, words in ((set(), "“email”"), ({"name"}, "“email”"), ({"email", "seats"}, "“name”")):
        with pytest.raises(InvalidField, match=words):
            check_columns(columns)
