from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.api.conftest import Caller
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.services import questions
from webinars.tables import AuditEntry
from webinars.terms import PublicationStatus, Scope, Sensitivity
from webinars.work import Process

SIDES = [{"key": "left", "label": "Left knee"}, {"key": "right", "label": "Right knee"}]
SIDE = {"kind": "choice", "label": "Which knee?", "choices": SIDES}
PATH = "/webinars/knee-options/questions"
ANA = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}
THINNERS = "Ximelagatran"
RATTLE = "Does the zirconium implant rattle?"


@pytest.fixture(autouse=True)
def webinar(factory: Factory) -> str:
    return factory.webinar("knee-options")


def test_a_question_is_made_listed_changed_moved_and_deleted(api: httpx.Client, public: httpx.Client) -> None:
    made = api.post(PATH, json=SIDE)
    side = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    moments = {"created_at": side["created_at"], "updated_at": side["updated_at"], "retired_at": None}
    defaults = {"help": "", "is_required": False, "show_if": None, "sensitivity": "general", "version": 1}
    assert side == SIDE | defaults | moments | {"id": side["id"]}
    hidden = moments.keys() | {"version"}
    assert public.get(PATH).json() == {
        "items": [{name: value for name, value in side.items() if name not in hidden}],
        "next": None,
        "limit": 200,
    }
    more = {"kind": "text", "label": "More?", "show_if": {"question_id": side["id"], "values": ["left"]}}
    hanging = api.post(PATH, json=more).json()
    assert hanging["show_if"] == more["show_if"]

    changed = api.patch(f"{PATH}/{side['id']}", json={"label": "Which side?"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["label"]) == (200, '"2"', "Which side?")
    stale = api.patch(f"{PATH}/{side['id']}", json={"label": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert api.patch(f"{PATH}/{side['id']}", json={"label": "x"}).status_code == 428

    depends = api.patch(f"{PATH}/{hanging['id']}", json={"position": 1}, headers={"If-Match": "*"})
    assert (depends.status_code, depends.json()["code"]) == (409, "condition_broken")
    assert api.delete(f"{PATH}/{side['id']}").json()["code"] == "condition_broken"
    freed = {"show_if": None, "position": 1}
    assert api.patch(f"{PATH}/{hanging['id']}", json=freed, headers={"If-Match": "*"}).status_code == 200
    assert [item["label"] for item in public.get(PATH).json()["items"]] == ["More?", "Which side?"]
    assert api.delete(f"{PATH}/{side['id']}").status_code == 204
    assert api.delete(f"{PATH}/{side['id']}").status_code == 404
    assert [item["label"] for item in api.get(PATH).json()["items"]] == ["More?"]


def test_only_who_writes_the_catalogue_sees_what_is_not_public(
    api: httpx.Client, public: httpx.Client, factory: Factory
) -> None:
    factory.webinar("idea", status=PublicationStatus.draft)
    assert api.post("/webinars/idea/questions", json=SIDE).status_code == 201
    assert public.get("/webinars/idea/questions").status_code == 404
    assert len(api.get("/webinars/idea/questions").json()["items"]) == 1
    assert public.get("/webinars/nothing/questions").status_code == 404


def test_a_retired_question_is_seen_by_hosts_alone(api: httpx.Client, public: httpx.Client, factory: Factory) -> None:
    session_id = factory.session("knee-options").session.id
    question = factory.question("knee-options")
    factory.registration(session_id, answers={str(question): "words"})
    assert api.delete(f"{PATH}/{question}").status_code == 204
    assert public.get(PATH).json()["items"] == []
    (kept,) = api.get(PATH).json()["items"]
    assert kept["retired_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert api.patch(f"{PATH}/{question}", json={"label": "x"}, headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"kind": "text", "label": "x", "choices": SIDES}, "invalid_field", "choices"),
        ({"kind": "choice", "label": "x"}, "invalid_field", "choices"),
        ({"kind": "choice", "label": "x", "choices": [SIDES[0]] * 2}, "invalid_field", "choices"),
        ({"kind": "text", "label": " \u202e"}, "invalid_field", "label"),
        (SIDE | {"show_if": {"question_id": str(uuid4()), "values": [True]}}, "invalid_field", "show_if"),
        (SIDE | {"show_if": {"question_id": str(uuid4()), "values": []}}, "invalid_request", None),
        (SIDE | {"show_if": {"question_id": "x", "values": [True]}}, "invalid_request", None),
        (SIDE | {"choices": [SIDES[0], {"key": "Right Knee", "label": "x"}]}, "invalid_request", None),
        (SIDE | {"choices": [SIDES[0], {"key": "right"}]}, "invalid_request", None),
        (SIDE | {"kind": "colour"}, "invalid_request", None),
        (SIDE | {"label": "a\x00b"}, "invalid_request", None),
        (SIDE | {"position": 1}, "invalid_request", None),
        (SIDE | {"retired_at": None}, "invalid_request", None),
    ],
)
def test_what_cannot_be_asked_is_refused(api: httpx.Client, body: dict[str, Any], code: str, field: str | None) -> None:
    refused = api.post(PATH, json=body)
    assert (refused.status_code, refused.json()["code"], refused.json().get("field")) == (422, code, field)
    assert api.get(PATH).json()["items"] == []


def test_a_question_asked_twice_with_one_key_is_asked_once(api: httpx.Client) -> None:
    answers = [api.post(PATH, json=SIDE, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(api.get(PATH).json()["items"]) == 1


# --- Answers


def register(client: httpx.Client, session_id: object, answers: dict[str, Any], **more: str) -> httpx.Response:
    return client.post(f"/sessions/{session_id}/registrations", json=ANA | {"answers": answers} | more)


def test_answers_come_with_a_registration_and_are_read_by_token(
    api: httpx.Client, public: httpx.Client, factory: Factory
) -> None:
    session_id = factory.session("knee-options").session.id
    side = str(factory.question("knee-options", "choice", "Which knee?"))
    scores = str(factory.question("knee-options", "number", "How bad?"))
    assert register(public, session_id, {side: "left", scores: 7}).status_code == 201
    (item,) = api.get(f"/sessions/{session_id}/registrations").json()["items"]
    assert item["answers"] == [
        {"question_id": side, "asked": "Which knee?", "value": "left", "text": "Left knee", "sensitivity": "general"},
        {"question_id": scores, "asked": "How bad?", "value": 7, "text": "7", "sensitivity": "general"},
    ]
    assert api.get(f"/registrations/{item['id']}").json() == item


def test_wrong_answers_are_refused_with_their_field(api: httpx.Client, factory: Factory) -> None:
    session_id = factory.session("knee-options").session.id
    needed = str(factory.question("knee-options", "choice", "Which knee?", is_required=True))
    unknown = str(uuid4())
    for answers, field in (
        ({}, f"answers.{needed}"),
        ({needed: None}, f"answers.{needed}"),
        ({needed: "up"}, f"answers.{needed}"),
        ({needed: ["left"]}, f"answers.{needed}"),
        ({needed: True}, f"answers.{needed}"),
        ({needed: "left", unknown: "x"}, f"answers.{unknown}"),
    ):
        refused = register(api, session_id, answers)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
        assert refused.json()["field"] == field
    for answers in ({"name": "x"}, {needed: {"a": 1}}, {needed: [1]}, {str(uuid4()): 1 for _ in range(21)}):
        assert register(api, session_id, answers).json()["code"] == "invalid_request"
    assert api.get(f"/sessions/{session_id}/registrations").json()["items"] == []


def test_no_answer_is_a_surprise(api: httpx.Client, factory: Factory) -> None:
    session_id = factory.session("knee-options").session.id
    names = [str(factory.question("knee-options", kind)) for kind in ("text", "choices", "number", "yes_no", "date")]
    for raw in (r'"\ud800"', r'"a\u0000b"', r'["\ud800"]', "NaN", "1e999", "9" * 400, '"' + "9" * 5000 + '"', "[[]]"):
        for name in names:
            body = '{"email": "a@mail.example", "name": "A", "timezone": "America/Denver", "answers": {"%s": %s}}'
            answer = api.post(
                f"/sessions/{session_id}/registrations",
                content=body % (name, raw),
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code in {200, 201, 422}, (raw, answer.text)


def test_where_nothing_is_asked_nothing_may_be_answered(public: httpx.Client, factory: Factory) -> None:
    refused = register(public, factory.session("knee-options").session.id, {str(uuid4()): "x"})
    assert (refused.status_code, refused.json()["field"]) == (422, "answers")


def test_several_sessions_are_answered_at_once(api: httpx.Client, public: httpx.Client, factory: Factory) -> None:
    ids = [str(factory.session("knee-options").session.id) for _ in range(2)]
    question = str(factory.question("knee-options"))
    body = ANA | {"sessions": "all", "answers": {question: "words"}}
    assert public.post("/webinars/knee-options/registrations", json=body).status_code == 201
    for session_id in ids:
        (item,) = api.get(f"/sessions/{session_id}/registrations").json()["items"]
        assert [answer["text"] for answer in item["answers"]] == ["words"]


def test_health_answers_need_a_scope_and_leave_a_note(
    caller: Caller, public: httpx.Client, factory: Factory, process: Process
) -> None:
    session_id = factory.session("knee-options").session.id
    plain = str(factory.question("knee-options"))
    health = str(factory.question("knee-options", sensitivity=Sensitivity.health))
    assert register(public, session_id, {plain: "words", health: THINNERS}, question=RATTLE).status_code == 201
    others = caller(*(scope for scope in Scope if scope is not Scope.health_read))
    (item,) = others.get(f"/sessions/{session_id}/registrations").json()["items"]
    one = others.get(f"/registrations/{item['id']}")
    assert [answer["question_id"] for answer in item["answers"]] == [plain]
    assert one.json() == item
    everything = "".join(
        others.get(path).text for path in (PATH, f"/sessions/{session_id}/follow-ups", f"/sessions/{session_id}")
    )
    assert item["question"] is None
    assert not {word for word in (THINNERS, RATTLE) if word in one.text + everything}
    assert notes(process) == []

    reader = caller(Scope.registrations_read, Scope.health_read)
    (with_health,) = reader.get(f"/sessions/{session_id}/registrations").json()["items"]
    assert [answer["text"] for answer in with_health["answers"]] == ["words", THINNERS]
    assert with_health["answers"][1]["sensitivity"] == "health"
    assert with_health["question"] == RATTLE
    assert reader.get(f"/registrations/{item['id']}").json() == with_health
    assert [(str(note.subject_id), note.fields) for note in notes(process)] == [
        (str(session_id), ["health_value"]),
        (item["id"], ["health_value"]),
    ]
    assert all(note.actor.startswith("token:") for note in notes(process))
    assert caller(Scope.health_read).get(f"/registrations/{item['id']}").status_code == 403


def test_what_is_said_after_a_deed_holds_no_health_answer(api: httpx.Client, factory: Factory) -> None:
    """Such answers are kept for replays, and are not noted."""
    session_id = factory.session("knee-options").session.id
    health = str(factory.question("knee-options", sensitivity=Sensitivity.health))
    registered = register(api, session_id, {health: THINNERS})
    path = f"/registrations/{registered.json()['id']}"
    said = [
        registered,
        api.patch(path, json={"name": "Ana Maria"}, headers={"If-Match": "*"}),
        api.post(f"{path}/cancel"),
    ]
    assert [answer.status_code for answer in said] == [201, 200, 200]
    assert all(THINNERS not in answer.text for answer in said)
    assert THINNERS in api.get(path).text  # the control


def test_an_old_answer_reads_as_it_did(api: httpx.Client, factory: Factory, process: Process) -> None:
    session_id = factory.session("knee-options").session.id
    side = factory.question("knee-options", "choice", "Which knee?")
    register(api, session_id, {str(side): "left"})
    changes = {"label": "Which side?", "choices": [{"key": "up", "label": "Up"}, {"key": "left", "label": "Links"}]}
    with process.work() as work:
        questions.update_question(work, "knee-options", side, changes, version=None, actor=ACTOR, now=NOW)
    (item,) = api.get(f"/sessions/{session_id}/registrations").json()["items"]
    assert [(answer["asked"], answer["text"]) for answer in item["answers"]] == [("Which knee?", "Left knee")]


def notes(process: Process) -> list[AuditEntry]:
    with process.read() as work:
        entries = work.db.scalars(sa.select(AuditEntry).order_by(col(AuditEntry.id)))
        return [entry for entry in entries if entry.action == "answers.read_health"]
