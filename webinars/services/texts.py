"""The hosts' own words for messages: kept here, put into mails when these are sent (services/delivery.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from webinars.documents.own_texts import SUBJECT_VARIABLES, VARIABLES, unknown_variables, uses
from webinars.errors import InvalidField, NotFound, VersionMismatch
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import texts as texts_queries
from webinars.rules.catalogue import telling_words
from webinars.rules.texts import (
    WRITABLE,
    Key,
    OwnWords,
    check_body,
    check_subject,
    check_variables,
    words_for,
)
from webinars.services import audit
from webinars.services.catalogue import check_version
from webinars.tables import MessageText, Presenter
from webinars.terms import MessageKind, new_id
from webinars.translations import LANGUAGES, language_of
from webinars.work import ReadWork, Work


@dataclass(frozen=True, slots=True)
class Texts:
    """The words that messages about some webinars may be made of."""

    _known: dict[Key, OwnWords]
    _presenters: dict[UUID, str]

    def words(self, webinar_id: UUID, kind: MessageKind, locale: str) -> OwnWords:
        """The words for somebody whose browser asked for `locale`."""
        return words_for(self._known, webinar_id, kind, language_of(locale))

    def presenters(self, webinar_id: UUID) -> str:
        """Who presents, with credentials; empty where no words name them."""
        return self._presenters.get(webinar_id, "")


def usable_texts(work: ReadWork, webinar_ids: Collection[UUID], of_rules: Iterable[str] = ()) -> Texts:
    """The words for a batch of messages: one statement, and one more only where some words name the presenters.

    Args:
        of_rules: what the reminder rules say that made some of the messages.
    """
    rows = texts_queries.list_usable(work.db, webinar_ids) if webinar_ids else []
    known = {(row.webinar_id, row.kind, row.locale): OwnWords(row.subject, row.body) for row in rows}
    return Texts(known, presenters_of(work, webinar_ids, [*of_rules, *(row.body for row in rows)]))


def presenters_of(work: ReadWork, webinar_ids: Collection[UUID], bodies: Sequence[str]) -> dict[UUID, str]:
    """Who presents each webinar, where any of these bodies asks for it."""
    if not any(uses(body, "presenters") for body in bodies):
        return {}
    found = catalogue_queries.presenters_of(work.db, list(webinar_ids))
    return {webinar_id: "; ".join(map(_named, presenters)) for webinar_id, presenters in found.items()}


def list_texts(work: ReadWork, webinar: str | None) -> Sequence[MessageText]:
    """The words written for a webinar; without one, for all that have none of their own.

    Raises:
        NotFound: if there is no such webinar.
    """
    return texts_queries.list_texts(work.db, _webinar_id(work, webinar))


def find_text(work: ReadWork, webinar: str | None, kind: MessageKind, locale: str) -> MessageText | None:
    """Raises:
    NotFound: if there is no such webinar.
    """
    texts = texts_queries.list_texts(work.db, _webinar_id(work, webinar))
    return next((text for text in texts if (text.kind, text.locale) == (kind, locale)), None)


def get_text(work: ReadWork, webinar: str | None, kind: MessageKind, locale: str) -> MessageText:
    """Raises:
    NotFound: if there is no such webinar, or nobody wrote words for it.
    """
    text = find_text(work, webinar, kind, locale)
    if text is None:
        raise NotFound
    return text


def save_text(
    work: Work,
    webinar: str | None,
    kind: MessageKind,
    locale: str,
    words: OwnWords,
    *,
    version: int | None,
    actor: str,
    now: datetime,
) -> MessageText:
    """Write or replace words. Messages that are sent from now on say them.

    Args:
        version: what the caller has seen: 0 for no words yet, None for whatever there is.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: as `check_words`.
        VersionMismatch: if somebody changed it in the meantime.
    """
    words = check_words(work, webinar, kind, locale, words)
    webinar_id = _webinar_id(work, webinar)
    text = texts_queries.find_text(work.db, webinar_id, kind, locale)
    check_version(text.version if text else 0, version)
    if text is None:
        text = MessageText(id=new_id(now), webinar_id=webinar_id, kind=kind, locale=locale, version=0, updated_at=now)
        work.db.add(text)
    text.subject, text.body = words
    text.version += 1
    text.updated_at = now
    try:
        work.db.flush()
    except IntegrityError:  # another wrote the first words since we looked
        raise VersionMismatch from None
    audit.note(work, actor, "text.save", now, subject_id=text.id, fields=["subject", "body"])
    return text


def reset_text(
    work: Work,
    webinar: str | None,
    kind: MessageKind,
    locale: str,
    *,
    version: int | None,
    actor: str,
    now: datetime,
) -> None:
    """Take words away: messages say the usual ones again.

    Raises:
        NotFound: if there is no such webinar, or there are no words.
        VersionMismatch: if somebody changed them in the meantime.
    """
    text = texts_queries.find_text(work.db, _webinar_id(work, webinar), kind, locale)
    if text is None:
        raise NotFound
    check_version(text.version, version)
    audit.note(work, actor, "text.reset", now, subject_id=text.id)
    work.db.delete(text)


def check_words(work: ReadWork, webinar: str | None, kind: MessageKind, locale: str, words: OwnWords) -> OwnWords:
    """The words as they are to be kept.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: if there are no words at all; if the subject names an area or a condition of the webinar; if
            something in braces is no variable; if the kind or the language cannot be worded, or it is too long.
    """
    check_place(kind, locale)
    subject, body = words.subject.strip(), words.body.replace("\r\n", "\n").strip()
    if not subject and not body:
        raise InvalidField("Write a subject, a text or both.", field="body")
    check_variables("subject", unknown_variables(subject, SUBJECT_VARIABLES), SUBJECT_VARIABLES)
    check_variables("body", unknown_variables(body, tuple(VARIABLES)), VARIABLES)
    check_subject(subject, _topics(work, webinar))
    check_body(body)
    return OwnWords(subject, body)


def check_place(kind: MessageKind, locale: str) -> None:
    """Raises:
    InvalidField: if hosts cannot word this kind of message, or not in this language.
    """
    if kind not in WRITABLE:
        raise InvalidField("This kind of message always says the same.", field="kind")
    if locale not in LANGUAGES:
        raise InvalidField(f"There are messages in: {', '.join(LANGUAGES)}.", field="locale")


def clean_by_language(field: str, texts: Mapping[str, str], most: int) -> dict[str, str]:
    """Texts by language as they are to be kept; one that says nothing is left out.

    Raises:
        InvalidField: if nobody is addressed in a language, or a text is longer than `most` characters.
    """
    if not set(LANGUAGES).issuperset(texts):
        raise InvalidField(f"There are words in: {', '.join(LANGUAGES)}.", field=field)
    clean = {language: text.replace("\r\n", "\n").strip() for language, text in texts.items()}
    for language, text in clean.items():
        if len(text) > most:
            raise InvalidField(f"Use at most {most:,} characters.", field=f"{field}.{language}")
    return {language: text for language, text in clean.items() if text}


def named_in(work: ReadWork, webinar: str | None, body: str) -> list[str]:
    """Words of a body that name an area or a condition. They are allowed there, but some lock screens show a line."""
    return list(dict.fromkeys(telling_words(body, _topics(work, webinar))))


def _topics(work: ReadWork, webinar: str | None) -> list[str]:
    """What a message about a webinar must not be known to be about: its topics, and the areas these belong to."""
    topics = catalogue_queries.list_topics(work.db)
    webinar_id = _webinar_id(work, webinar)
    if webinar_id is None:
        return [topic.name for topic in topics]
    own = catalogue_queries.topics_of(work.db, [webinar_id])[webinar_id]
    ids = {topic.id for topic in own} | {topic.parent_id for topic in own}
    return [topic.name for topic in topics if topic.id in ids]


def _webinar_id(work: ReadWork, slug: str | None) -> UUID | None:
    return catalogue_queries.get_webinar(work.db, slug).id if slug else None


def _named(presenter: Presenter) -> str:
    return ", ".join(part for part in (presenter.name, presenter.credentials) if part)
