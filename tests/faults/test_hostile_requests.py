"""A hundred thousand malformed and hostile requests: none of them breaks anything, changes anything, or is answered
with anything but a problem that has a stable code, or a page for people.

Here requests are made as bytes, against every route there is; test_hostile_schema.py makes them from what the OpenAPI
document promises.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from sqlmodel import col
from starlette.exceptions import HTTPException

from api.dependencies import WorkDep
from api.main import create_app
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.faults.hostile.attacker import Attacker
from tests.faults.hostile.insider import Insider
from tests.faults.hostile.places import all_places
from tests.faults.hostile.siege import Report, besiege, besiege_from_processes
from tests.faults.hostile.targets import NOBODY, fill
from tests.support.postgres import PostgresServer
from webinars.errors import InvalidField
from webinars.settings import Settings
from webinars.tables import Topic
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

LIMITED = {
    "POST /api/v1/sessions/{session_id}/registrations",
    "GET /m/{token}",
    "POST /j/{token}",
    "POST /visits",
    "POST /console/sign-in",
}
SHARES = {"sqlite": 88_000, "postgresql": 12_000}
"""Requests that must change nothing, by database."""
INSIDE = 1500
"""Requests of those who may, on each database."""
PROCESSES = 2


def _raises_on_a_strange_value(app: FastAPI) -> None:
    @app.get("/api/v1/broken")
    def broken(src: str = "") -> float:
        return 1 / (not src.startswith("${"))


def _has_an_unknown_code(app: FastAPI) -> None:
    @app.get("/api/v1/broken")
    def broken() -> None:
        raise HTTPException(418)


def _answers_with_text(app: FastAPI) -> None:
    @app.get("/api/v1/broken")
    def broken() -> Response:
        return PlainTextResponse("no", 418)


def _says_what_was_sent(app: FastAPI) -> None:
    @app.get("/api/v1/broken")
    def broken(src: str = "") -> None:
        raise InvalidField(f"This is not usable: {src}", field="src")


def _shows_what_was_sent(app: FastAPI) -> None:
    @app.get("/broken")
    def broken(src: str = "") -> Response:
        return HTMLResponse(f"<p>{src}</p>")


def _leads_away(app: FastAPI) -> None:
    @app.get("/broken")
    def broken(src: str = "") -> Response:
        return RedirectResponse(src or "/")


def _changes_what_it_reads(app: FastAPI) -> None:
    @app.get("/api/v1/broken")
    def broken(work: WorkDep) -> Response:
        topic = work.db.scalars(sa.select(Topic).order_by(col(Topic.slug))).first()
        assert topic is not None
        topic.position = 4711
        return JSONResponse({})


@pytest.fixture(params=list(SHARES))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Settings]]:
    """Of as many databases as there will be processes, each with the newest schema and nothing else."""
    folders = [tmp_path / str(number) for number in range(PROCESSES)]
    for folder in folders:
        folder.mkdir()
    if request.param == "sqlite":
        for folder in folders:
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "webinars.db")
        yield [make_settings(f"sqlite:///{folder / 'webinars.db'}", folder) for folder in folders]
        return
    template = request.getfixturevalue("postgres_template")
    server: PostgresServer = request.getfixturevalue("postgres")
    names = [f"test_{uuid4().hex}" for _ in folders]
    for name in names:
        server.create_database(name, template)
    yield [make_settings(server.url(name), folder) for name, folder in zip(names, folders, strict=True)]
    for name in names:
        server.drop_database(name)


@pytest.mark.long
def test_hostile_requests_change_nothing_and_get_an_answer(
    settings: list[Settings], request: pytest.FixtureRequest
) -> None:
    share = SHARES[request.node.callspec.params["settings"]]
    report = besiege_from_processes(settings, NOW, share)
    assert report.faults == []
    assert report.changes == []
    assert report.sent == share
    _is_varied(report)


def _is_varied(report: Report) -> None:
    """Every route was aimed at, and requests got as far as there is something to refuse."""
    assert report.aimed_at.total() == report.sent
    assert len(report.aimed_at) > 150
    assert min(report.aimed_at.values()) > report.sent // 16_000, report.aimed_at.most_common()[-1]
    seen = {status for status, number in report.statuses.items() if number > report.sent // 10_000}
    assert seen >= {f"api {status}" for status in (200, 401, 403, 404, 405, 409, 412, 413, 422, 428)}
    assert seen >= {f"page {status}" for status in (200, 204, 303, 308, 400, 403, 404, 405, 413, 422)}
    assert sum(report.statuses[f"api {status}"] for status in (404, 409, 412, 422)) > report.sent // 5


def test_they_are_a_hundred_thousand() -> None:
    assert sum(SHARES.values()) >= 100_000


@pytest.mark.long
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
def test_hostile_values_of_those_who_may_send_them_break_nothing(process: Process) -> None:
    """What is kept is shown again and again in the course of it."""
    app = create_app(process)
    report = besiege(process, app, Insider(all_places(app), fill(process), 1), INSIDE, watched=False)
    assert report.faults == []
    assert report.sent == INSIDE
    succeeded = sum(number for status, number in report.statuses.items() if status in {"api 201", "page 303"})
    assert succeeded > INSIDE // 20


@pytest.mark.long
def test_with_limits_on_one_network_is_turned_away_and_everything_else_holds(sqlite_url: str, tmp_path: Path) -> None:
    settings = make_settings(sqlite_url, tmp_path, register_limit_minute=5, register_limit_hour=20)
    process = Process(settings, clock=SetClock(NOW), mail=MemoryMailer())
    app = create_app(process)
    limited = [place for place in all_places(app) if str(place) in LIMITED]
    report = besiege(process, app, Attacker(limited, fill(process), 1, network="203.0.113.7"), 3000)
    process.close()
    assert report.faults == report.changes == []
    assert min(report.statuses["api 429"], report.statuses["page 429"]) > 5, report.statuses


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (_raises_on_a_strange_value, "surprise: ZeroDivisionError"),
        (_has_an_unknown_code, "unknown code http_error"),
        (_answers_with_text, "status 418 of type text/plain"),
        (_says_what_was_sent, "says what was sent"),
        (_shows_what_was_sent, "not escaped: in <i7x>"),
        (_leads_away, "leads away: "),
    ],
)
def test_control_a_broken_route_is_found(
    sqlite_process: Process, break_it: Callable[[FastAPI], object], fault: str
) -> None:
    report = _besiege_broken(sqlite_process, break_it)
    assert any(found.startswith(fault) for found in report.faults), report
    assert report.changes == []


def test_control_a_route_that_changes_something_when_it_is_read_is_found(sqlite_process: Process) -> None:
    Factory(sqlite_process).topic()
    report = _besiege_broken(sqlite_process, _changes_what_it_reads)
    assert (report.faults, len(report.changes)) == ([], 1)
    assert "'topics': 2" in report.changes[0]


def _besiege_broken(process: Process, break_it: Callable[[FastAPI], object]) -> Report:
    """A siege of nothing but a route that is not as it should be."""
    app = create_app(process)
    known = {str(place) for place in all_places(app)}
    break_it(app)
    broken = [place for place in all_places(app) if str(place) not in known]
    return besiege(process, app, Attacker(broken, NOBODY, 1), 300)
