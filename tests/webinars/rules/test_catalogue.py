"""What hosts may write about what is offered."""

from __future__ import annotations

import pytest

from webinars.errors import InvalidField
from webinars.rules.catalogue import clean_link, clean_slug, telling_words
from webinars.rules.registrations import mask_email


@pytest.mark.parametrize("text", ["knee", "knee-options", " knee-2 ", "a" * 80])
def test_short_names_that_stand_in_addresses(text: str) -> None:
    assert clean_slug(text) == text.strip()


@pytest.mark.parametrize("text", ["", "Knee", "knee options", "-knee", "knee--x", "knie-ü", "a" * 81, "a/b"])
def test_what_is_no_short_name(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_slug(text)
    assert refusal.value.facts["field"] == "slug"


@pytest.mark.parametrize("text", ["", "https://video.example/replay?id=1"])
def test_links_that_pages_may_show(text: str) -> None:
    assert clean_link(text, "replay_url") == text


@pytest.mark.parametrize(
    "text",
    [
        "http://video.example",
        "javascript:alert(1)",
        "https://",
        "https://a:b@video.example",
        "https://[video.example",
        "https://video.example/a b",
        "https://video.example/grabación",  # no mail could hold it
        'https://video.example/"',
    ],
)
def test_links_that_pages_may_not_show(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_link(text, "replay_url")
    assert refusal.value.facts["field"] == "replay_url"


def test_titles_that_give_the_reason_away_are_noticed() -> None:
    topics = ["Lower back (lumbar spine)", "ACL tears", "Knee"]
    assert telling_words("Your knee and your Spine", topics) == ["knee", "spine"]
    assert telling_words("Your webinar", topics) == []


def test_a_masked_address_is_recognised_but_cannot_be_written_to() -> None:
    assert mask_email("ana.nunez@mail.example") == "a•••@m•••.example"
    assert mask_email("a@b.co") == "a•••@b•••.co"
