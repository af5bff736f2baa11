"""Whatever is sent, the answer is a problem that says so, never a surprise of the program."""

from __future__ import annotations

import httpx

from tests.factories import Factory

STRINGS = ("\x00", "a\x00b", "\u202e", "\U0001f9b4" * 50, "'; DROP TABLE topics; --", "../../etc/passwd", "9" * 5000)


def test_no_text_is_a_surprise(api: httpx.Client, factory: Factory) -> None:
    session = factory.session(factory.webinar("knee-options")).session
    registration = factory.registration(session.id).registration
    person = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}
    webinar = {"slug": "hip", "title": "Hip"}
    rule = {"rrule": "FREQ=WEEKLY;COUNT=2", "starts_at_local": "2026-03-10T18:00", "timezone": "America/Denver"}
    series = rule | {"duration_minutes": 60, "capacity": 5}
    for text in STRINGS:
        for method, path, bodies in (
            ("POST", f"/sessions/{session.id}/registrations", [person | {name: text} for name in (*person, "locale")]),
            ("POST", f"/sessions/{session.id}/registrations", [person | {"phone": text}, person | {"question": text}]),
            ("POST", f"/sessions/{session.id}/registrations", [person | {"source": {"src": text}}]),
            ("POST", "/webinars", [webinar | {name: text} for name in ("slug", "title", "description", "replay_url")]),
            ("POST", "/webinars", [webinar | {"topics": [text]}]),
            ("PATCH", f"/registrations/{registration.id}", [{name: text} for name in (*person, "locale", "phone")]),
            ("POST", "/webinars/knee-options/series", [series | {name: text} for name in (*rule, "room_url")]),
            ("PATCH", f"/sessions/{session.id}", [{name: text} for name in ("timezone", "room_url", "starts_at")]),
        ):
            for body in bodies:
                response = api.request(method, path, json=body, headers={"If-Match": "*"})
                assert response.status_code in {200, 201, 409, 422}, (method, path, body, response.text)


def test_no_parameter_is_a_surprise(api: httpx.Client) -> None:
    for text in STRINGS:
        for path, name in (
            ("/sessions", "topic"),
            ("/sessions", "cursor"),
            ("/sessions", "from"),
            ("/messages", "cursor"),
        ):
            assert api.get(path, params={name: text}).status_code in {404, 422}, (path, name, text)
        for name in ("limit", "state", "session"):
            assert api.get("/messages", params={name: text}).status_code == 422, (name, text)
    for cursor in ("A", "é", "AAAA", "A" * 22, "A" * 23, "=" * 9):
        assert api.get("/sessions", params={"cursor": cursor}).status_code in {200, 422}, cursor
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"):
        assert api.get("/sessions", params={"from": moment, "to": moment}).status_code in {200, 422}, moment


def test_no_body_is_a_surprise(api: httpx.Client) -> None:
    as_json = {"Content-Type": "application/json"}
    for raw in (
        b"",
        b"{",
        b"null",
        b"[]",
        b'"a"',
        b"1e999",
        b'{"slug": "\\ud800", "name": "x"}',
        b"\xff\xfe",
        b"\xc3(",
        b"[" * 2000,
    ):
        refused = api.post("/topics", content=raw, headers=as_json)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), raw
    assert api.post("/topics", data={"slug": "knee"}).status_code == 422
    assert api.post("/topics", json={"slug": "knee", "name": "Knee"}, headers={"Idempotency-Key": "k" * 201}).is_error
    assert api.get("/topics").json()["items"] == []
