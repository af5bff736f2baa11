"""Composes the mails to those who wait for new webinars: the question whether it was them, and the alert itself.

Neither says what topic was chosen: a mailbox may be a family's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from uuid import UUID

from webinars.documents.mails import Mail
from webinars.documents.mime import Field, address_field, assemble, multipart, text_field
from webinars.documents.printing import print_words
from webinars.documents.texts import domain_of, mail_address, person_name, printable, web_address
from webinars.documents.times import ShownTime, shown_time
from webinars.terms import MessageKind, utc
from webinars.translations import language_of


@dataclass(frozen=True, slots=True)
class ListedDate:
    """A session that takes registrations."""

    starts_at: datetime
    timezone: str
    """Of the session."""
    url: str
    """Where to read more and register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """All that a mail to a subscriber says. Moments are aware; zones are IANA names."""

    kind: MessageKind
    """`alert_check` or `alert`."""
    email: str
    timezone: str
    locale: str
    organization_name: str
    organization_phone: str
    mail_from: str
    sender_name: str
    return_path: str | None
    """Where the mail comes back to, if it does; None where the sender's own address is to serve."""
    page_url: str
    """Where the address confirms and ends what it gets; what is posted to its `/end` ends it at once."""
    is_active: bool
    """For `alert_check`: whether the mailbox has said yes before."""
    dates: Sequence[ListedDate]
    """For `alert`: at least one."""
    subscription_id: UUID
    message_id: str
    """With its angle brackets, from `message_id_for`: the same for every attempt."""
    composed_at: datetime


@dataclass(frozen=True, slots=True)
class _ShownDate:
    when: ShownTime
    clinic_when: str | None
    """The same moment on the clinic's wall, where that shows something else."""
    url: str


def compose_alert(facts: AlertFacts) -> Mail:
    """The mail, the same bytes for the same facts.

    Raises:
        ValueError: if an address, a link or a moment cannot be used.
        ZoneInfoNotFoundError: if there is no such time zone.
        UnsafeMail: if a value escaped from its header in spite of all cleaning.
    """
    sender, recipient = mail_address(facts.mail_from), mail_address(facts.email)
    subject, parts = print_words(facts.kind, language_of(facts.locale), _words(facts))
    body = multipart("alternative", parts, facts.message_id)
    raw = assemble(_fields(facts, sender, recipient, subject), body)
    return Mail(
        sender=facts.return_path or sender, recipient=recipient, message_id=facts.message_id, subject=subject, raw=raw
    )


def _fields(facts: AlertFacts, sender: str, recipient: str, subject: str) -> list[Field]:
    fields = [
        address_field("From", person_name(facts.sender_name), sender),
        address_field("To", "", recipient),
        text_field("Subject", subject),
        ("Date", format_datetime(utc(facts.composed_at))),
        ("Message-ID", facts.message_id),
        # The same in all mails of a subscription, so that they stay together in the mailbox.
        ("References", f"<sub-{facts.subscription_id}@{domain_of(sender)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no vacation notice comes back
        ("X-Auto-Response-Suppress", "All"),  # the same for Exchange
    ]
    if _end_url(facts):
        fields += [
            ("List-Unsubscribe", f"<{_end_url(facts)}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),  # RFC 8058
        ]
    return [*fields, ("MIME-Version", "1.0")]


def _end_url(facts: AlertFacts) -> str | None:
    """None for the question whether it was them: that is no mailing, and there is nothing to end yet."""
    return f"{web_address(facts.page_url)}/end" if facts.kind is MessageKind.alert else None


def _words(facts: AlertFacts) -> dict[str, object]:
    """What the templates may say. They see no text of any webinar or topic, so they cannot name what it is about."""
    return {
        "language": language_of(facts.locale),
        "name": "",
        "own_subject": "",
        "own": [],
        "is_active": facts.is_active,
        "dates": [_shown(facts, date) for date in facts.dates],
        "manage_url": web_address(facts.page_url),
        "unsubscribe_url": _end_url(facts),
        "organization": printable(facts.organization_name).replace("\n", " "),
        "phone": printable(facts.organization_phone).replace("\n", " "),
    }


def _shown(facts: AlertFacts, date: ListedDate) -> _ShownDate:
    when = shown_time(date.starts_at, facts.timezone, facts.locale)
    clinic = shown_time(date.starts_at, date.timezone, facts.locale).full
    return _ShownDate(when, None if clinic == when.full else clinic, web_address(date.url))
