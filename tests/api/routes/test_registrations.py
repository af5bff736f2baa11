"""What tokens do with registrations."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
from sqlmodel import col, select

from tests.api.conftest import Caller
from tests.factories import Factory
from tests.support.scheduling import tick
from tests.webinars.services.test_suppressions import ANA, mark
from webinars.rules.visits import journey
from webinars.services import registrations
from webinars.tables import AuditEntry
from webinars.terms import RegistrationStatus, Scope
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

ANY = {"If-Match": "*"}


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _ids(page: httpx.Response) -> list[str]:
    return [item["id"] for item in page.json()["items"]]


def test_a_token_reads_a_registration_in_full(api: httpx.Client, factory: Factory) -> None:
    session = factory.session().session
    made = factory.registration(
        session.id, "Ana@Mail.example", phone="+1 303 555 0134", source=journey({"src": "blog"})
    )
    item = api.get(f"/registrations/{made.registration.id}").json()
    assert item == {
        "id": str(made.registration.id),
        "session_id": str(session.id),
        "status": "confirmed",
        "email": "Ana@Mail.example",
        "name": "Ana Núñez",
        "phone": "+1 303 555 0134",
        "timezone": "America/Denver",
        "locale": "en-US",
        "seats": 1,
        "question": None,
        "answers": [],
        "source": {"src": "blog"},
        "created_at": "2026-03-02T15:00:00Z",
        "updated_at": "2026-03-02T15:00:00Z",
        "confirmed_at": "2026-03-02T15:00:00Z",
        "waitlisted_at": None,
        "offered_at": None,
        "offer_expires_at": None,
        "withdrawn_at": None,
        "replaces_id": None,
        "calendar_reply": None,
        "calendar_replied_at": None,
        "mail_problem": None,
        "erased_at": None,
        "version": 1772463600000000,
    }
    listed = api.get(f"/sessions/{session.id}/registrations")
    assert listed.json() == {"items": [item], "next": None, "limit": 50}


def test_a_marked_address_is_seen_and_opened_again(
    api: httpx.Client, caller: Caller, process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    first, second = (factory.registration(factory.session().session.id, ANA) for _ in range(2))
    path, other = (f"/registrations/{made.registration.id}" for made in (first, second))
    mark(process, ANA)
    tick(process, factory.now)
    assert mailer.mails == []
    assert [api.get(each).json()["mail_problem"] for each in (path, other)] == ["bounced", "bounced"]
    reader = caller(Scope.registrations_read)
    assert _refusal(reader.delete(f"{path}/mail-problem")) == (403, "not_allowed")
    assert api.get(path).json()["mail_problem"] == "bounced"

    assert [api.delete(f"{path}/mail-problem").status_code for _ in range(2)] == [204, 204]
    assert [api.get(each).json()["mail_problem"] for each in (path, other)] == [None, None]
    tick(process, factory.now)
    assert [mail.subject.partition(":")[0] for mail in mailer.to(ANA)] == ["Confirmed"]
    with process.read() as work:
        notes = work.db.scalars(select(AuditEntry).where(col(AuditEntry.action) == "suppression.lift")).all()
        assert [(note.actor.partition(":")[0], note.subject_id) for note in notes] == [("token", first.registration.id)]
    assert _refusal(api.delete(f"/registrations/{UUID(int=1)}/mail-problem")) == (404, "not_found")


def test_a_list_is_walked_by_cursor_and_narrowed(api: httpx.Client, factory: Factory, clock: SetClock) -> None:
    session = factory.session(capacity=3).session
    made = [str(factory.registration(session.id).registration.id) for _ in range(7)]
    path, pages, cursor = f"/sessions/{session.id}/registrations", [], None
    while cursor is not None or not pages:
        page = api.get(path, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        pages.append(_ids(page))
        cursor = page.json()["next"]
    assert pages == [made[:3], made[3:6], made[6:]]

    assert _ids(api.get(path, params={"status": "confirmed"})) == made[:3]
    assert _ids(api.get(path, params={"status": ["confirmed", "waitlisted"]})) == made
    clock.advance(timedelta(minutes=5))
    api.patch(f"/registrations/{made[4]}", json={"name": "Bo"}, headers=ANY)
    assert _ids(api.get(path, params={"modified_since": "2026-03-02T15:00:01Z"})) == [made[4]]
    assert _ids(api.get(path, params={"modified_since": "2026-03-02T15:00:00Z"})) == made
    assert api.get(path, params={"status": "confused"}).status_code == 422


def test_facts_are_put_right_under_their_version(api: httpx.Client, factory: Factory) -> None:
    made = factory.registration(factory.session().session.id, phone="+1 303 555 0134").registration
    path = f"/registrations/{made.id}"
    before = api.get(path)
    change = {"name": " Ana  Núñez-Ortiz ", "phone": None, "timezone": "America/New_York", "locale": "es-US"}
    assert api.patch(path, json=change).status_code == 428
    changed = api.patch(path, json=change, headers={"If-Match": before.headers["etag"]})
    version = before.json()["version"] + 1
    assert changed.json() == before.json() | change | {
        "name": "Ana Núñez-Ortiz",
        "updated_at": "2026-03-02T15:00:00.000001Z",
        "version": version,
    }
    assert changed.headers["etag"] == f'"{version}"'
    stale = api.patch(path, json=change, headers={"If-Match": before.headers["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert api.get(path).json() == changed.json()


def test_what_a_registrant_cannot_be_is_refused(api: httpx.Client, factory: Factory) -> None:
    made = factory.registration(factory.session().session.id).registration
    path = f"/registrations/{made.id}"
    for change, code in (
        ({"timezone": "Mars/Olympus"}, "unknown_timezone"),
        ({"email": "nobody"}, "invalid_field"),
        ({"email": None}, "invalid_request"),
        ({"name": "\u202e"}, "invalid_field"),
        ({"status": "withdrawn"}, "invalid_request"),
        ({"seats": 2}, "invalid_request"),
    ):
        refused = api.patch(path, json=change, headers=ANY)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_new_address_gets_the_invite_and_ends_the_old_links(
    api: httpx.Client, public: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    made = factory.registration(session.id, "anna@mail.example").registration
    tick(process, clock.now())
    clock.advance(timedelta(minutes=1))
    change = {"email": "ana@mail.example"}
    assert api.patch(f"/registrations/{made.id}", json=change, headers=ANY).json()["email"] == "ana@mail.example"
    tick(process, clock.now())
    assert [mail.recipient for mail in mailer.mails] == ["anna@mail.example", "ana@mail.example"]

    body = {"name": "Ana", "timezone": "America/Denver"}
    again = api.post(f"/sessions/{session.id}/registrations", json=body | {"email": "ANA@mail.example"})
    assert (again.status_code, again.json()["id"]) == (200, str(made.id))
    assert api.post(f"/sessions/{session.id}/registrations", json=body | {"email": "anna@mail.example"}).is_success
    with process.read() as work:
        assert registrations.get_registration(work, made.id)[0].link_version == 1


def test_the_same_address_in_other_letters_sends_nothing(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    made = factory.registration(factory.session().session.id, "ana@mail.example").registration
    tick(process, clock.now())
    clock.advance(timedelta(minutes=1))
    changed = api.patch(f"/registrations/{made.id}", json={"email": "Ana@mail.example"}, headers=ANY)
    assert changed.json()["email"] == "Ana@mail.example"
    tick(process, clock.now())
    assert len(mailer.mails) == 1


def test_an_address_belongs_to_one_registration_of_a_session(api: httpx.Client, factory: Factory) -> None:
    session = factory.session().session
    factory.registration(session.id, "ana@mail.example")
    other = factory.registration(session.id, "bo@mail.example").registration
    elsewhere = factory.registration(factory.session().session.id, "bo@mail.example").registration
    change = {"email": "ANA@mail.example"}
    refused = api.patch(f"/registrations/{other.id}", json=change, headers=ANY)
    assert (refused.status_code, refused.json()["code"]) == (409, "address_taken")
    assert api.get(f"/registrations/{other.id}").json()["email"] == "bo@mail.example"
    assert api.patch(f"/registrations/{elsewhere.id}", json=change, headers=ANY).status_code == 200


def test_cancelling_frees_the_seat_for_the_line(api: httpx.Client, factory: Factory) -> None:
    session = factory.session(capacity=1).session
    first, second = (factory.registration(session.id).registration.id for _ in range(2))
    cancelled = api.post(f"/registrations/{first}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "withdrawn")
    assert cancelled.headers["etag"] == f'"{cancelled.json()["version"]}"'
    assert api.get(f"/registrations/{second}").json()["status"] == "offered"
    assert api.post(f"/registrations/{first}/cancel").json() == cancelled.json()


def test_an_offered_seat_is_taken_in_time_or_goes_on(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock
) -> None:
    session = factory.session(capacity=2).session
    paths = [f"/registrations/{factory.registration(session.id).registration.id}" for _ in range(5)]
    assert _refusal(api.post(f"{paths[2]}/accept")) == (409, "offer_gone")
    for path in paths[:2]:
        api.post(f"{path}/cancel")
    offered = api.get(paths[2]).json()
    assert (offered["status"], offered["offered_at"]) == ("offered", "2026-03-02T15:00:00Z")
    assert offered["offer_expires_at"] == "2026-03-03T15:00:00Z"

    taken = api.post(f"{paths[2]}/accept")
    assert (taken.status_code, taken.json()["status"], taken.json()["offer_expires_at"]) == (200, "confirmed", None)
    assert taken.headers["etag"] == f'"{taken.json()["version"]}"'
    assert api.post(f"{paths[2]}/accept").json() == taken.json()

    clock.advance(timedelta(days=1))
    tick(process, clock.now())
    assert [api.get(path).json()["status"] for path in paths[3:]] == ["lapsed", "offered"]
    assert _refusal(api.post(f"{paths[3]}/accept")) == (409, "offer_gone")
    assert _refusal(api.post(f"{paths[0]}/accept")) == (409, "registration_not_active")


def test_a_move_gives_the_old_seat_up_for_a_new_one(api: httpx.Client, factory: Factory) -> None:
    slug = factory.webinar("knee-options")
    here, there = (factory.session(slug, starts_in=timedelta(days=day), capacity=1).session for day in (7, 14))
    old = factory.registration(here.id, "ana@mail.example").registration
    waiting = factory.registration(here.id).registration
    path, body, key = f"/registrations/{old.id}/move", {"session_id": str(there.id)}, {"Idempotency-Key": "m1"}
    moved = api.post(path, json=body, headers=key)
    new = moved.json()["registration"]
    assert (moved.status_code, moved.json()["kept"], new["status"]) == (200, False, "confirmed")
    assert (new["session_id"], new["email"]) == (str(there.id), "ana@mail.example")
    assert moved.headers["etag"] == f'"{new["version"]}"'
    assert api.get(f"/registrations/{old.id}").json()["status"] == "withdrawn"
    assert api.get(f"/registrations/{waiting.id}").json()["status"] == "offered"
    again = api.post(path, json=body, headers=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (moved.json(), "true")
    assert api.post(path, json=body).json() == moved.json()  # twice is once without a key, too
    assert len(api.get(f"/sessions/{there.id}/registrations").json()["items"]) == 1


def test_a_move_to_a_full_session_keeps_the_seat_until_there_is_one(api: httpx.Client, factory: Factory) -> None:
    slug = factory.webinar("knee-options")
    here, there = (factory.session(slug, starts_in=timedelta(days=day), capacity=1).session for day in (7, 14))
    old = factory.registration(here.id, "ana@mail.example").registration
    taken = factory.registration(there.id).registration
    path = f"/registrations/{old.id}"
    moved = api.post(f"{path}/move", json={"session_id": str(there.id)})
    new = moved.json()["registration"]
    assert (moved.json()["kept"], new["status"], new["replaces_id"]) == (True, "waitlisted", str(old.id))
    assert api.get(path).json()["status"] == "confirmed"
    assert api.post(f"{path}/move", json={"session_id": str(there.id)}).json() == moved.json()
    api.post(f"/registrations/{taken.id}/cancel")
    assert api.post(f"/registrations/{new['id']}/accept").json()["status"] == "confirmed"
    assert api.get(path).json()["status"] == "withdrawn"


def test_moves_that_cannot_be_are_refused(api: httpx.Client, factory: Factory) -> None:
    slug = factory.webinar("knee-options")
    here, there, full = (factory.session(slug, capacity=1, waitlist_open=False).session for _ in range(3))
    other = factory.webinar("hip-options")
    foreign, elsewhere = factory.session(other).session, factory.session(other).session
    old = factory.registration(here.id, "ana@mail.example").registration
    factory.registration(there.id, "ana@mail.example")
    factory.registration(full.id)
    gone = factory.registration(foreign.id).registration
    api.post(f"/registrations/{gone.id}/cancel")
    for registration, session_id, expected in (
        (old, here.id, (422, "invalid_field")),
        (old, foreign.id, (422, "invalid_field")),
        (old, there.id, (409, "already_registered")),
        (old, full.id, (409, "session_full")),
        (old, old.id, (404, "not_found")),
        (gone, elsewhere.id, (409, "registration_not_active")),
    ):
        refused = api.post(f"/registrations/{registration.id}/move", json={"session_id": str(session_id)})
        assert _refusal(refused) == expected
    for body in ({}, {"session_id": "none"}, {"session_id": str(there.id), "by_host": True}):
        assert _refusal(api.post(f"/registrations/{old.id}/move", json=body)) == (422, "invalid_request")
    assert api.get(f"/registrations/{old.id}").json()["status"] == "confirmed"


def test_giving_up_is_undone_for_ten_minutes(api: httpx.Client, factory: Factory, clock: SetClock) -> None:
    session = factory.session(capacity=1).session
    first, second = (factory.registration(session.id).registration.id for _ in range(2))
    api.post(f"/registrations/{second}/cancel")
    api.post(f"/registrations/{first}/cancel")
    clock.advance(timedelta(minutes=9))
    back = api.post(f"/registrations/{first}/undo")
    assert (back.status_code, back.json()["status"], back.json()["withdrawn_at"]) == (200, "confirmed", None)
    assert api.post(f"/registrations/{first}/undo").json() == back.json()
    assert api.post(f"/registrations/{second}/undo").json()["status"] == "waitlisted"
    api.post(f"/registrations/{first}/cancel")
    clock.advance(timedelta(minutes=10))
    assert _refusal(api.post(f"/registrations/{first}/undo")) == (409, "undo_too_late")


def test_who_left_is_let_in_again(api: httpx.Client, factory: Factory) -> None:
    session = factory.session(capacity=1).session
    first, second = (f"/registrations/{factory.registration(session.id).registration.id}" for _ in range(2))
    assert _refusal(api.post(f"{first}/readmit")) == (409, "registration_not_active")
    api.post(f"{first}/decline")
    assert api.get(second).json()["status"] == "offered"
    assert api.post(f"{first}/readmit").json()["status"] == "waitlisted"
    api.post(f"{first}/cancel")
    api.post(f"{second}/cancel")
    assert api.post(f"{first}/readmit").json()["status"] == "confirmed"


def test_erasing_everywhere_takes_all_registrations_of_the_person(api: httpx.Client, factory: Factory) -> None:
    here, there, bo = (
        factory.registration(factory.session().session.id, email).registration.id
        for email in ("ana@mail.example", "ana@mail.example", "bo@mail.example")
    )
    answer = api.post(f"/registrations/{here}/erase", params={"everywhere": "true"})
    assert (answer.status_code, answer.json()["email"]) == (200, "")
    erased = {each: api.get(f"/registrations/{each}").json()["erased_at"] is not None for each in (here, there, bo)}
    assert erased == {here: True, there: True, bo: False}


def test_erasing_leaves_a_number_and_nobody(api: httpx.Client, factory: Factory, process: Process) -> None:
    session = factory.session(capacity=1).session
    first, second = (
        factory.registration(session.id, email, phone="+1 303 555 0134", source=journey({"src": "blog"})).registration
        for email in ("ana@mail.example", "bo@mail.example")
    )
    erased = api.post(f"/registrations/{first.id}/erase")
    facts = erased.json()
    assert (erased.status_code, facts["status"], facts["erased_at"]) == (200, "withdrawn", "2026-03-02T15:00:00Z")
    assert [facts[name] for name in ("email", "name", "phone", "timezone", "locale")] == ["", "", None, "", ""]
    assert facts["source"] == {"src": "blog"}  # tells of a link, and counts
    assert api.post(f"/registrations/{first.id}/erase").json() == facts
    assert api.get(f"/registrations/{second.id}").json()["status"] == "offered"
    assert _refusal(api.post(f"/registrations/{first.id}/readmit")) == (409, "registration_not_active")
    assert _refusal(api.patch(f"/registrations/{first.id}", json={"name": "Bo"}, headers=ANY))[0] == 409
    listed = api.get(f"/sessions/{session.id}/registrations")
    assert "ana@mail.example" not in listed.text
    assert len(listed.json()["items"]) == 2


def test_nothing_is_cancelled_after_the_start(api: httpx.Client, factory: Factory, clock: SetClock) -> None:
    made = factory.registration(factory.session().session.id).registration
    clock.advance(timedelta(days=8))
    refused = api.post(f"/registrations/{made.id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "session_started")


def test_pending_registrations_are_approved_or_declined(api: httpx.Client, factory: Factory) -> None:
    session = factory.session(factory.webinar(needs_approval=True), capacity=1).session
    made = [factory.registration(session.id).registration.id for _ in range(3)]

    def answer(number: int, verb: str) -> tuple[int, str]:
        response = api.post(f"/registrations/{made[number]}/{verb}")
        return response.status_code, response.json()["status"] if response.is_success else response.json()["code"]

    assert answer(0, "approve") == (200, "confirmed")
    assert answer(0, "approve") == (409, "registration_not_active")
    assert answer(1, "approve") == (200, "waitlisted")
    assert answer(2, "decline") == (200, "declined")
    assert answer(2, "decline") == (409, "registration_not_active")
    assert answer(0, "decline") == (200, "declined")
    assert api.get(f"/registrations/{made[1]}").json()["status"] == "offered"


def test_a_mail_is_sent_again_once_an_hour(
    api: httpx.Client, factory: Factory, process: Process, clock: SetClock, mailer: MemoryMailer
) -> None:
    made = factory.registration(factory.session().session.id).registration
    tick(process, clock.now())

    def resend() -> tuple[int, bool, int]:
        clock.advance(timedelta(minutes=1))
        response = api.post(f"/registrations/{made.id}/resend")
        tick(process, clock.now())
        return response.status_code, response.json()["planned"], len(mailer.mails)

    assert resend() == (202, True, 2)
    assert resend() == (202, False, 2)
    clock.advance(timedelta(hours=1))
    assert resend() == (202, True, 3)
    api.post(f"/registrations/{made.id}/cancel")
    assert api.post(f"/registrations/{made.id}/resend").status_code == 409


def test_deeds_of_tokens_are_noted(api: httpx.Client, factory: Factory, process: Process) -> None:
    slug = factory.webinar("knee-options")
    made = factory.registration(factory.session(slug).session.id).registration
    api.patch(f"/registrations/{made.id}", json={"name": "Bo", "locale": "de"}, headers=ANY)
    api.post(f"/registrations/{made.id}/resend")
    api.post(f"/registrations/{made.id}/decline")
    api.post(f"/registrations/{made.id}/readmit")
    api.post(f"/registrations/{made.id}/accept")
    api.post(f"/registrations/{made.id}/cancel")
    api.post(f"/registrations/{made.id}/undo")
    other = factory.session(slug).session
    api.post(f"/registrations/{made.id}/move", json={"session_id": str(other.id)})
    api.post(f"/registrations/{made.id}/erase")
    with process.read() as work:
        entries = work.db.scalars(select(AuditEntry).where(col(AuditEntry.subject_id) == made.id)).all()
    assert sorted((entry.action, tuple(entry.fields), entry.actor.split(":")[0]) for entry in entries) == [
        ("registration.accept", (), "token"),
        ("registration.cancel", (), "token"),
        ("registration.decline", (), "token"),
        ("registration.erase", (), "token"),
        ("registration.move", (), "token"),
        ("registration.readmit", (), "token"),
        ("registration.resend", (), "token"),
        ("registration.undo", (), "token"),
        ("registration.update", ("locale", "name"), "token"),
    ]


def test_what_is_wrong_is_named_but_never_repeated(api: httpx.Client, public: httpx.Client, factory: Factory) -> None:
    made = factory.registration(factory.session().session.id).registration
    planted = "planted-7f3a"
    body = {"email": {planted: 1}, "name": [planted], "timezone": 7, "locale": planted * 20, "seats": planted}
    for response in (
        public.post(f"/sessions/{made.session_id}/registrations", json=body),
        public.post(f"/sessions/{planted}/registrations", json=body),
        api.patch(f"/registrations/{made.id}", json={"name": planted * 40, "timezone": f"{planted}\x00"}, headers=ANY),
        api.patch(f"/registrations/{made.id}", json={"email": planted, "timezone": planted}, headers=ANY),
        public.get("/sessions", params={"from": planted, "limit": planted, "cursor": planted}),
    ):
        assert response.status_code == 422
        assert planted not in response.text
    fields = {
        item["field"] for item in public.post(f"/sessions/{made.session_id}/registrations", json=body).json()["errors"]
    }
    assert fields == {"email", "name", "timezone", "locale", "seats"}


def test_one_call_registers_for_several_sessions(api: httpx.Client, public: httpx.Client, factory: Factory) -> None:
    slug = factory.webinar("knee-options")
    first, full, third = (
        factory.session(slug, starts_in=timedelta(days=day), capacity=1, waitlist_open=False).session
        for day in (1, 2, 3)
    )
    factory.session(slug, starts_in=timedelta(days=4))
    factory.registration(full.id)
    body = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}
    wanted = body | {"sessions": [str(item.id) for item in (third, full, first)]}
    answered = public.post(f"/webinars/{slug}/registrations", json=wanted)
    assert answered.status_code == 201
    one, problem, other = answered.json()["items"]
    assert (one["status"], one["session"]["id"], set(one)) == ("confirmed", str(third.id), {"status", "session"})
    assert other["session"]["id"] == str(first.id)
    assert problem == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "session_full",
        "detail": "This session is full and has no waitlist.",
        "session_id": str(full.id),
    }
    refused = public.post(f"/webinars/{slug}/registrations", json=body | {"sessions": [str(full.id)]})
    assert (refused.status_code, [item["code"] for item in refused.json()["items"]]) == (200, ["session_full"])


def test_all_are_those_to_come_of_this_webinar(api: httpx.Client, factory: Factory, clock: SetClock) -> None:
    slug = factory.webinar("knee-options")
    past = factory.session(slug, starts_in=timedelta(hours=1)).session
    cancelled, coming = factory.session(slug).session, factory.session(slug).session
    foreign = factory.session().session
    api.post(f"/sessions/{cancelled.id}/cancel")
    clock.advance(timedelta(hours=2))
    body = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver"}
    answered = api.post(f"/webinars/{slug}/registrations", json=body | {"sessions": "all"})
    assert (answered.status_code, [item["session"]["id"] for item in answered.json()["items"]]) == (
        201,
        [str(coming.id)],
    )
    again = api.post(f"/webinars/{slug}/registrations", json=body | {"sessions": "all"})
    assert (again.status_code, again.json()["items"][0]["id"]) == (200, answered.json()["items"][0]["id"])
    late = api.post(f"/webinars/{slug}/registrations", json=body | {"sessions": [str(past.id), str(cancelled.id)]})
    assert [item["code"] for item in late.json()["items"]] == ["session_started", "session_cancelled"]
    mixed = api.post(f"/webinars/{slug}/registrations", json=body | {"sessions": [str(coming.id), str(foreign.id)]})
    assert (mixed.status_code, mixed.json()["code"]) == (404, "not_found")
    assert api.get(f"/sessions/{foreign.id}/registrations").json()["items"] == []


def test_several_sessions_are_registered_for_once_per_key(api: httpx.Client, factory: Factory) -> None:
    slug = factory.webinar("knee-options")
    sessions = [factory.session(slug).session for _ in range(2)]
    body = {"email": "ana@mail.example", "name": "Ana", "timezone": "America/Denver", "sessions": "all"}
    path, headers = f"/webinars/{slug}/registrations", {"Idempotency-Key": "k1"}
    first, again = (api.post(path, json=body, headers=headers) for _ in range(2))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    other = api.post(path, json=body | {"name": "Bo"}, headers=headers)
    assert [item["code"] for item in other.json()["items"]] == ["idempotency_mismatch"] * 2
    for session in sessions:
        listed = api.get(f"/sessions/{session.id}/registrations").json()["items"]
        assert [item["status"] for item in listed] == [RegistrationStatus.confirmed]
