"""Reminders at the console: set for a webinar, and for one of its sessions by itself."""

from __future__ import annotations

import html
import re
from uuid import UUID

import httpx
import pytest

from tests.api.pages.console.conftest import SignIn
from tests.factories import Factory
from webinars.services import reminder_rules
from webinars.tables import ReminderRule
from webinars.terms import Anchor, Audience, Role
from webinars.work import Process

PAGE = "/console/webinars/knee-options"
THREE_HOURS = {"days": "0", "hours": "3", "minutes": "0", "side": "before_start", "channel": "email"}


@pytest.fixture
def session_id(sqlite_factory: Factory) -> UUID:
    return sqlite_factory.session(sqlite_factory.webinar("knee-options")).session.id


def rules(process: Process, session_id: UUID) -> list[ReminderRule]:
    with process.read() as work:
        return reminder_rules.list_session_rules(work, session_id).rules


def test_a_reminder_is_added_to_a_webinar_and_shown(
    console: httpx.Client, sqlite_process: Process, session_id: UUID
) -> None:
    page = console.get(PAGE).text
    assert "24 h before" in page
    assert "whoever has not joined" in page
    form = console.get(f"{PAGE}/reminder-rules/new")
    assert form.status_code == 200
    added = console.post(f"{PAGE}/reminder-rules/new", data=THREE_HOURS | {"is_enabled": "true"})
    assert added.headers["location"] == f"{PAGE}?done=added"
    rule = rules(sqlite_process, session_id)[1]
    assert (rule.name, rule.offset_minutes, rule.is_enabled) == ("3 h before", -180, True)
    assert "3 h before" in console.get(PAGE).text
    reminders = console.get(f"/console/sessions/{session_id}/reminders").text
    assert "3 h before" in reminders
    assert 'href="#reminder-rules"' in reminders  # below a row for each registrant nobody would find them


def test_what_is_wrong_is_said_and_what_was_typed_stays(console: httpx.Client, session_id: UUID) -> None:
    typed = THREE_HOURS | {"is_for_absent": "true", "text_es": "Kept <b>"}
    page = console.post(f"{PAGE}/reminder-rules/new", data=typed)
    assert page.status_code == 422
    assert "known only after the start" in page.text
    assert "Kept &lt;b&gt;" in page.text
    assert (
        "Hours must be a whole number from 0 to 23."
        in console.post(f"{PAGE}/reminder-rules/new", data=typed | {"hours": "24"}).text
    )
    for nothing in ({"side": "x"}, {"version": "0"}):  # a form that came without its fields makes no rule either
        assert "Choose what the time counts from" in console.post(f"{PAGE}/reminder-rules/new", data=nothing).text


def test_it_is_changed_for_all_and_then_for_one_session(
    console: httpx.Client, sqlite_process: Process, session_id: UUID
) -> None:
    (path,) = re.findall(
        r'href="(/console/reminder-rules/[^"]+/edit)">Change<span[^>]*>: 1 h before', console.get(PAGE).text
    )
    form = console.get(path).text
    assert 'name="hours" type="text" value="1"' in form
    later = THREE_HOURS | {"hours": "0", "minutes": "45", "side": "after_end", "version": "1", "is_enabled": "true"}
    assert console.post(path, data=later).headers["location"] == f"{PAGE}?done=saved"
    rule = rules(sqlite_process, session_id)[-1]
    assert (rule.anchor, rule.offset_minutes, rule.audience) == (Anchor.end, 45, Audience.everyone)

    page = f"/console/sessions/{session_id}/reminders"
    before = html.unescape(console.get(page).text)
    assert "As set for its webinar" in before
    (own,) = re.findall(r'href="(/console/reminder-rules/[^"]+)">Change<span[^>]*>: 24 h before', before)
    data = THREE_HOURS | {"version": "1", "is_enabled": "true"}
    assert console.post(own, data=data).headers["location"] == f"{page}?done=saved"
    assert "This session has reminders of its own" in console.get(page).text
    assert "24 h before" in console.get(PAGE).text
    back = console.post(f"/console/sessions/{session_id}/reminder-rules/follow")
    assert back.headers["location"] == f"{page}?done=saved"
    assert "As set for its webinar" in console.get(page).text


