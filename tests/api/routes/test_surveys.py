"""What registrants thought of a session, over the API."""

from __future__ import annotations

from uuid import uuid4

import httpx

from tests.api.conftest import Caller
from tests.factories import Factory
from webinars.rules.surveys import Opinion
from webinars.services import surveys
from webinars.terms import Scope
from webinars.work import Process


def test_numbers_are_for_who_reads_attendance_and_words_for_who_reads_health(
    api: httpx.Client, caller: Caller, factory: Factory, process: Process
) -> None:
    session = factory.session().session
    path = f"/sessions/{session.id}/survey"
    reader = caller(Scope.attendance_read)
    nothing = reader.get(path).json()
    assert (nothing["replies"], nothing["average"], nothing["comments"]) == (0, None, None)
    for opinion in (Opinion(5, "My knee thanks you"), Opinion(4), None):
        registration_id = factory.registration(session.id).registration.id
        if opinion:
            with process.work() as work:
                surveys.answer(work, registration_id, opinion, session.ends_at)
    numbers = {
        "asked": 3,
        "replies": 2,
        "average": 4.5,
        "counts": [{"rating": rating, "count": int(rating > 3)} for rating in (1, 2, 3, 4, 5)],
    }
    assert reader.get(path).json() == numbers | {"comments": None}
    comments = api.get(path).json()["comments"]
    assert [(comment["rating"], comment["text"]) for comment in comments] == [(5, "My knee thanks you")]
    assert api.get(f"/sessions/{uuid4()}/survey").status_code == 404
