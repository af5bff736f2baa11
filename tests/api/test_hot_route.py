"""The route that reads its requests by itself understands and refuses what the framework would."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from urllib.parse import quote

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from api.answers import KeyHeader
from api.errors import add_error_handlers
from api.hot_route import HotRoute
from api.parameters import SessionPath
from api.schemas.registrations import RegistrationCreate
from tests.faults.hostile import bodies, values
from tests.support.asgi import Headers, InProcess, RawAnswer, RawRequest

SESSION = "0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"
AS_JSON = (b"content-type", b"application/json")
PERSON = {
    "email": "ana@mail.example",
    "name": "Ana Núñez",
    "timezone": "America/Denver",
    "locale": "en-US",
    "seats": 2,
    "phone": "+1 303 555 0134",
    "question": "Do I need a recent MRI?",
    "consents": [{"purpose": "topic_alerts", "channel": "email", "granted": True}],
    "source": {"utm_source": "blog", "first": {"src": "site"}},
    "answers": {"0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61": ["left", "right"]},
}


@pytest.fixture(scope="module")
def hot() -> Iterator[InProcess]:
    with InProcess(_app(HotRoute)) as app:
        yield app


@pytest.fixture(scope="module")
def plain() -> Iterator[InProcess]:
    with InProcess(_app(APIRoute)) as app:
        yield app


def _app(kind: type[APIRoute]) -> FastAPI:
    """The route of registering, which says what it understood."""
    router = APIRouter(route_class=kind)

    @router.post("/api/sessions/{session_id}/registrations", status_code=201)
    async def register(
        request: Request, session_id: SessionPath, body: RegistrationCreate, idempotency_key: KeyHeader = None
    ) -> Response:
        return Response(repr((session_id, body, idempotency_key)), 201)

    app = FastAPI()
    app.include_router(router)
    add_error_handlers(app)
    return app


def _request(body: bytes, *head: tuple[bytes, bytes], session: str) -> RawRequest:
    return RawRequest("POST", f"/api/sessions/{session}/registrations".encode(), head, (body,))


def _said(answer: RawAnswer) -> object:
    """What was understood, or which fields were not."""
    assert answer.status in {201, 404, 422}, answer
    if answer.status == 201:
        return answer.body
    problem = json.loads(answer.body)
    return answer.status, problem["code"], sorted({wrong["field"] for wrong in problem.get("errors", [])})


def test_the_same_is_understood_and_the_same_refused(hot: InProcess, plain: InProcess) -> None:
    chance, seen = Random(1), Counter[str]()
    requests = [_random_request(chance) for _ in range(5000)]
    for request, one, other in zip(requests, hot.send_all(requests), plain.send_all(requests), strict=True):
        is_odd = _is_odd(request.chunks[0])
        seen["odd" if is_odd else str(one.status)] += 1
        assert _said(one) == _said(other) or is_odd, request
    assert min(seen[kind] for kind in ("201", "422", "odd")) > 200, seen


@pytest.mark.parametrize(
    ("body", "head", "session", "fields"),
    [
        (b"", (AS_JSON,), SESSION, ["body"]),
        (b"", (AS_JSON,), "new", ["body", "session_id"]),
        (b"{", (AS_JSON,), "new", ["body"]),
        (b"null", (AS_JSON,), SESSION, ["body"]),
        (b"{}", (), SESSION, ["body"]),
        (
            b"{}",
            (AS_JSON, (b"idempotency-key", b"k" * 201)),
            "new",
            ["Idempotency-Key", "email", "name", "session_id", "timezone"],
        ),
        (
            b'{"email": 1}',
            ((b"content-type", b"Application/I7X+JSON; charset=x"),),
            SESSION,
            ["email", "name", "timezone"],
        ),
        (json.dumps(PERSON | {"x": 1}).encode(), (AS_JSON,), "\u0660" * 32, ["session_id", "x"]),
    ],
)
def test_all_that_is_wrong_is_named_at_once(
    hot: InProcess, plain: InProcess, body: bytes, head: Headers, session: str, fields: list[str]
) -> None:
    request = _request(body, *head, session=quote(session))
    assert _said(hot.send(request)) == _said(plain.send(request)) == (422, "invalid_request", fields)


@pytest.mark.parametrize(
    "session", [SESSION.upper(), SESSION.replace("-", ""), f"urn:uuid:{SESSION}", f"{{{SESSION}}}"]
)
def test_ids_in_every_way_to_write_them(hot: InProcess, plain: InProcess, session: str) -> None:
    request = _request(json.dumps(PERSON).encode(), AS_JSON, session=session)
    assert hot.send(request).status == 201
    assert _said(hot.send(request)) == _said(plain.send(request))


def _random_request(chance: Random) -> RawRequest:
    kind = chance.random()
    if kind < 0.2:
        body = bodies.broken(chance, PERSON)
    elif kind < 0.9:
        body = bodies.bent(chance, PERSON).encode()
    else:
        body = json.dumps(PERSON).encode()
    head = [(b"content-type", chance.choice(bodies.BROKEN_TYPES))] if chance.random() < 0.05 else [AS_JSON]
    if chance.random() < 0.3:
        head.append((b"idempotency-key", chance.choice((b"k", b"k" * 200, b"k" * 201, b"\xe9" * 150, b""))))
    session = values.path_piece(chance) if chance.random() < 0.1 else SESSION
    return _request(body, *head, session=session)


def _is_odd(body: bytes) -> bool:
    """What only one of the two readers of JSON takes: other encodings than UTF-8, halves of characters, thousands of
    digits, hundreds of lists in each other. Nobody who means well sends it; it may be refused at another place."""
    try:
        json.dumps(json.loads(body.decode(), object_pairs_hook=list), ensure_ascii=False).encode()
    except json.JSONDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return b"[" * 150 in body
