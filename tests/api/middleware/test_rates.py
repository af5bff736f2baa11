"""Who asks too often is told how long to wait: over the API, by the form and at personal links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.conftest import UNLIMITED, make_settings
from tests.factories import Factory
from tests.support.commands import environment, free_port, running_command, wait_until_alive
from webinars.services.links import link
from webinars.terms import LinkPurpose
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

Serve = Callable[[Process], str]
Start = Callable[..., Process]
WRONG = "/m/" + "A" * 43


@pytest.fixture
def start(sqlite_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Start]:
    """Starts processes on one database: with the limits that hold by default, unless said otherwise."""
    with ExitStack() as stack:

        def make(**changes: object) -> Process:
            limits = {"register_limit_minute": 5, "register_limit_hour": 20}
            settings = make_settings(sqlite_url, tmp_path, **(limits | changes))
            process = Process(settings, clock=clock, mail=MemoryMailer())
            stack.callback(process.close)
            return process

        yield make


@pytest.fixture
def session_id(start: Start) -> UUID:
    return Factory(start()).session(capacity=100).session.id


def person(number: int) -> dict[str, str]:
    return {"email": f"p{number}@mail.example", "name": "Ana Núñez", "timezone": "America/Denver"}


def post(address: str, session_id: UUID, number: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{address}/api/v1/sessions/{session_id}/registrations", json=person(number), headers=named)


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_many_from_one_network_are_told_when_to_come_back(start: Start, serve: Serve, session_id: UUID) -> None:
    address = serve(start())
    answers = [post(address, session_id, number) for number in range(6)]
    assert statuses(answers) == [201] * 5 + [429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["retry_after"]) == ("too_many_requests", 60)
    assert refused.headers["retry-after"] == "60"
    elsewhere = [post(address, session_id, number, X_Forwarded_For="203.0.113.7") for number in range(6, 12)]
    assert statuses(elsewhere) == [201] * 5 + [429]
    assert post(address, session_id, 20, X_Forwarded_For="203.0.113.99").status_code == 429  # of the same /24


def test_one_address_from_many_networks_is_refused_as_well(start: Start, serve: Serve, session_id: UUID) -> None:
    address = serve(start())
    answers = [post(address, session_id, 1, X_Forwarded_For=f"203.0.{number}.7") for number in range(6)]
    assert statuses(answers) == [201] * 5 + [429]
    assert post(address, session_id, 2, X_Forwarded_For="203.0.9.7").status_code == 201


def test_two_web_processes_count_together(start: Start, serve: Serve, session_id: UUID) -> None:
    addresses = [serve(start()), serve(start())]
    answers = [post(addresses[number % 2], session_id, number) for number in range(8)]
    assert statuses(answers) == [201] * 5 + [429] * 3


def test_known_and_unknown_people_are_refused_byte_for_byte_alike(start: Start, serve: Serve, session_id: UUID) -> None:
    address = serve(start())
    for number in range(5):
        post(address, session_id, number)
    known, unknown = post(address, session_id, 1), post(address, session_id, 77)
    assert known.status_code == 429
    assert known.content == unknown.content
    times = {"date"}
    assert {k: v for k, v in known.headers.items() if k not in times} == {
        k: v for k, v in unknown.headers.items() if k not in times
    }


def test_a_token_has_no_limit_and_neither_has_anybody_where_it_is_off(
    start: Start, serve: Serve, session_id: UUID
) -> None:
    """The second is the control: without the check everything passes."""
    limited = start()
    headers = {"Authorization": f"Bearer {Factory(limited).token()}"}
    assert statuses([post(serve(limited), session_id, number, **headers) for number in range(12)]) == [201] * 12
    assert statuses([post(serve(start(**UNLIMITED)), session_id, 20 + number) for number in range(12)]) == [201] * 12


def test_the_same_key_gets_its_answer_again_whatever_the_limit(start: Start, serve: Serve, session_id: UUID) -> None:
    address = serve(start())
    answers = [post(address, session_id, 1, Idempotency_Key="one") for _ in range(9)]
    assert statuses(answers) == [201] * 9
    assert len({answer.content for answer in answers}) == 1
    assert post(address, session_id, 1, Idempotency_Key="two").status_code == 429


def test_several_sessions_at_once_are_one_try(start: Start, serve: Serve) -> None:
    process = start()
    make, address = Factory(process), serve(process)
    make.webinar("series")
    for week in range(8):
        make.session("series", starts_in=timedelta(weeks=week + 1))

    def register(number: int) -> httpx.Response:
        return httpx.post(f"{address}/api/v1/webinars/series/registrations", json=person(number) | {"sessions": "all"})

    answers = [register(number) for number in range(6)]
    assert statuses(answers) == [201] * 5 + [429]
    assert [len(answer.json()["items"]) for answer in answers[:5]] == [8] * 5
    assert answers[-1].headers["retry-after"] == "60"


def test_the_form_says_how_long_to_wait_and_keeps_what_was_typed(
    start: Start, serve: Serve, session_id: UUID, clock: SetClock
) -> None:
    with Visitor(serve(start()), clock) as visitor:
        answers = [visitor.register(session_id, email=f"p{number}@mail.example") for number in range(6)]
        assert statuses(answers) == [303] * 5 + [429]
        refused = answers[-1]
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert "Wait a minute, then press it again." in refused.text
        assert 'value="p5@mail.example"' in refused.text
        assert refused.headers["cache-control"] == "no-store"
        clock.advance(timedelta(minutes=1))
        typed = {"name": "Ana Núñez", "email": "p5@mail.example", "timezone": "America/Denver"}
        path = f"/sessions/{session_id}/register"
        fields = visitor.hidden(path)
        clock.advance(A_WHILE)
        assert visitor.post(path, data=fields | typed).status_code == 303


def test_forms_tell_known_and_unknown_people_the_same(
    start: Start, serve: Serve, session_id: UUID, clock: SetClock
) -> None:
    with Visitor(serve(start()), clock) as visitor:
        fields = visitor.hidden(f"/sessions/{session_id}/register")
        clock.advance(A_WHILE)
        for number in range(5):
            post(str(visitor.base_url).rstrip("/"), session_id, number)
        pages = [
            visitor.post(f"/sessions/{session_id}/register", data=fields | person(number)).text.replace(
                person(number)["email"], ""
            )
            for number in (1, 77)
        ]
        assert pages[0] == pages[1]
        assert "Wait a minute" in pages[0]


def test_wrong_links_are_counted_over_all_processes(start: Start, serve: Serve, clock: SetClock) -> None:
    with httpx.Client(base_url=serve(start())) as one, httpx.Client(base_url=serve(start())) as other:
        answers = [(one if number % 2 else other).get(WRONG) for number in range(33)]
        assert statuses(answers) == [404] * 30 + [429] * 3
        assert "Please wait a moment" in answers[-1].text
        assert int(answers[-1].headers["retry-after"]) == 60
        assert one.get("/").status_code == 200
        assert one.get(WRONG, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
        clock.advance(timedelta(minutes=1))
        assert one.get(WRONG).status_code == 404


def test_links_that_work_count_against_nobody(start: Start, serve: Serve, session_id: UUID) -> None:
    process = start()
    registered = Factory(process).registration(session_id)
    path = link(process.settings, process.vault, LinkPurpose.enter, registered.registration)
    with httpx.Client(base_url=serve(process)) as visitor:
        own = path.removeprefix(process.settings.base_url)
        assert statuses([visitor.get(own) for _ in range(40)]) == [200] * 40
        assert visitor.get(WRONG).status_code == 404


@pytest.mark.long
def test_the_program_as_it_is_started_has_these_limits_and_trusts_the_proxy_beside_it(
    sqlite_process: Process, sqlite_factory: Factory, tmp_path: Path
) -> None:
    """The real defaults, in a process of its own; then with a proxy elsewhere, whose word is not taken from here."""
    session_id = sqlite_factory.session(capacity=100).session.id
    people = iter(range(100))

    def answers(**changes: str) -> list[int]:
        port = free_port()
        variables = environment(sqlite_process.settings, **changes)
        with running_command("serve", "--port", str(port), "--no-scheduler", variables=variables, log=tmp_path / "log"):
            address = wait_until_alive(port)
            return statuses(
                [post(address, session_id, next(people), X_Forwarded_For=f"198.51.{n}.7") for n in range(7)]
                + [post(address, session_id, next(people)) for _ in range(7)]
            )

    started_at = sqlite_process.clock.now().isoformat()
    assert answers(testing_now=started_at) == [201] * 7 + [201] * 5 + [429] * 2
    later = (sqlite_process.clock.now() + timedelta(hours=2)).isoformat()
    assert answers(testing_now=later, trusted_proxies="192.0.2.1") == [201] * 5 + [429] * 9
