"""What of a clinic's name, telephone and logo is let in."""

from __future__ import annotations

import pytest

from webinars.errors import InvalidField
from webinars.rules.branding import Brand, KeptBrand, Logo, check_logo_size, clean_name, clean_phone


def test_a_telephone_is_kept_as_people_read_it() -> None:
    assert clean_phone("  +1  (303) 555-0100 ") == "+1 (303) 555-0100"
    assert clean_phone("") == ""
    assert Brand("Clinic", "+1 (303) 555-0100").telephone == "+13035550100"


@pytest.mark.parametrize("text", ["call us", "12", "+1 303 555 0100; ext", "1" * 41, "555\n<b>0100</b>", "١٢٣٤٥٦"])
def test_what_is_no_telephone_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_phone(text)
    assert refusal.value.facts == {"field": "phone"}


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    assert clean_name(" Évergreen\r\n Joint\u202e & \x00Spine ") == "Évergreen Joint & Spine"
    with pytest.raises(InvalidField, match="at most 120"):
        clean_name("x" * 121)


def test_a_wide_logo_stands_for_the_name() -> None:
    assert Logo(b"", "image/png", 400, 200).is_wide
    assert not Logo(b"", "image/png", 399, 200).is_wide
    assert Logo(b"one", "image/jpeg", 1, 1).name != Logo(b"two", "image/jpeg", 1, 1).name
    assert Logo(b"one", "image/jpeg", 1, 1).name.endswith(".jpg")


def test_a_logo_fits_into_a_header() -> None:
    check_logo_size(4000, 500)
    for size in ((4001, 900), (900, 4001), (801, 100), (100, 801)):
        with pytest.raises(InvalidField):
            check_logo_size(*size)


def test_an_older_brand_never_takes_the_place_of_a_newer_one() -> None:
    kept = KeptBrand()
    for version in (1, 3, 2):
        kept.keep(Brand(f"v{version}", version=version))
    assert kept.brand == Brand("v3", version=3)
