"""Hosts' own words: kept by version, said by the mails that are sent from then on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.documents.facts import plain_of
from webinars.errors import InvalidField, NotFound, VersionMismatch
from webinars.rules.texts import OwnWords
from webinars.services import texts, webinars
from webinars.services.delivery import Sender, claim
from webinars.tables import AuditEntry, MessageText
from webinars.terms import MessageKind, new_id
from webinars.testing import MemoryMailer
from webinars.work import Process

KIND = MessageKind.confirmation
WORDS = OwnWords("Welcome: {{ title }}", "Dear {{ name }}, {{ presenters }} will answer your questions.")


def save(
    process: Process,
    webinar: str | None,
    words: OwnWords = WORDS,
    *,
    kind: MessageKind = KIND,
    locale: str = "en",
    version: int | None = None,
) -> MessageText:
    with process.work() as work:
        return texts.save_text(work, webinar, kind, locale, words, version=version, actor=ACTOR, now=NOW)


def test_words_are_kept_by_version(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    assert save(process, webinar, version=0).version == 1
    assert save(process, webinar, OwnWords("Hello", ""), version=1).version == 2
    for seen in (0, 1, 7):
        with pytest.raises(VersionMismatch):
            save(process, webinar, version=seen)
    with process.read() as work:
        (text,) = texts.list_texts(work, webinar)
        assert (text.subject, text.body) == ("Hello", "")
        assert texts.get_text(work, webinar, KIND, "en").version == 2
        assert texts.find_text(work, webinar, KIND, "es") is None
        assert list(texts.list_texts(work, None)) == []


def test_there_is_one_for_all_webinars_and_one_for_each(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    for place in (None, webinar):
        for locale in ("en", "es"):
            save(process, place, locale=locale)
            save(process, place, locale=locale)
    with process.read() as work:
        assert [text.locale for text in texts.list_texts(work, None)] == ["en", "es"]
        assert [text.version for text in texts.list_texts(work, webinar)] == [2, 2]


def test_the_database_itself_lets_no_second_one_in(process: Process) -> None:
    save(process, None)
    with process.work() as work:
        second = MessageText(id=new_id(NOW), kind=KIND, locale="en", subject="", body="x", version=1, updated_at=NOW)
        work.db.add(second)
        with pytest.raises(sa.exc.IntegrityError):
            work.db.flush()
        work.db.rollback()


def test_words_are_taken_away(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    save(process, webinar)
    with process.work() as work, pytest.raises(VersionMismatch):
        texts.reset_text(work, webinar, KIND, "en", version=2, actor=ACTOR, now=NOW)
    with process.work() as work:
        texts.reset_text(work, webinar, KIND, "en", version=1, actor=ACTOR, now=NOW)
    with process.work() as work, pytest.raises(NotFound):
        texts.reset_text(work, webinar, KIND, "en", version=None, actor=ACTOR, now=NOW)
    with process.read() as work:
        deeds = work.db.scalars(sa.select(AuditEntry.action).where(AuditEntry.action.startswith("text.")))
        assert sorted(deeds) == ["text.reset", "text.save"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (OwnWords(" ", "\n"), "body"),
        (OwnWords("Dear {{ name }}", ""), "subject"),  # a name has no place on a lock screen
        (OwnWords("{{ organization }}", ""), "subject"),
        (OwnWords("", "{{ email }}"), "body"),
        (OwnWords("", "{{ name.__class__ }}"), "body"),
        (OwnWords("", "{% for x in y %}"), "body"),
        (OwnWords("Your knee", ""), "subject"),
        (OwnWords("Su rodilla", ""), "subject"),
        (OwnWords("Your trigger finger", ""), "subject"),
        (OwnWords("x" * 101, ""), "subject"),
        (OwnWords("", "x" * 4001), "body"),
    ],
)
def test_what_cannot_be_said_is_refused(process: Process, factory: Factory, words: OwnWords, field: str) -> None:
    factory.topic("hand", "Hand and wrist")
    factory.topic("trigger-finger", "Trigger finger", parent="hand")
    webinar = factory.webinar(topics=("trigger-finger",))
    with pytest.raises(InvalidField) as refusal:
        save(process, webinar, words)
    assert refusal.value.facts["field"] == field


def test_what_a_webinar_is_not_about_may_be_said_of_it_but_not_of_all(process: Process, factory: Factory) -> None:
    factory.topic("trigger-finger", "Trigger finger")
    webinar = factory.webinar()
    assert save(process, webinar, OwnWords("Trigger happy", "")).version == 1
    with pytest.raises(InvalidField, match="trigger"):
        save(process, None, OwnWords("Trigger happy", ""))


def test_a_body_may_name_it_but_not_unnoticed(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    body = save(process, webinar, OwnWords("", "All about your knee. Your knee!")).body
    with process.read() as work:
        assert texts.named_in(work, webinar, body) == ["knee"]
        assert texts.named_in(work, webinar, "All about you.") == []


def test_alerts_and_unknown_languages_cannot_be_worded(process: Process) -> None:
    with pytest.raises(InvalidField, match="always says the same"):
        save(process, None, kind=MessageKind.alert)
    with pytest.raises(InvalidField, match="en, es"):
        save(process, None, locale="de")
    with pytest.raises(NotFound):
        save(process, "no-such-webinar")


def test_a_mail_says_the_words_that_are_kept_when_it_is_sent(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    webinar = factory.webinar(presenters=(factory.presenter(),))
    session_id = factory.session(webinar).session.id
    factory.registration(session_id, "ana@mail.example")
    save(process, None, OwnWords("For all", ""))
    save(process, webinar)  # after it was planned, before it is sent
    save(process, webinar, OwnWords("Bienvenida: {{ title }}", ""), locale="es")
    factory.registration(session_id, "eva@mail.example", locale="es-US")
    factory.registration(factory.session().session.id, "leo@mail.example")
    sender.send_due(NOW)
    (mail,) = mailer.to("ana@mail.example")
    assert mail.subject == "Welcome: Your webinar"
    assert "Dear Ana Núñez, Dr. Maria Castellan, MD will answer your questions." in plain_of(mail)
    assert "Join the webinar:" in plain_of(mail)
    (mail,) = mailer.to("eva@mail.example")
    assert mail.subject == "Bienvenida: Su seminario web"
    assert "Gracias por inscribirse." in plain_of(mail)
    (mail,) = mailer.to("leo@mail.example")
    assert mail.subject == "For all"


def test_a_batch_takes_one_statement_for_its_words(process: Process, factory: Factory) -> None:
    session_id = factory.session(capacity=50).session.id
    save(process, None, OwnWords("Welcome", ""))
    for _ in range(20):
        factory.registration(session_id)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(process.engines.write, "before_cursor_execute", note)
    with process.work() as work:
        claimed, count = claim(work, NOW)
    sa.event.remove(process.engines.write, "before_cursor_execute", note)
    assert count == len(claimed.ready) == 20
    assert len([statement for statement in statements if "FROM message_texts" in statement]) == 1
    assert not any("FROM presenters" in statement for statement in statements)


def test_a_rules_own_words_may_name_the_presenters_too(process: Process, factory: Factory) -> None:
    webinar = factory.webinar(presenters=(factory.presenter(),))
    with process.read() as work:
        webinar_id = webinars.get_webinar(work, webinar).webinar.id
        named = texts.usable_texts(work, [webinar_id], of_rules=["With {{ presenters }}."])
        assert named.presenters(webinar_id) == "Dr. Maria Castellan, MD"
        assert texts.usable_texts(work, [webinar_id], of_rules=["Soon."]).presenters(webinar_id) == ""


def test_words_end_with_their_webinar(process: Process, factory: Factory) -> None:
    webinar = factory.webinar()
    save(process, webinar)
    with process.work() as work:
        work.db.execute(sa.text("DELETE FROM webinars"))
    with process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(MessageText)) == 0
