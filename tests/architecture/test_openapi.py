"""The OpenAPI document says all there is to say, and changes only when somebody means it to.

After a change that is meant, renew the snapshot and read its diff:
`RENEW_SNAPSHOTS=1 make test ARGS=tests/architecture/test_openapi.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from webinars.work import Process

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "openapi.json"
Document = dict[str, Any]


@pytest.fixture
def document(sqlite_process: Process) -> Document:
    return create_app(sqlite_process).openapi()


def test_the_document_is_the_one_that_was_agreed_on(document: Document) -> None:
    written = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("RENEW_SNAPSHOTS"):
        SNAPSHOT.write_text(written, encoding="utf-8")
    assert written == SNAPSHOT.read_text(encoding="utf-8")


def test_the_document_is_made_once(sqlite_process: Process) -> None:
    app = create_app(sqlite_process)
    assert json.dumps(app.openapi()) == json.dumps(app.openapi())


def test_every_field_has_a_description_and_an_example(document: Document) -> None:
    fields = list(_fields(document))
    assert len(fields) > 150
    assert [name for name, field in fields if not field.get("description") or not field.get("examples")] == []


def test_every_parameter_has_a_description(document: Document) -> None:
    parameters = [
        (name, parameter) for name, operation in _operations(document) for parameter in operation.get("parameters", [])
    ]
    assert len(parameters) > 50
    assert [(name, item["name"]) for name, item in parameters if not item.get("description")] == []


def test_every_operation_is_described(document: Document) -> None:
    operations = list(_operations(document))
    assert len(operations) > 30
    for name, operation in operations:
        assert operation["description"] and operation["summary"] and operation["tags"], name  # noqa: PT018
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)


def test_errors_are_problems(document: Document) -> None:
    for name, operation in _operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                schema = response["content"]["application/problem+json"]["schema"]
                assert set(response["content"]) == {"application/problem+json"}, (name, status)
                assert schema["$ref"].endswith("Problem"), (name, status)
    assert {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"]) == set()


def test_a_token_is_a_bearer_token_that_is_needed_optional_or_not_looked_at(document: Document) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    security = {name: operation.get("security") for name, operation in _operations(document)}
    assert security["post /api/v1/topics"] == [{"token": ["catalogue:write"]}]
    assert security["get /api/v1/webinars"] == [{}, {"token": []}]
    assert security["post /api/v1/sessions/{session_id}/registrations"] == [{}, {"token": []}]
    assert security["get /api/v1/topics"] is None


def test_bodies_refuse_what_they_do_not_know(document: Document) -> None:
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, operation in _operations(document)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert len(bodies) > 10
    assert [
        name for name in sorted(bodies) if document["components"]["schemas"][name].get("additionalProperties")
    ] == []
    assert {document["components"]["schemas"][name]["additionalProperties"] for name in bodies} == {False}


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def _fields(document: Document) -> Iterator[tuple[str, Document]]:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described
