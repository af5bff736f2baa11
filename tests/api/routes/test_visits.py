"""Where visitors and registrants come from, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.factories import Factory
from webinars.rules.visits import journey
from webinars.services import visits
from webinars.work import Process

ANA = {"email": "ana@mail.example", "name": "Ana Núñez", "timezone": "America/Denver"}
BLOG, MAIL = {"utm_source": "blog"}, {"utm_source": "mail", "utm_medium": "email"}
Kept = Callable[[object], Any]


@pytest.fixture
def session_id(factory: Factory) -> UUID:
    return factory.session(factory.webinar("knee-options")).session.id


@pytest.fixture
def kept(api: httpx.Client, public: httpx.Client, session_id: UUID) -> Kept:
    """Registers with a source; gives what a token then reads of it."""

    def register(source: object) -> Any:
        answered = public.post(f"/sessions/{session_id}/registrations", json=ANA | {"source": source})
        assert answered.status_code == 201, answered.text
        (item,) = api.get(f"/sessions/{session_id}/registrations").json()["items"]
        return item["source"]

    return register


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("footer", {"src": "footer"}),
        (BLOG, BLOG),
        ({}, {}),
        (MAIL | {"first": BLOG}, MAIL | {"first": BLOG}),
        (BLOG | {"first": BLOG}, BLOG),
        ({"first": BLOG}, BLOG),
        (BLOG | {"utm_content": "x" * 900}, BLOG | {"utm_content": "x" * 200}),
        ({"referrer": "https://blog.example/a?email=ana@mail.example"}, {"referrer": "https://blog.example/a"}),
        (BLOG | {"utm_term": "ana@mail.example"}, BLOG),
    ],
)
def test_a_source_is_a_word_or_an_object_and_is_read_as_it_was_sent_but_clean(
    kept: Kept, sent: object, read: object
) -> None:
    assert kept(sent) == read


@pytest.mark.parametrize("source", [{"gclid": "1"}, {"utm_source": 7}, {"first": "blog"}, {"first": {"first": {}}}, 7])
def test_what_is_no_source_is_refused(public: httpx.Client, session_id: UUID, source: object) -> None:
    answered = public.post(f"/sessions/{session_id}/registrations", json=ANA | {"source": source})
    assert (answered.status_code, answered.json()["code"]) == (422, "invalid_request")


def test_sources_are_listed_with_what_became_of_them(
    api: httpx.Client, process: Process, factory: Factory, session_id: UUID
) -> None:
    for touch, is_form in ((BLOG, False), (BLOG, False), (BLOG, True), ({}, False)):
        with process.work() as work:
            visits.count_visit(work, "knee-options", touch, is_form=is_form, now=factory.now)
    factory.registration(session_id, source=journey(BLOG))
    listed = api.get("/webinars/knee-options/sources")
    assert listed.json() == {
        "items": [
            {"source": BLOG, "visits": 2, "forms": 1, "registrations": 1, "attended": 0},
            {"source": {}, "visits": 1, "forms": 0, "registrations": 0, "attended": 0},
        ],
        "next": None,
        "limit": 200,
    }
    assert api.get("/webinars/nothing/sources").status_code == 404
