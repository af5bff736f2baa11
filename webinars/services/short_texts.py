"""Messages that go to the registrant's phone: who gets them, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from webinars.documents.short_texts import short_text
from webinars.errors import RegistrationNotActive
from webinars.gateways.short_texts import SendableText
from webinars.queries import registrations as registrations_queries
from webinars.queries.messages import Dispatch
from webinars.rules.registrations import clean_phone
from webinars.rules.sessions import usable_zone
from webinars.services import consents, registrations, seats
from webinars.services.consents import CONSENT_TEXTS, ConsentAnswer
from webinars.services.links import link
from webinars.tables import Registration
from webinars.terms import Channel, LinkPurpose, MessageKind, SkipReason
from webinars.work import ReadWork, Work

PURPOSE = "reminders"
"""What a registrant agreed to who gets texts."""
AGREEMENT = next(text.words for text in CONSENT_TEXTS if (text.purpose, text.channel) == (PURPOSE, Channel.sms.value))
"""What a registrant says who wants texts."""
_OPENS_THE_ROOM = frozenset({MessageKind.reminder, MessageKind.not_there})


def consenting(work: ReadWork, dispatches: Sequence[Dispatch]) -> set[tuple[UUID, str]]:
    """The registrants among these who agreed to texts, each with the channel; what they said last holds."""
    ids = [dispatch.registration.id for dispatch in dispatches]
    return registrations_queries.list_consenting(work.db, ids, PURPOSE) if ids else set()


def objection(work: ReadWork, dispatch: Dispatch, agreed: set[tuple[UUID, str]]) -> SkipReason | None:
    """Why a text cannot be sent, or None."""
    if work.process.texts is None:
        return SkipReason.no_transport
    if (dispatch.registration.id, dispatch.message.channel.value) not in agreed:
        return SkipReason.consent
    return SkipReason.no_phone if dispatch.registration.phone is None else None


def is_agreed(work: ReadWork, registration: Registration) -> bool:
    """Whether a registrant gets texts: only after a yes."""
    agreed = registrations_queries.list_consenting(work.db, [registration.id], PURPOSE)
    return (registration.id, Channel.sms.value) in agreed


def choose(
    work: Work,
    registration_id: UUID,
    *,
    is_wanted: bool,
    phone: str | None,
    language: str,
    address_block: str,
    now: datetime,
) -> None:
    """Have texts sent to a number, or none any more. An answer is noted as evidence; said twice it is said once.

    Args:
        work: the transaction.
        registration_id: whose.
        is_wanted: what they say.
        phone: their number as they typed it; empty takes it away, and None leaves it.
        language: in which they read what they agree to.
        address_block: the network it came from.
        now: the present moment.

    Raises:
        NotFound: if there is no such registration.
        RegistrationNotActive: if the person was erased from it.
        InvalidField: if the number can be none, or texts are wanted without one.
    """
    registration, _ = seats.lock_registration(work, registration_id)  # nobody erases the person meanwhile
    if registration.erased_at is not None:
        raise RegistrationNotActive
    if phone is not None:
        number = clean_phone(phone) if phone or is_wanted else None
        registration.phone = work.vault.seal("registrations.phone", registration.id, number) if number else None
        registration.updated_at = now
        work.db.flush()
    if is_wanted and registration.phone is None:
        clean_phone("")  # says what to enter
    if is_wanted != is_agreed(work, registration):
        answer = ConsentAnswer(PURPOSE, Channel.sms.value, is_wanted, "page")
        rows = consents.rows(registration.id, [answer], language, address_block, now)
        registrations_queries.insert_consents(work.db, rows)


def text_of(work: ReadWork, dispatch: Dispatch) -> SendableText:
    """The finished text of a message.

    Raises:
        ValueError: if there is no number, or the link cannot be used.
    """
    message, registration, session = dispatch.message, dispatch.registration, dispatch.session
    purpose = LinkPurpose.enter if message.kind in _OPENS_THE_ROOM else LinkPurpose.manage
    phone = registrations.phone_of(work.vault, registration)
    if phone is None:
        raise ValueError("there is no number to send a text to")
    url = link(work.settings, work.vault, purpose, registration)
    timezone = usable_zone(registration.timezone, session.timezone)
    return SendableText(
        message_id=str(message.id),
        channel=message.channel.value,
        to=phone,
        text=short_text(session.starts_at, timezone, registration.locale, url),
    )
