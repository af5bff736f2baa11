"""What registrants agree to. The words are kept here by version, so that each answer says what it was given to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from webinars.errors import InvalidField, RegistrationNotActive
from webinars.phrases import Phrase
from webinars.queries import registrations as registrations_queries
from webinars.services import audit, subscriptions
from webinars.tables import Consent
from webinars.terms import new_id
from webinars.translations import language_of, words_of
from webinars.work import Work


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A question that a registrant may answer with yes; registering works without any."""

    purpose: str
    channel: str
    version: str
    words: Phrase
    is_on_form: bool = True
    """Whether the form asks. What is not asked for is sent until somebody says no."""

    def digest_in(self, locale: str) -> str:
        """Of the very words, in the language in which somebody with this locale reads them."""
        return _digest(self.words, language_of(locale))


@cache
def _digest(words: Phrase, language: str) -> str:
    return hashlib.sha256(words_of(language).say(words).encode()).hexdigest()


TOPIC_ALERTS = ConsentText(
    "topic_alerts", "email", "2026-11", Phrase("Tell me by e-mail about new webinars on this topic.")
)
CONSENT_TEXTS = (
    TOPIC_ALERTS,
    ConsentText("reminders", "sms", "2026-11", Phrase("Send me reminders of this webinar by text message as well.")),
    ConsentText(
        "reminders", "email", "2026-11", Phrase("Send me reminders of my webinars by e-mail."), is_on_form=False
    ),
    ConsentText("follow_ups", "email", "2026-11", Phrase("Write to me by e-mail after my webinars."), is_on_form=False),
)


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """One answer, as it was given."""

    purpose: str
    channel: str
    is_granted: bool
    method: str


def answer(
    work: Work,
    registration_id: UUID,
    answers: Sequence[ConsentAnswer],
    *,
    address_block: str,
    actor: str,
    now: datetime,
) -> Sequence[Consent]:
    """Keep what a registrant answers later on. Taking a consent back is a new row; the newest one holds.

    Returns:
        All answers of the registrant, oldest first.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if the person was erased from it.
        InvalidField: if an answer is to no question of ours.
    """
    registration = registrations_queries.get_registration(work.db, registration_id)
    if registration.erased_at is not None:
        raise RegistrationNotActive
    registrations_queries.insert_consents(
        work.db, rows(registration_id, answers, registration.locale, address_block, now)
    )
    if any(given.purpose == TOPIC_ALERTS.purpose and not given.is_granted for given in answers):
        subscriptions.end_of_registration(work, registration, now)
    purposes = sorted({given.purpose for given in answers})
    audit.note(work, actor, "registration.consent", now, subject_id=registration_id, fields=purposes)
    return registrations_queries.list_consents(work.db, registration_id)


def rows(
    registration_id: UUID, answers: Sequence[ConsentAnswer], locale: str, address_block: str, now: datetime
) -> list[dict[str, Any]]:
    """The rows that keep these answers.

    Raises:
        InvalidField: if an answer is to no question of ours.
    """
    return [
        {
            "id": new_id(now),
            "registration_id": registration_id,
            "purpose": answer.purpose,
            "channel": answer.channel,
            "is_granted": answer.is_granted,
            "text_version": text.version,
            "text_hash": text.digest_in(locale),
            "locale": locale,
            "method": answer.method,
            "address_block": address_block,
            "created_at": now,
        }
        for answer in answers
        for text in (_text_of(answer),)
    ]


def _text_of(answer: ConsentAnswer) -> ConsentText:
    for text in CONSENT_TEXTS:
        if (text.purpose, text.channel) == (answer.purpose, answer.channel):
            return text
    known = ", ".join(f"{text.purpose} by {text.channel}" for text in CONSENT_TEXTS)
    raise InvalidField(f"Consent can be given to: {known}.", field="consents")
