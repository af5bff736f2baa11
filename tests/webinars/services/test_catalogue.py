"""Topics and presenters: made, changed by whoever saw the newest version, deleted without harm to webinars."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import InvalidField, SlugTaken, VersionMismatch, WebinarsError
from webinars.services import catalogue, webinars
from webinars.tables import Topic
from webinars.work import Process


def update(process: Process, topic: str, version: int | None = None, **changes: Any) -> Topic:
    with process.work() as work:
        return catalogue.update_topic(work, topic, changes, version=version, actor=ACTOR, now=NOW)


def areas(process: Process) -> list[tuple[str, list[str]]]:
    with process.read() as work:
        found = catalogue.list_areas(work)
    return [(area.topic.slug, [condition.slug for condition in area.conditions]) for area in found]


def test_areas_come_with_their_conditions_in_order(process: Process, factory: Factory) -> None:
    factory.topic("knee")
    factory.topic("hip", "Hip")
    factory.topic("meniscus", "Meniscus", "knee")
    factory.topic("arthritis", "Arthritis", "knee")
    assert areas(process) == [("hip", []), ("knee", ["arthritis", "meniscus"])]
    update(process, "knee", position=-1)
    assert [slug for slug, _ in areas(process)] == ["knee", "hip"]


def test_a_condition_may_move_to_another_area_or_become_one(process: Process, factory: Factory) -> None:
    for slug in ("hip", "knee"):
        factory.topic(slug, slug)
    factory.topic("arthritis", "Arthritis", "knee")
    update(process, "arthritis", parent="hip")
    assert areas(process) == [("hip", ["arthritis"]), ("knee", [])]
    update(process, "arthritis", parent=None)
    assert [slug for slug, _ in areas(process)] == ["arthritis", "hip", "knee"]


@pytest.mark.parametrize(
    ("changes", "version", "refusal"),
    [
        ({"slug": "hip"}, None, SlugTaken),
        ({"name": "x"}, 2, VersionMismatch),
        ({"parent": "nothing"}, None, InvalidField),
    ],
)
def test_what_cannot_be_changed_is_refused(
    process: Process, factory: Factory, changes: dict[str, Any], version: int | None, refusal: type[WebinarsError]
) -> None:
    factory.topic("knee")
    factory.topic("hip", "Hip")
    with pytest.raises(refusal):
        update(process, "knee", version, **changes)


def test_a_topic_may_keep_its_own_short_name(process: Process, factory: Factory) -> None:
    factory.topic("knee")
    assert update(process, "knee", 1, slug="knee", name="Knees").version == 2


def test_a_short_name_is_taken_once(factory: Factory) -> None:
    factory.topic("knee")
    factory.presenter("maria")
    with pytest.raises(SlugTaken):
        factory.topic("knee")
    with pytest.raises(SlugTaken):
        factory.presenter("maria")


def test_deleting_an_area_takes_its_conditions_and_leaves_webinars(process: Process, factory: Factory) -> None:
    factory.topic("knee")
    factory.topic("meniscus", "Meniscus", "knee")
    factory.presenter("maria")
    factory.webinar(topics=("knee", "meniscus"), presenters=("maria",))
    with process.work() as work:
        catalogue.delete_topic(work, "knee", actor=ACTOR, now=NOW)
        catalogue.delete_presenter(work, "maria", actor=ACTOR, now=NOW)
    assert areas(process) == []
    with process.read() as work:
        offer = webinars.get_webinar(work, "knee-options")
    assert (list(offer.topics), list(offer.presenters)) == ([], [])
