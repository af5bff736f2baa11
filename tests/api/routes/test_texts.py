from __future__ import annotations

from typing import get_args

import httpx

from api.schemas.texts import Language
from tests.api.conftest import Caller
from tests.factories import Factory
from webinars.terms import Scope
from webinars.translations import LANGUAGES

ANY = {"If-Match": "*"}
WORDS = {"subject": "Welcome: {{ title }}", "body": "Dear {{ name }}."}


def test_words_are_written_read_replaced_and_taken_away(api: httpx.Client, factory: Factory) -> None:
    webinar = factory.webinar()
    path = f"/message-texts/confirmation/es?webinar={webinar}"
    assert api.get(path).status_code == 404
    assert api.put(path, json=WORDS).json()["code"] == "version_missing"
    made = api.put(path, json=WORDS, headers={"If-Match": '"0"'})
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    text = made.json()
    assert text == WORDS | {
        "webinar": webinar,
        "kind": "confirmation",
        "locale": "es",
        "version": 1,
        "updated_at": text["updated_at"],
    }
    assert api.get(path).json() == text
    assert api.get(f"/message-texts?webinar={webinar}").json() == {"items": [text], "next": None, "limit": 200}
    assert api.get("/message-texts").json()["items"] == []
    late = api.put(path, json=WORDS, headers={"If-Match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    assert api.put(path, json={"body": "Hello."}, headers={"If-Match": '"1"'}).json()["subject"] == ""
    assert api.delete(path, headers={"If-Match": '"1"'}).status_code == 412
    assert api.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    assert api.get(path).status_code == 404


def test_what_cannot_be_said_is_refused_with_the_reason(api: httpx.Client) -> None:
    refused = api.put("/message-texts/reminder/en", json={"body": "{{ nmae }}"}, headers=ANY)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "invalid_field", "body")
    assert "{{ presenters }}" in refused.json()["detail"]
    told = api.put("/message-texts/reminder/es", json={"subject": "Su rodilla"}, headers=ANY)
    assert told.json()["field"] == "subject"
    assert "rodilla" in told.json()["detail"]
    for path, body in (
        ("/message-texts/reminder/de", WORDS),
        ("/message-texts/nothing/en", WORDS),
        ("/message-texts/reminder/en", WORDS | {"more": 1}),
        ("/message-texts/reminder/en", {"subject": "one\nBcc: x@x.example"}),
        ("/message-texts/alert/en", WORDS),
    ):
        assert api.put(path, json=body, headers=ANY).status_code == 422, path
    assert api.put("/message-texts/reminder/en?webinar=nothing", json=WORDS, headers=ANY).status_code == 404


def test_the_api_takes_every_language_there_is() -> None:
    assert get_args(Language) == LANGUAGES


def test_a_preview_has_both_forms_and_keeps_nothing(api: httpx.Client) -> None:
    shown = api.post("/message-texts/preview", json={"kind": "confirmation", "locale": "es", "words": WORDS}).json()
    assert shown["subject"] == "Welcome: Su seminario web"
    assert "Dear Maria Example." in shown["plain"]
    assert '<html lang="es"' in shown["html"]
    assert api.get("/message-texts").json()["items"] == []
    refused = api.post("/message-texts/preview", json={"kind": "confirmation", "words": {"body": "{{ x }}"}})
    assert refused.status_code == 422


def test_a_registrants_own_mail_takes_the_scope_for_their_links(caller: Caller, factory: Factory) -> None:
    registration_id = factory.registration(factory.session().session.id).registration.id
    body = {"kind": "confirmation", "registration_id": str(registration_id)}
    refused = caller(Scope.messages_write).post("/message-texts/preview", json=body)
    assert (refused.status_code, refused.json()["scope"]) == (403, "registrations:write")
    shown = caller(Scope.messages_write, Scope.registrations_write).post("/message-texts/preview", json=body).json()
    assert "Ana Núñez" in shown["plain"]
    assert "/m/" in shown["plain"]