def test_a_session_gets_one_more_and_loses_one(
    console: httpx.Client, sqlite_process: Process, session_id: UUID
) -> None:
    page = f"/console/sessions/{session_id}"
    added = console.post(f"{page}/reminder-rules/new", data=THREE_HOURS)
    assert added.headers["location"] == f"{page}/reminders?done=added"
    assert [rule.is_enabled for rule in rules(sqlite_process, session_id)][:2] == [True, False]
    assert '<span class="tag warn">Off</span>' in console.get(f"{page}/reminders").text
    first = rules(sqlite_process, session_id)[0]
    gone = console.post(f"/console/reminder-rules/{first.id}/delete?session_id={session_id}", data={"version": "1"})
    assert gone.headers["location"] == f"{page}/reminders?done=rule_deleted"
    assert "24 h before" not in [rule.name for rule in rules(sqlite_process, session_id)]
    assert "24 h before" in console.get(PAGE).text


def test_own_words_are_written_looked_at_and_kept_in_each_language(
    console: httpx.Client, sqlite_process: Process, session_id: UUID
) -> None:
    page = console.get(f"{PAGE}/reminder-rules/new")
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    looks = re.findall(r'formaction="([^"]+/look/\w+)" formtarget="look"', page.text)
    (frame,) = re.findall(r'<iframe[^>]+src="([^"]+)"', page.text)
    assert "Maria Example" in console.get(html.unescape(frame)).text
    typed = THREE_HOURS | {"text_en": "Soon, {{ name }}.", "text_es": "Pronto, {{ name }}.", "is_enabled": "true"}
    english, spanish = (console.post(path, data=typed) for path in looks)
    assert english.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Soon, Maria Example." in english.text
    assert "Pronto, Maria Example." in spanish.text
    assert len(rules(sqlite_process, session_id)) == 4  # nothing is kept by looking

    wrong = typed | {"text_es": "<b>{{ nombre }}"}
    refused = console.post(looks[1], data=wrong)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    again = console.post(f"{PAGE}/reminder-rules/new", data=wrong)
    assert again.status_code == 422
    assert '<a href="#text_es">There is no variable {{ nombre }} here.' in again.text
    assert 'id="text_es-wrong"' in again.text

    assert console.post(f"{PAGE}/reminder-rules/new", data=typed).headers["location"] == f"{PAGE}?done=added"
    rule = rules(sqlite_process, session_id)[1]
    assert rule.texts == {"en": "Soon, {{ name }}.", "es": "Pronto, {{ name }}."}
    path = f"/console/reminder-rules/{rule.id}/edit"
    assert "Pronto, {{ name }}.</textarea>" in console.get(path).text
    telling = typed | {"text_en": "Your knee pain.", "text_es": "", "version": "1"}
    assert console.post(path, data=telling).headers["location"] == f"{PAGE}?done=text_saved_telling"
    assert rules(sqlite_process, session_id)[1].texts == {"en": "Your knee pain."}


def test_somebody_else_s_change_is_not_overwritten(
    console: httpx.Client, sqlite_process: Process, session_id: UUID
) -> None:
    rule = rules(sqlite_process, session_id)[0]
    path = f"/console/reminder-rules/{rule.id}/edit"
    console.post(path, data=THREE_HOURS | {"version": "1"})
    late = console.post(path, data=THREE_HOURS | {"version": "1"})
    assert late.status_code == 422
    assert "Somebody changed this in the meantime" in late.text
    assert 'name="version" value="2"' in late.text
    refused = console.post(f"/console/reminder-rules/{rule.id}/delete", data={"version": "1"})
    assert refused.headers["location"] == f"{PAGE}?refused=version_mismatch"


def test_what_the_api_has_set_is_shown_in_plain_hours(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, session_id: UUID
) -> None:
    with sqlite_process.work() as work:
        facts = {"offset_days": -1, "offset_minutes": 120}
        rule = reminder_rules.create_rule(work, "knee-options", facts, actor="test", now=sqlite_factory.now)
    form = console.get(f"/console/reminder-rules/{rule.id}/edit").text
    assert 'name="days" type="text" value="0"' in form
    assert 'name="hours" type="text" value="22"' in form
    assert '<option value="before_start" selected>' in form


def test_who_may_only_look_sees_no_buttons(signed_in: SignIn, session_id: UUID) -> None:
    viewer = signed_in(Role.viewer)
    for page in (PAGE, f"/console/sessions/{session_id}/reminders"):
        shown = viewer.get(page).text
        assert "24 h before" in shown
        assert "reminder-rules/new" not in shown
    for deed in ("new", "look/en"):
        assert viewer.post(f"{PAGE}/reminder-rules/{deed}", data=THREE_HOURS).status_code == 403


def test_of_nothing_there_is_no_form(console: httpx.Client, session_id: UUID) -> None:
    assert console.get("/console/webinars/nothing/reminder-rules/new").status_code == 404
    assert console.post("/console/webinars/nothing/reminder-rules/look/en", data=THREE_HOURS).status_code == 404
    assert console.get(f"/console/reminder-rules/{UUID(int=1)}/edit").status_code == 404
