"""Messages that go to the registrant's phone: who gets them, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from webinars.documents.short_texts import short_text
from webinars.gateways.short_texts import SendableText
from webinars.queries import registrations as registrations_queries
from webinars.queries.messages import Dispatch
from webinars.services import registrations
from webinars.services.links import link
from webinars.terms import LinkPurpose, MessageKind, SkipReason
from webinars.work import ReadWork

PURPOSE = "reminders"
"""What a registrant agreed to who gets texts."""
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
    return SendableText(
        message_id=str(message.id),
        channel=message.channel.value,
        to=phone,
        text=short_text(session.starts_at, registration.timezone, registration.locale, url),
    )
