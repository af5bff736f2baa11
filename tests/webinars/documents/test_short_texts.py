"""One neutral line of at most 160 plain characters, with the time and a whole link."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.documents.short_texts import LONGEST, short_text

STARTS_AT = datetime(2027, 3, 19, 0, 0, tzinfo=UTC)
LINK = "https://clinic.example/j/" + "a" * 43


def test_it_says_the_time_where_the_registrant_is_and_the_link() -> None:
    text = short_text(STARTS_AT, "America/Denver", "en-US", LINK)
    assert text == f"Your webinar: Thu, Mar 18, 6:00 PM Mountain Time. {LINK}"


def test_spanish_is_written_without_accents() -> None:
    text = short_text(STARTS_AT + timedelta(days=2), "America/Denver", "es-US", LINK)
    assert text.startswith("Su seminario web: ")
    assert text.isascii()


def test_words_give_way_to_the_link() -> None:
    shorter = short_text(STARTS_AT, "America/Denver", "en-US", LINK + "b" * 50)
    assert shorter == f"Your webinar: Thu, Mar 18, 6:00 PM. {LINK + 'b' * 50}"
    long = LINK + "b" * 200
    assert short_text(STARTS_AT, "America/Denver", "en-US", long) == long


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["America/Denver", "America/Phoenix", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["en-US", "en-GB", "es-US", "es", "de-DE", "zz"]),
)
def test_it_fits_into_one_message_of_plain_letters(starts_at: datetime, timezone: str, locale: str) -> None:
    text = short_text(starts_at, timezone, locale, LINK)
    assert len(text) <= LONGEST
    assert text.isascii()
    assert text.endswith(f" {LINK}")


def test_a_link_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        short_text(STARTS_AT, "America/Denver", "en-US", "javascript:alert(1)")
