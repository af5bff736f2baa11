"""What the OpenAPI document promises, tried by somebody who reads nothing else: schemathesis makes requests from it,
some that break it and some that keep to it. Every answer is one that the document announces, in the announced shape.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from tests.faults.hostile.siege import Report
from tests.faults.hostile.targets import NOBODY, Targets, fill
from tests.faults.hostile.verdicts import State
from tests.support.asgi import InProcess, RawAnswer, RawRequest
from webinars.work import Process

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 5
"""Requests of each operation and kind."""
_HERE = "http://127.0.0.1:8000"
_LEFT_OUT = {"authorization", "user-agent", "connection"}
Send = Callable[[Case], Iterator[RawRequest]]


@pytest.mark.long
def test_requests_that_break_the_document_are_refused_as_it_says(process: Process) -> None:
    app, targets = create_app(process), fill(process)

    def send(case: Case) -> Iterator[RawRequest]:
        _forbid(case)
        for token in ("", targets.reading_token, targets.full_token):
            yield _raw(case, token)

    before = State.of(process)
    report = _try(app, app.openapi(), GenerationMode.NEGATIVE, send)
    assert report.faults == []
    assert before.changes(State.of(process)) == {}
    assert report.sent > len(app.openapi()["paths"]) * EXAMPLES * 3
    assert {"api 401", "api 403", "api 404", "api 422"} <= set(report.statuses)


@pytest.mark.long
def test_requests_that_keep_to_the_document_are_answered_as_it_says(process: Process) -> None:
    """About what there is, mostly: they may succeed."""
    app, targets, chance = create_app(process), fill(process), Random(1)

    def send(case: Case) -> Iterator[RawRequest]:
        case.path_parameters = {
            name: _existing(targets, case, name, chance) or value if chance.random() < 0.8 else value
            for name, value in case.path_parameters.items()
        }
        if case.method == "PATCH" and chance.random() < 0.7:
            case.headers["If-Match"] = "*"
        yield _raw(case, targets.full_token)

    report = _try(app, app.openapi(), GenerationMode.POSITIVE, send)
    assert report.faults == []
    assert report.sent > len(app.openapi()["paths"]) * EXAMPLES
    assert {"api 200", "api 201", "api 409", "api 422"} <= set(report.statuses)


@pytest.mark.parametrize(
    ("promise", "fault"),
    [
        (lambda topics: topics["responses"].pop("200"), "Undocumented status code"),
        (lambda topics: _schema_of(topics).update({"required": ["more"]}), "Response violates schema"),
        (lambda topics: topics["responses"]["200"].update({"content": {"text/csv": {}}}), "Undocumented Content-Type"),
    ],
)
def test_control_a_promise_that_is_not_kept_is_found(
    sqlite_process: Process, promise: Callable[[dict[str, Any]], object], fault: str
) -> None:
    app = create_app(sqlite_process)
    document = json.loads(json.dumps(app.openapi()))
    document["paths"] = {"/api/v1/topics": {"get": document["paths"]["/api/v1/topics"]["get"]}}
    promise(document["paths"]["/api/v1/topics"]["get"])
    report = _try(app, document, GenerationMode.POSITIVE, lambda case: iter([_raw(case, NOBODY.full_token)]))
    assert report.faults
    assert all(fault in found for found in report.faults), report.faults[0]


def _schema_of(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]
    content["schema"] = {"allOf": [content["schema"]]}
    return content["schema"]


def _try(app: FastAPI, document: dict[str, Any], mode: GenerationMode, send: Send) -> Report:
    """Make requests of every operation, and look at every answer as the siege does and as the document has it."""
    report = Report()
    schema = schemathesis.openapi.from_dict(document)
    with InProcess(app) as door:
        for operation in schema.get_all_operations():
            _try_operation(operation.ok(), door, mode, send, report)
    return report


def _try_operation(operation: APIOperation, door: InProcess, mode: GenerationMode, send: Send, report: Report) -> None:
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case) -> None:
        for request in send(case):
            answer = door.send(request)
            report.note(request, answer)
            try:
                case.validate_response(_as_response(request, answer), checks=CHECKS)
            except FailureGroup as failures:
                report.faults.append(f"{failures}\n    {request}")

    try:
        each()
    except Unsatisfiable:  # a list without parameters: nothing about it can be broken
        assert [*operation.body, *operation.query, *operation.path_parameters] == [], operation.label


def _forbid(case: Case) -> None:
    """Make sure that a case cannot succeed: it may break the document where nobody looks, as by a parameter more."""
    if case.method == "DELETE":
        case.path_parameters = dict.fromkeys(case.path_parameters, str(UUID(int=7)))
    stale = {"POST": {"Idempotency-Key": "k" * 201}, "PATCH": {"If-Match": '"0"'}, "PUT": {"If-Match": '"7"'}}
    case.headers.update(stale.get(case.method, {}))


def _existing(targets: Targets, case: Case, name: str, chance: Random) -> str | None:
    """Something that is there; None where the document itself lists what there may be."""
    there = targets.ids.get(name) or targets.slugs.get(case.path.split("/")[3])
    return chance.choice(there) if there else None


def _raw(case: Case, token: str) -> RawRequest:
    sent = case.as_transport_kwargs(base_url=_HERE)
    body = json.dumps(sent["json"]) if "json" in sent else sent.get("data") or b""
    head = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in sent["headers"].items()
        if name.lower() not in _LEFT_OUT
    ]
    if token:
        head.append((b"authorization", f"Bearer {token}".encode()))
    target = httpx.URL(sent["url"], params=sent["params"] or None).raw_path
    return RawRequest(case.method, target, tuple(head), (body.encode() if isinstance(body, str) else body,))


def _as_response(request: RawRequest, answer: RawAnswer) -> httpx.Response:
    asked = httpx.Request(request.method, _HERE + request.target.decode())
    response = httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=asked)
    response.elapsed = timedelta(0)
    return response
