"""Questions and answers on both databases: asked, changed, retired; answered, answered anew, read."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.looks import seats, withdraw
from webinars.errors import ConditionBroken, InvalidField, NotFound, SessionFull, VersionMismatch, WebinarsError
from webinars.queries import questions as questions_queries
from webinars.services import moves, questions, registering, registrants, sessions, webinars
from webinars.services.questions import GivenAnswer
from webinars.services.registering import Idempotency, Registered
from webinars.tables import Answer, AuditEntry, Question
from webinars.terms import QuestionKind, Sensitivity
from webinars.vault import VaultError
from webinars.work import Process

SLUG = "knee-options"
HEALTH = Sensitivity.health
THINNERS = "Ximelagatran twice a day"


def change(process: Process, question_id: UUID, version: int | None = None, **changes: Any) -> Question:
    with process.work() as work:
        return questions.update_question(work, SLUG, question_id, changes, version=version, actor=ACTOR, now=NOW)


def retire(process: Process, question_id: UUID, version: int | None = None) -> None:
    with process.work() as work:
        questions.retire_question(work, SLUG, question_id, version=version, actor=ACTOR, now=NOW)


def asked(process: Process) -> list[str]:
    """The labels, as the public gets them; the flag on the webinar says the same."""
    with process.read() as work:
        labels = [question.label for question in questions.list_questions(work, SLUG)]
        assert webinars.get_webinar(work, SLUG).webinar.has_questions is bool(labels)
        return labels


def given(process: Process, registration_id: UUID, *, with_health: bool = True) -> list[GivenAnswer]:
    with process.read() as work:
        return questions.answers_of(work, [registration_id], with_health=with_health)[registration_id]


def said(process: Process, registration_id: UUID) -> list[tuple[str, str]]:
    return [(answer.asked, answer.text) for answer in given(process, registration_id)]


def notes(process: Process) -> list[tuple[str, list[str]]]:
    with process.read() as work:
        rows = work.db.scalars(sa.select(AuditEntry).order_by(col(AuditEntry.id)))
        return [(row.action, row.fields) for row in rows if row.action.startswith(("question", "answers"))]


# --- What is asked


def test_questions_are_asked_in_order_and_the_webinar_says_that_there_are_some(
    process: Process, factory: Factory
) -> None:
    factory.webinar(SLUG)
    assert asked(process) == []
    factory.question(SLUG, label="  One\n\u202ehere ")
    second = factory.question(SLUG, "choice", "Two")
    factory.question(SLUG, label="Three")
    assert asked(process) == ["One here", "Two", "Three"]
    changed = change(process, second, 1, position=1)
    assert asked(process) == ["Two", "One here", "Three"]
    assert changed.version == 2
    change(process, second, position=99)
    assert asked(process) == ["One here", "Three", "Two"]
    assert notes(process)[-2:] == [("question.update", ["position"])] * 2


def test_what_is_not_asked_yet_cannot_be_changed_by_who_saw_less(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    question = factory.question(SLUG)
    factory.webinar("other")
    assert change(process, question, 1, label="Again?").label == "Again?"
    with pytest.raises(VersionMismatch):
        change(process, question, 1, label="And again?")
    with pytest.raises(VersionMismatch):
        retire(process, question, 1)
    with pytest.raises(NotFound), process.work() as work:
        questions.update_question(work, "other", question, {}, version=None, actor=ACTOR, now=NOW)
    with pytest.raises(NotFound), process.read() as work:
        questions.list_questions(work, "nothing")
    assert asked(process) == ["Again?"]


def test_what_cannot_be_asked_changes_nothing(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    with pytest.raises(InvalidField):
        factory.question(SLUG, "choice", choices=[])
    assert asked(process) == []
    question = factory.question(SLUG, "choice")
    with pytest.raises(InvalidField) as refusal:
        change(process, question, label=" ")
    assert refusal.value.facts == {"field": "label"}
    assert asked(process) == ["How did you hear of us?"]
    for number in range(19):
        factory.question(SLUG, label=f"{number}")
    with pytest.raises(InvalidField, match="at most 20"):
        factory.question(SLUG)


def test_what_others_depend_on_stays_before_them(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    pain = factory.question(SLUG, "yes_no", "Any pain?")
    since = factory.question(SLUG, "number", "Since when?", show_if={"question_id": pain, "values": ["yes"]})
    for deed in (
        lambda: retire(process, pain),
        lambda: change(process, pain, position=2),
        lambda: change(process, since, position=1),
        lambda: change(process, pain, kind=QuestionKind.text),
    ):
        with pytest.raises(ConditionBroken):
            deed()
    assert asked(process) == ["Any pain?", "Since when?"]
    with pytest.raises(InvalidField):
        change(process, since, show_if={"question_id": since, "values": [True]})
    assert change(process, since, show_if=None).show_if is None
    retire(process, pain)
    assert asked(process) == ["Since when?"]


def test_a_question_without_answers_is_deleted_and_one_with_them_retired(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    unanswered, answered = factory.question(SLUG, label="Never"), factory.question(SLUG, label="Answered")
    registration_id = factory.registration(session_id, answers={str(answered): "words"}).registration.id
    retire(process, unanswered)
    retire(process, answered, 1)
    assert asked(process) == []
    with process.read() as work:
        kept = questions.list_questions(work, SLUG, public_only=False)
    assert [(question.label, question.retired_at) for question in kept] == [("Answered", NOW)]
    assert said(process, registration_id) == [("Answered", "words")]
    for deed in (retire, change):
        with pytest.raises(NotFound):
            deed(process, answered)
    assert [action for action, _ in notes(process)][-2:] == ["question.delete", "question.retire"]


def test_a_webinar_that_was_never_held_goes_with_its_questions(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    factory.question(SLUG)
    with process.work() as work:
        webinars.delete_webinar(work, SLUG, actor=ACTOR, now=NOW)
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Question)) == 0


def test_two_hosts_who_add_at_once_add_two(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    threads = [threading.Thread(target=factory.question, args=(SLUG, "text", f"{number}")) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with process.read() as work:
        assert sorted(question.position for question in questions.list_questions(work, SLUG)) == list(range(6))


# --- What is answered


def test_answers_are_kept_with_the_words_of_their_time(process: Process, factory: Factory) -> None:
    """Whatever becomes of a question, what somebody answered reads as it did when they answered."""
    session_id = factory.session(factory.webinar(SLUG)).session.id
    side = factory.question(SLUG, "choice", "Which knee?")
    raw = {str(side): "left"}
    first = factory.registration(session_id, answers=raw).registration.id
    change(
        process,
        side,
        label="Which side?",
        choices=[{"key": "left", "label": "Links"}, {"key": "both", "label": "Both"}],
    )
    second = factory.registration(session_id, answers=raw).registration.id
    change(process, side, choices=[{"key": "up", "label": "Up"}, {"key": "down", "label": "Down"}])
    retire(process, side)
    assert given(process, first) == [GivenAnswer(side, "Which knee?", "left", "Left knee", Sensitivity.general)]
    assert said(process, second) == [("Which side?", "Links")]


def test_every_kind_comes_back_as_it_was_given(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    raw = {
        QuestionKind.text: "words",
        QuestionKind.long_text: "one\ntwo",
        QuestionKind.choice: "left",
        QuestionKind.choices: ["left", "right"],
        QuestionKind.yes_no: False,
        QuestionKind.number: 2.5,
        QuestionKind.date: "2026-03-31",
    }
    ids = {kind: factory.question(SLUG, kind.value, kind.value) for kind in raw}
    registration_id = factory.registration(
        session_id, answers={str(ids[kind]): value for kind, value in raw.items()}
    ).registration.id
    assert [answer.value for answer in given(process, registration_id)] == list(raw.values())


def test_a_wrong_answer_takes_no_seat_and_stops_nobody(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG), capacity=2).session.id
    needed = str(factory.question(SLUG, "number", "How many?", is_required=True))
    requests = [
        factory.request(session_id),
        factory.request(session_id, answers={needed: "many"}),
        factory.request(session_id, answers={needed: 1, str(UUID(int=1)): "x"}),
        factory.request(session_id, answers={needed: 1}),
    ]
    with process.work() as work:
        outcomes = registering.register(work, requests, NOW)
    fields = [o.facts["field"] if isinstance(o, WebinarsError) else o.public_status.value for o in outcomes]
    assert fields == [f"answers.{needed}", f"answers.{needed}", f"answers.{UUID(int=1)}", "confirmed"]
    assert seats(process, session_id) == (1, 0)


def test_a_webinar_without_questions_takes_no_answers(process: Process, factory: Factory) -> None:
    session_id = factory.session().session.id
    with pytest.raises(InvalidField, match="asks no questions") as refusal:
        factory.registration(session_id, answers={str(UUID(int=1)): "x"})
    assert refusal.value.facts == {"field": "answers"}
    assert seats(process, session_id) == (0, 0)
    factory.registration(session_id)  # the control
    assert seats(process, session_id) == (1, 0)


def test_one_look_at_questions_is_enough_for_a_batch_and_none_where_nothing_is_asked(
    process: Process, factory: Factory
) -> None:
    requests = []
    for slug in ("one", "two", "none"):
        session_id = factory.session(factory.webinar(slug)).session.id
        raw = {} if slug == "none" else {str(factory.question(slug)): "words"}
        requests.append(factory.request(session_id, answers=raw))
    for batch, times in ((requests, 1), (requests[2:], 0)):
        statements: list[str] = []

        def listen(*args: Any, said: list[str] = statements) -> None:
            said.append(args[2])

        sa.event.listen(process.engines.write, "before_cursor_execute", listen)
        with process.work() as work:
            outcomes = registering.register(work, batch, NOW)
        sa.event.remove(process.engines.write, "before_cursor_execute", listen)
        assert all(isinstance(outcome, Registered) for outcome in outcomes)
        for beginning in ("FROM questions", "INSERT INTO answers"):
            assert len([text for text in statements if beginning in text]) == times


def test_who_comes_back_answers_anew(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    one, two = (str(factory.question(SLUG, label=label)) for label in ("One", "Two"))
    first = factory.registration(session_id, "ana@mail.example", answers={one: "old", two: "old"}).registration.id
    again = factory.registration(session_id, "ana@mail.example", answers={one: "somebody else's"})
    assert again.is_repeat
    assert said(process, first) == [("One", "old"), ("Two", "old")]  # whoever is registered is left alone
    withdraw(process, first)
    assert said(process, first) == [("One", "old"), ("Two", "old")]
    factory.registration(session_id, "ana@mail.example", answers={one: "new"})
    assert said(process, first) == [("One", "new")]


def test_a_stranger_learns_nothing_from_what_is_asked(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG), capacity=1, waitlist_open=False).session.id
    needed = str(factory.question(SLUG, is_required=True))
    factory.registration(session_id, "ana@mail.example", answers={needed: "x"})
    for email in ("ana@mail.example", "ben@mail.example"):
        with pytest.raises(InvalidField):
            factory.registration(session_id, email)
        with pytest.raises(SessionFull):
            factory.registration(session_id, email, answers={needed: "x"})


def test_a_replay_asks_nothing_again(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    key = Idempotency(b"k" * 32, b"r" * 32)
    first = factory.registration(session_id, "ana@mail.example", idempotency=key).registration.id
    factory.question(SLUG, is_required=True)
    again = factory.registration(session_id, "ana@mail.example", idempotency=key)
    assert (again.is_replay, again.registration.id) == (True, first)


def test_who_moves_or_is_let_in_again_keeps_the_answers(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    here, there = (factory.session(SLUG, starts_in=timedelta(days=day)).session.id for day in (7, 8))
    one = str(factory.question(SLUG, label="One"))
    health = str(factory.question(SLUG, label="Two", sensitivity=HEALTH))
    first = factory.registration(here, "ana@mail.example", answers={one: "old", health: THINNERS}).registration.id
    factory.question(SLUG, label="Asked since", is_required=True)
    with process.work() as work:
        moved = moves.move(work, first, there, by_host=False, now=NOW).registration_id
    assert said(process, moved) == said(process, first) == [("One", "old"), ("Two", THINNERS)]
    with process.work() as work:
        registrants.readmit(work, first, actor=ACTOR, now=NOW)
    assert said(process, first) == [("One", "old"), ("Two", THINNERS)]


def test_a_host_who_adds_somebody_need_not_answer_for_them(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    needed = str(factory.question(SLUG, "number", is_required=True))
    with process.work() as work:
        added = registrants.add(work, factory.request(session_id), actor=ACTOR, now=NOW)
    assert said(process, added.registration.id) == []
    with pytest.raises(InvalidField), process.work() as work:
        registrants.add(work, factory.request(session_id, answers={needed: "x"}), actor=ACTOR, now=NOW)


# --- Health


def test_health_answers_are_kept_apart_and_read_only_where_asked_for(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    one = str(factory.question(SLUG, label="One"))
    health = str(factory.question(SLUG, "long_text", "Which medicines?", sensitivity=HEALTH))
    registration_id = factory.registration(session_id, answers={one: "words", health: THINNERS}).registration.id
    assert [answer.text for answer in given(process, registration_id, with_health=False)] == ["words"]
    assert [answer.sensitivity for answer in given(process, registration_id)] == [Sensitivity.general, HEALTH]
    with process.read() as work:
        apart = {row.asked: row for row in work.db.scalars(sa.select(Answer))}
        assert questions.has_health_answers(work, registration_id)
    general, kept = apart["One"], apart["Which medicines?"]
    assert (general.health_value, kept.value) == (None, None)
    assert general.value is not None
    assert kept.health_value is not None
    opened = process.vault.open("answers.health_value", kept.id, kept.health_value)
    assert json.loads(opened) == {"value": THINNERS, "text": THINNERS}
    with pytest.raises(VaultError):  # under another key than the rest
        process.vault.open("answers.value", kept.id, kept.health_value)


def test_who_reads_health_answers_is_noted(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    health = str(factory.question(SLUG, sensitivity=HEALTH))
    silent, telling = (
        factory.registration(session_id, answers=raw).registration.id for raw in ({}, {health: THINNERS})
    )

    def read(registration_id: UUID) -> list[str]:
        with process.work() as work:
            found = questions.read_health(work, [registration_id], subject_id=session_id, actor=ACTOR, now=NOW)
        return [answer.text for answer in found[registration_id]]

    assert read(silent) == []
    assert ("answers.read_health", ["health_value"]) not in notes(process)
    assert read(telling) == [THINNERS]
    assert notes(process).count(("answers.read_health", ["health_value"])) == 1
    assert THINNERS not in str(notes(process))
    asking = factory.registration(session_id, "ben@mail.example", question=THINNERS).registration.id
    assert read(asking) == []
    assert notes(process).count(("answers.read_health", ["health_value"])) == 2


def test_a_question_that_turns_out_to_be_about_health_takes_its_answers_along(
    process: Process, factory: Factory
) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    question = factory.question(SLUG, label="Anything else?")
    people = [
        factory.registration(session_id, answers={str(question): f"{THINNERS} {number}"}).registration.id
        for number in range(3)
    ]
    assert [len(given(process, person, with_health=False)) for person in people] == [1, 1, 1]
    change(process, question, sensitivity=HEALTH)
    assert [len(given(process, person, with_health=False)) for person in people] == [0, 0, 0]
    assert [said(process, person)[0][1] for person in people] == [f"{THINNERS} {number}" for number in range(3)]
    with pytest.raises(InvalidField, match="as a health question") as refusal:
        change(process, question, sensitivity=Sensitivity.general)
    assert refusal.value.facts == {"field": "sensitivity"}
    with pytest.raises(InvalidField, match="has answers") as refusal:
        change(process, question, kind=QuestionKind.number)
    assert refusal.value.facts == {"field": "kind"}


def test_what_nobody_answered_may_become_anything(process: Process, factory: Factory) -> None:
    factory.webinar(SLUG)
    question = factory.question(SLUG, "choice", sensitivity=HEALTH)
    changed = change(process, question, kind=QuestionKind.date, choices=[], sensitivity=Sensitivity.general)
    assert (changed.kind, changed.sensitivity, changed.choices) == (QuestionKind.date, Sensitivity.general, [])


def test_an_answer_on_its_way_is_not_missed_when_its_question_changes(process: Process, factory: Factory) -> None:
    """A question becomes a health question, or goes, while somebody answers it: whoever is second waits."""
    session_id = factory.session(factory.webinar(SLUG)).session.id
    question = factory.question(SLUG)
    other = threading.Thread(target=change, args=(process, question), kwargs={"sensitivity": HEALTH})
    with process.work() as work:
        questions.lock_asked(work, [sessions.get_session(work, session_id)])
        other.start()
        other.join(0.5)
        assert other.is_alive()  # the control: without the lock it would be done, and have missed this answer
        request = factory.request(session_id, answers={str(question): THINNERS})
        (outcome,) = registering.register(work, [request], NOW)
    other.join(30)
    assert isinstance(outcome, Registered)
    assert given(process, outcome.registration.id, with_health=False) == []
    assert said(process, outcome.registration.id) == [("How did you hear of us?", THINNERS)]


def test_a_stolen_file_tells_nothing_of_what_was_answered(
    sqlite_process: Process, sqlite_factory: Factory, tmp_path: Path
) -> None:
    planted = ("Ximelagatran", "Przewalski's stables")
    session_id = sqlite_factory.session(sqlite_factory.webinar(SLUG)).session.id
    health = str(sqlite_factory.question(SLUG, label="Which medicines?", sensitivity=HEALTH))
    general = sqlite_factory.question(SLUG, label="Where do you work?")
    raw = {health: planted[0], str(general): planted[1]}
    first = sqlite_factory.registration(session_id, "ana@mail.example", answers=raw).registration.id
    withdraw(sqlite_process, first)
    sqlite_factory.registration(session_id, "ana@mail.example", answers=raw)
    change(sqlite_process, general, sensitivity=HEALTH)
    with sqlite_process.work() as work:
        questions.read_health(work, [first], subject_id=first, actor=ACTOR, now=NOW)
    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("webinars.db*")))
    assert b"Which medicines?" in kept  # the control: what is not sealed is found
    words = {word for text in planted for word in (text, text.split()[0], text.lower(), text.upper())}
    assert [word for word in words for code in ("utf-8", "utf-16-le") if word.encode(code) in kept] == []


def test_health_answers_are_not_even_looked_up_where_nobody_asked(process: Process, factory: Factory) -> None:
    session_id = factory.session(factory.webinar(SLUG)).session.id
    health = str(factory.question(SLUG, sensitivity=HEALTH))
    registration_id = factory.registration(session_id, answers={health: THINNERS}).registration.id
    with process.read() as work:
        assert questions_queries.list_answers(work.db, [registration_id], with_health=False) == []
        assert len(questions_queries.list_answers(work.db, [registration_id], with_health=True)) == 1
