"""The load generator sends what it says, to whom it says."""

from __future__ import annotations

from benchmarks.load import Load, run
from tests.factories import Factory
from webinars.queries import registrations as registrations_queries
from webinars.work import Process


def test_ever_new_people_register_for_one_session_after_the_other(
    process: Process, factory: Factory, address: str
) -> None:
    ids = [factory.session(capacity=100_000).session.id for _ in range(2)]
    urls = [f"{address}/api/v1/sessions/{session_id}/registrations" for session_id in ids]
    measured = run(Load(urls, connections=4, seconds=0.5, email_prefix="p"))
    assert set(measured.statuses) == {201}
    assert 0 < measured.p50_ms <= measured.p99_ms
    with process.read() as work:
        taken = [registrations_queries.recount_seats(work.db, session_id)[0] for session_id in ids]
    assert sum(taken) == measured.statuses[201], "nobody came twice"
    assert abs(taken[0] - taken[1]) <= 4, "in turn, but for those under way"


def test_other_answers_are_seen(factory: Factory, address: str) -> None:
    """The control."""
    session_id = factory.session(capacity=1, waitlist_open=False).session.id
    url = f"{address}/api/v1/sessions/{session_id}/registrations"
    measured = run(Load([url], connections=2, seconds=0.3, email_prefix="p"))
    assert measured.statuses[201] == 1
    assert measured.statuses[409] > 1
