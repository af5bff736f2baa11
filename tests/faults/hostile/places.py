"""Everything that can be asked of the application, read from its routes: what is added is attacked from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

API = "/api/"
_PARAMETER = re.compile(r"{(\w+)(?::path)?}")
_TYPED = (
    "name",
    "email",
    "seats",
    "timezone",
    "question",
    "form_key",
    "opened_at",
    "leave_empty",
    "consent_topic_alerts",
    "rating",
    "comment",
    "recent_mri",
    "phone",
    "call_time",
    "words",
)
"""Fields of the patients' forms, which read theirs by themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A method at a path."""

    method: str
    template: str
    query: tuple[str, ...] = ()
    """Names of the parameters behind the question mark."""
    fields: tuple[str, ...] = ()
    """Names of what its form has."""
    body: dict[str, Any] | None = field(default=None, hash=False)
    """A JSON body, from the examples in the OpenAPI document."""
    media_type: str = ""
    needs_token: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def is_api(self) -> bool:
        return self.template.startswith(API)

    @property
    def is_unsafe(self) -> bool:
        return self.method not in {"GET", "HEAD"}

    @property
    def parameters(self) -> list[str]:
        """Names of those in the path."""
        return _PARAMETER.findall(self.template)

    def path(self, values: dict[str, str]) -> str:
        """The path with its parameters filled in."""
        return _PARAMETER.sub(lambda found: values[found[1]], self.template)


def all_places(app: FastAPI) -> list[Place]:
    """Every method of every route."""
    document = app.openapi()
    return [
        _place(method, context.path or "", getattr(context, "dependant", None), document)
        for context in iter_route_contexts(app.routes)
        for method in sorted(context.methods or ())
    ]


def _place(method: str, path: str, dependant: Dependant | None, document: dict[str, Any]) -> Place:
    parts = list(_flat(dependant)) if dependant else []
    query = tuple(sorted({item.alias for part in parts for item in part.query_params}))
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None:
        typed = _TYPED if method == "POST" and not path.startswith("/console") else ()
        return Place(method, path, query, _fields(parts) or typed)
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), "")
    body = _example(content[media_type]["schema"], document) if media_type == "application/json" else None
    needs_token = any(scopes for scheme in operation.get("security", []) for scopes in scheme.values())
    return Place(method, path, query, (), body, media_type, needs_token)


def _fields(parts: list[Dependant]) -> tuple[str, ...]:
    """Names of the fields of a form that the framework reads."""
    forms = [(item.alias, item.field_info.annotation) for part in parts for item in part.body_params]
    return tuple(sorted({name for alias, form in forms for name in getattr(form, "model_fields", [alias])}))


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for below in dependant.dependencies:
        yield from _flat(below)


def _example(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """A body of the fields' own examples: each of them has some, a test sees to it."""
    model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {name: described["examples"][0] for name, described in model["properties"].items()}
