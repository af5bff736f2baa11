"""Saying no to mails that are not answers: reminders and follow-ups, by a link in each of them (RFC 8058).

What somebody says holds for their address: for all registrations with it, those to come included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webinars.queries import registrations as registrations_queries
from webinars.queries import suppressions as suppressions_queries
from webinars.queries.messages import Letter
from webinars.rules.suppressions import PURPOSES
from webinars.services import consents
from webinars.services.consents import ConsentAnswer
from webinars.services.links import message_token, open_posted
from webinars.settings import Settings
from webinars.tables import Message, Registration
from webinars.terms import Channel, LinkPurpose, MessageKind
from webinars.vault import Vault
from webinars.work import ReadWork, Work

REMINDERS = PURPOSES[MessageKind.reminder]
_UNASKED = Channel.email.value
"""What a registrant gets on this channel without having been asked for a yes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody may say yes or no to, and what they have said last."""

    registration: Registration
    purpose: str
    is_wanted: bool


def unsubscribe_url(settings: Settings, vault: Vault, message: Message | Letter, link_version: int) -> str | None:
    """Where whoever gets a message says that they want no more like it; None where it must reach them."""
    if message.kind not in PURPOSES or message.channel is not Channel.email:
        return None
    token = message_token(vault, LinkPurpose.unsubscribe, message.id, link_version)
    return f"{settings.base_url}/u/{token}"


def find_choice(work: ReadWork, token: str) -> Choice:
    """What the link in a mail is about. It does not expire: no is always heard.

    Raises:
        LinkInvalid: if it was not made here, or its address was corrected since.
    """
    posted = open_posted(work, LinkPurpose.unsubscribe, token)
    assert posted.registration_id is not None  # noqa: S101 - only such messages get these links
    registration = registrations_queries.get_registration(work.db, posted.registration_id)
    purpose = PURPOSES[posted.kind]
    return Choice(registration, purpose, wants(work, registration, purpose))


def wants(work: ReadWork, registration: Registration, purpose: str) -> bool:
    """Whether a registrant gets mails for this purpose: until they say no, and again once they take it back."""
    answers = suppressions_queries.list_answers_of(work.db, bytes(registration.email_index), _UNASKED)
    return dict(answers).get(purpose, True)  # the newest comes last, and holds


def choose(
    work: Work, choice: Choice, *, is_wanted: bool, method: str, language: str, address_block: str, now: datetime
) -> bool:
    """Note what somebody says, as evidence. Said twice is said once: False if it was so before.

    Args:
        method: `unsubscribe` by the link in a mail, `page` on their own page.
        language: in which they read what they say yes or no to.
        address_block: the network it came from.
    """
    if choice.is_wanted == is_wanted:
        return False
    answer = ConsentAnswer(choice.purpose, _UNASKED, is_wanted, method)
    rows = consents.rows(choice.registration.id, [answer], language, address_block, now)
    registrations_queries.insert_consents(work.db, rows)
    return True
