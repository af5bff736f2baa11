"""Webinars: what is published is seen, and what was offered once is archived, not deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import InvalidField, NotFound, SlugTaken
from webinars.queries import reminder_rules as reminder_rules_queries
from webinars.services import webinars
from webinars.services.webinars import Offer
from webinars.terms import PublicationStatus
from webinars.work import Process


def update(process: Process, slug: str, changes: dict[str, Any], **parts: Any) -> Offer:
    with process.work() as work:
        return webinars.update_webinar(
            work,
            slug,
            changes,
            topics=parts.get("topics"),
            presenters=parts.get("presenters"),
            version=None,
            actor=ACTOR,
            now=NOW,
        )


def slugs(process: Process, **how: Any) -> list[str]:
    with process.read() as work:
        return [offer.webinar.slug for offer in webinars.list_webinars(work, **how)]


def test_a_new_webinar_reminds_as_suits_most(process: Process, factory: Factory) -> None:
    factory.webinar()
    with process.read() as work:
        offer = webinars.get_webinar(work, "knee-options")
        rules = reminder_rules_queries.list_rules(work.db, offer.webinar.id)
    assert [(rule.name, rule.offset_minutes) for rule in rules] == [
        ("24 h before", -1440),
        ("1 h before", -60),
        ("10 min before", -10),
        ("5 min after the start, if not there", 5),
    ]


def test_only_what_is_published_is_seen(process: Process, factory: Factory) -> None:
    for status in PublicationStatus:
        factory.webinar(status.value, status=status)
    assert slugs(process) == ["published"]
    assert sorted(slugs(process, public_only=False)) == ["archived", "draft", "published"]
    with pytest.raises(NotFound), process.read() as work:
        webinars.get_webinar(work, "draft")


def test_an_area_has_the_webinars_of_its_conditions(process: Process, factory: Factory) -> None:
    factory.topic("knee")
    factory.topic("meniscus", "Meniscus", "knee")
    factory.topic("hip", "Hip")
    for topic in ("knee", "meniscus", "hip"):
        factory.webinar(f"about-{topic}", topics=(topic,))
    assert sorted(slugs(process, topic="knee")) == ["about-knee", "about-meniscus"]
    assert slugs(process, topic="meniscus") == ["about-meniscus"]
    with pytest.raises(NotFound):
        slugs(process, topic="nothing")


def test_presenters_stay_in_the_order_they_are_named(process: Process, factory: Factory) -> None:
    for name in ("ada", "ben", "cleo"):
        factory.presenter(name, name)
    factory.webinar(presenters=("cleo", "ada"))
    changed = update(process, "knee-options", {}, presenters=["ben", "cleo", "ben"])
    assert [presenter.slug for presenter in changed.presenters] == ["ben", "cleo"]
    renamed = update(process, "knee-options", {"title": "Knees"})
    assert [presenter.slug for presenter in renamed.presenters] == ["ben", "cleo"]  # left alone


def test_what_is_not_there_cannot_be_tied_to_a_webinar(process: Process, factory: Factory) -> None:
    with pytest.raises(InvalidField, match="nothing named 'knee'") as refusal:
        factory.webinar(topics=("knee",))
    assert refusal.value.facts == {"field": "topics"}
    assert slugs(process) == []


def test_a_short_name_is_taken_once(process: Process, factory: Factory) -> None:
    factory.webinar("one")
    factory.webinar("two")
    with pytest.raises(SlugTaken):
        factory.webinar("one")
    with pytest.raises(SlugTaken):
        update(process, "two", {"slug": "one"})


def test_a_webinar_with_sessions_is_not_deleted(process: Process, factory: Factory) -> None:
    factory.session(factory.webinar("held"))
    factory.webinar("idea")
    with process.work() as work:
        webinars.delete_webinar(work, "idea", actor=ACTOR, now=NOW)
    with pytest.raises(InvalidField, match="Archive it"), process.work() as work:
        webinars.delete_webinar(work, "held", actor=ACTOR, now=NOW)
    assert slugs(process) == ["held"]
