"""Where visitors come from, made clean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.rules.visits import KEYS, LONGEST, OTHER, clean_touch, counted_source, first_touch, journey, last_touch

texts = st.text(max_size=300)


@given(st.dictionaries(st.sampled_from([*KEYS, "email", "fbclid", "q"]), texts))
def test_only_known_keys_printable_and_not_too_long(values: dict[str, str]) -> None:
    touch = clean_touch(values)
    assert set(touch) <= set(KEYS)
    assert list(touch) == [key for key in KEYS if key in touch]  # always in this order: equal ones are stored alike
    for value in touch.values():
        assert 0 < len(value) <= LONGEST
        assert value.isprintable()
        assert "@" not in value
    assert clean_touch(touch) == touch


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://Blog.Example/about/knees?email=ana@mail.example#x", "https://blog.example/about/knees"),
        ("https://blog.example/", "https://blog.example"),
        ("https://ana:secret@blog.example:8443/a", "https://blog.example:8443/a"),
        ("https://social.example/@ana/posts", "https://social.example"),
        ("https://mail.example/u/ana%40mail.example", "https://mail.example"),
        ("android-app://com.mail.example/", "android-app://com.mail.example"),
        ("javascript:alert(1)", ""),
        ("file:///home/ana/notes.html", ""),
        ("http://[::1", ""),
        ("", ""),
        ("blog.example/knees?x=1", "blog.example/knees"),
        ("https://blog.example/\x00\r\nSet-Cookie: a", "https://blog.example/Set-Cookie: a"),
    ],
)
def test_addresses_keep_origin_and_path_alone(given_: str, kept: str) -> None:
    assert clean_touch({"referrer": given_}).get("referrer", "") == kept
    assert clean_touch({"page": given_}).get("page", "") == kept


def test_what_may_be_a_persons_address_is_left_out() -> None:
    assert clean_touch({"utm_source": "mail", "utm_content": "ana@mail.example", "utm_term": "  "}) == {
        "utm_source": "mail"
    }


def test_a_registration_keeps_first_and_last() -> None:
    blog, mail = {"utm_source": "blog"}, {"utm_source": "mail"}
    assert journey({}) == {}
    assert journey(blog) == {"first": blog, "last": blog}
    assert journey(mail, blog) == {"first": blog, "last": mail}
    assert journey({}, blog) == {"first": blog, "last": blog}
    assert (first_touch(journey(mail, blog)), last_touch(journey(mail, blog))) == (blog, mail)
    assert (first_touch({}), last_touch({})) == ({}, {})


@pytest.mark.parametrize(
    ("touch", "counted"),
    [
        ({}, {}),
        ({"referrer": "https://blog.example/about/knees"}, {"referrer": "https://blog.example"}),
        ({"referrer": "blog.example/knees"}, {"referrer": "blog.example"}),
        (
            {"utm_source": "blog", "utm_term": "a", "utm_content": "b", "referrer": "https://x.example"},
            {"utm_source": "blog"},
        ),
        ({"utm_source": "blog", "utm_medium": "mail", "utm_campaign": "may"}, ...),
        ({"src": "footer", "page": "https://clinic.example/knee"}, ...),
        ({"utm_term": "only this"}, {}),
        (OTHER, ...),
    ],
)
def test_what_an_arrival_counts_as(touch: dict[str, str], counted: object) -> None:
    assert counted_source(touch) == (touch if counted is ... else counted)
    assert counted_source(counted_source(touch)) == counted_source(touch)
