"""A preview is the mail itself: what is shown is what is sent, byte for byte but for ids."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.documents.facts import calendar_of, html_of, plain_of
from webinars.errors import InvalidField, NotFound
from webinars.gateways.mail import MailTransportDown
from webinars.rules.texts import WRITABLE, OwnWords
from webinars.services import previews, texts
from webinars.services.delivery import Sender
from webinars.tables import AuditEntry, Message
from webinars.terms import Audience, MessageKind
from webinars.testing import MemoryMailer
from webinars.work import Process

KIND = MessageKind.confirmation
WORDS = OwnWords("Welcome: {{ title }}", "Dear {{ name }},\n\nsee https://clinic.example/map. {{ presenters }}")


def save(process: Process, webinar: str | None, words: OwnWords = WORDS, locale: str = "en") -> None:
    with process.work() as work:
        texts.save_text(work, webinar, KIND, locale, words, version=None, actor=ACTOR, now=NOW)


def without_ids(text: str) -> str:
    return re.sub(r"https?://\S+?/[mju]/[\w-]+", "LINK", text)


@pytest.mark.parametrize("words", [None, WORDS])
def test_what_is_shown_is_what_is_sent(
    process: Process, factory: Factory, mailer: MemoryMailer, words: OwnWords | None
) -> None:
    webinar = factory.webinar(presenters=(factory.presenter(),))
    registered = factory.registration(factory.session(webinar).session.id, "ana@mail.example")
    with process.read() as work:
        shown = previews.preview(work, webinar, KIND, "en", words, NOW, registration_id=registered.registration.id)
    if words:
        save(process, webinar, words)
    sender = Sender(process)
    sender.send_due(NOW)
    sender.stop()
    (mail,) = mailer.to("ana@mail.example")
    assert shown.subject == mail.subject
    assert without_ids(shown.plain) == without_ids(plain_of(mail))
    assert without_ids(shown.html) == without_ids(html_of(mail))
    assert "Ana Núñez" in shown.plain


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("kind", WRITABLE)
def test_every_kind_can_be_looked_at(
    sqlite_process: Process, sqlite_factory: Factory, kind: MessageKind, locale: str
) -> None:
    webinar = sqlite_factory.webinar(replay_url="https://replay.example/1")
    registration_id = sqlite_factory.registration(sqlite_factory.session(webinar).session.id).registration.id
    with sqlite_process.read() as work:
        for place in (None, webinar):
            shown = previews.preview(work, place, kind, locale, None, NOW)
            assert "Maria Example" in shown.plain
            assert f'<html lang="{locale}"' in shown.html
            own = previews.preview(work, place, kind, locale, OwnWords("Own subject", "Own words."), NOW)
            named = previews.preview(work, place, kind, locale, OwnWords("", "With {{ presenters }}."), NOW)
            assert ("With Dr. Juan Example, MD." in named.plain) == (place is None)
            assert own.subject == "Own subject"
            assert "Own words." in own.plain
            assert "<title>Own subject</title>" in own.html
        shown = previews.preview(work, None, kind, locale, None, NOW, registration_id=registration_id)
        assert "Ana Núñez" in shown.plain


def test_the_words_of_the_webinar_come_first_and_those_tried_out_before_them(
    sqlite_process: Process, sqlite_factory: Factory
) -> None:
    webinar = sqlite_factory.webinar()
    save(sqlite_process, None, OwnWords("For all", ""))
    with sqlite_process.read() as work:
        assert previews.preview(work, webinar, KIND, "en", None, NOW).subject == "For all"
        assert previews.preview(work, webinar, KIND, "es", None, NOW).subject.startswith("Confirmado: ")
    save(sqlite_process, webinar, OwnWords("Its own", ""))
    with sqlite_process.read() as work:
        assert previews.preview(work, webinar, KIND, "en", None, NOW).subject == "Its own"
        assert previews.preview(work, webinar, KIND, "en", OwnWords("Tried", ""), NOW).subject == "Tried"


def test_a_reminder_of_a_rule_is_shown_with_its_words_and_the_subject_of_its_kind(
    sqlite_process: Process, sqlite_factory: Factory
) -> None:
    webinar = sqlite_factory.webinar(presenters=(sqlite_factory.presenter(),))
    with sqlite_process.work() as work:
        words = OwnWords("Pronto: {{ title }}", "Le esperamos.")
        texts.save_text(work, None, MessageKind.reminder, "es", words, version=None, actor=ACTOR, now=NOW)
    with sqlite_process.read() as work:
        everyone, absent = Audience.everyone, Audience.absent
        own = previews.preview_rule(work, webinar, everyone, "es", "Hasta pronto, con {{ presenters }}.", NOW)
        assert own.subject == "Pronto: Su seminario web"
        assert "Hasta pronto, con Dr. Maria Castellan" in own.plain
        assert "Le esperamos." not in own.plain
        assert "Le esperamos." in previews.preview_rule(work, webinar, everyone, "es", " ", NOW).plain
        late = previews.preview_rule(work, webinar, absent, "en", "", NOW)
        assert late == previews.preview(work, webinar, MessageKind.not_there, "en", None, NOW)
        for locale, text in (("en", "{{ email }}"), ("de", "")):
            with pytest.raises(InvalidField):
                previews.preview_rule(work, webinar, everyone, locale, text, NOW)
        with pytest.raises(NotFound):
            previews.preview_rule(work, "nothing", everyone, "en", "", NOW)


def test_what_could_not_be_kept_is_not_shown(sqlite_process: Process) -> None:
    with sqlite_process.read() as work:
        with pytest.raises(InvalidField, match="There are"):
            previews.preview(work, None, KIND, "en", OwnWords("", "{{ email }}"), NOW)
        for kind, locale in ((MessageKind.alert, "en"), (KIND, "de")):
            with pytest.raises(InvalidField):
                previews.preview(work, None, kind, locale, None, NOW)
        with pytest.raises(NotFound):
            previews.preview(work, "nothing", KIND, "en", None, NOW)
        with pytest.raises(NotFound):
            previews.preview(work, None, KIND, "en", None, NOW, registration_id=UUID(int=1))


def test_a_test_goes_to_the_host_alone_and_into_the_audit_log(
    sqlite_process: Process, sqlite_factory: Factory, mailer: MemoryMailer
) -> None:
    webinar = sqlite_factory.webinar()
    save(sqlite_process, webinar)
    to = "host@clinic.example"
    assert previews.send_test(sqlite_process, webinar, KIND, "en", to=to, actor="host:1", now=NOW)
    (mail,) = mailer.mails
    assert mail.recipient == to
    assert mail.subject == "Welcome: Your webinar"
    assert "maria@mail.example" not in mail.raw.decode() + (calendar_of(mail) or b"").decode()
    with sqlite_process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Message)) == 0
        actors = work.db.scalars(sa.select(AuditEntry.actor).where(AuditEntry.action == "text.test"))
        assert list(actors) == ["host:1"]
    mailer.failures.append(MailTransportDown("down"))
    assert not previews.send_test(sqlite_process, webinar, KIND, "en", to=to, actor="host:1", now=NOW)
