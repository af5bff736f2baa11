"""Composes the mails that registrants get: facts in, one finished mail out.

Subject, preheader, sender and calendar text are neutral: no area, condition or question is ever named, whoever looks
over a shoulder. All of a webinar that gets in is `public_title` and a host's own subject, which is checked. The words
are in `templates/kinds`, one file for each kind of message, printed once as plain text and once as HTML, in the
registrant's language. Composing takes about 0.2 ms of CPU, and 0.7 ms with an invitation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from uuid import UUID

from webinars.documents.calendars import CalendarMethod, Invite, invite_file, session_uid
from webinars.documents.mime import Field, address_field, assemble, calendar_parts, multipart, text_field
from webinars.documents.own_texts import own_paragraphs, own_subject
from webinars.documents.printing import print_words
from webinars.documents.texts import (
    domain_of,
    greeting_name,
    mail_address,
    one_line,
    person_name,
    printable,
    web_address,
)
from webinars.documents.times import ShownTime, TimeLeft, shown_time, time_left
from webinars.terms import AttendanceState, MessageKind, RegistrationStatus, utc
from webinars.translations import language_of, words_of

NEUTRAL_TITLE = "Your webinar"
NEUTRAL_SENDER = "Webinars"

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._=+-]{1,100}@[A-Za-z0-9.-]{1,253}>")
_INVITING = frozenset(
    {
        MessageKind.confirmation,
        MessageKind.moved,
        MessageKind.updated,
        MessageKind.reinstated,
        MessageKind.resent,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """All that a mail says. Moments are aware; zones are IANA names; texts may be as people typed them."""

    kind: MessageKind
    status: RegistrationStatus
    name: str
    email: str
    timezone: str
    locale: str
    """A language tag such as `es-US`: the language of the words; its region decides the order of a date and between
    6:00 PM and 18:00."""
    organization_name: str
    """Signs the body, and only that: the name of a specialist in a header or a calendar would say too much."""
    organization_phone: str
    mail_from: str
    """Sender and organizer. Its domain is that of all ids."""
    sender_name: str = NEUTRAL_SENDER
    public_title: str = NEUTRAL_TITLE
    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    session_timezone: str
    former_starts_at: datetime | None = None
    """For `moved`: what the registrant believes so far."""
    former_timezone: str | None = None
    offer_expires_at: datetime | None = None
    """For `offered`: until when the place is kept."""
    moved_to: datetime | None = None
    """For `withdrawn`: the start of the session that the registrant moved to."""
    other_starts_at: datetime | None = None
    """For `waitlisted` and `lapsed`: another date of the same webinar with free places."""
    join_url: str
    manage_url: str
    change_url: str
    """The same page for calendar entries, which others may read."""
    home_url: str
    """Of the page with all webinars."""
    registration_id: UUID
    sequence: int
    message_id: str
    """With its angle brackets, from `message_id_for`: the same for every attempt."""
    composed_at: datetime
    """Date and DTSTAMP. Frozen at the first attempt, so that a repeat is the same mail byte for byte."""
    created_at: datetime
    """Of the session."""
    had_invite: bool = False
    """Whether the registrant was ever sent an invitation that a calendar may have kept."""
    segment: AttendanceState | None = None
    """For `follow_up`."""
    lead: timedelta | None = None
    """For `reminder`: what is left until the start, measured when the mail is made."""
    also_at: tuple[datetime, ...] = ()
    """For `reminder`: when other sessions of the registrant start on the same day, which get no such mail of their
    own."""
    next_session_url: str | None = None
    has_replay: bool = False
    """For `follow_up`: whether there is a replay on the registrant's page."""
    packet_url: str | None = None
    """For `packet`."""
    unsubscribe_url: str | None = None
    """Where to say no to more of the kind (RFC 8058), in mails that are not answers."""
    return_path: str | None = None
    """The envelope's sender, where it is not `mail_from`."""
    own_subject: str = ""
    """The host's own words instead of the usual ones, with variables (`own_texts.VARIABLES`); none where empty."""
    own_text: str = ""
    """The same for the body. What the program adds stays: time, buttons, links, what becomes of the calendar."""
    presenters: str = ""
    """Who presents, for a host's own words to name."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to be handed to a transport; `sender` and `recipient` are the envelope's, in ASCII."""

    sender: str
    recipient: str
    message_id: str
    subject: str
    raw: bytes


def message_id_for(key: str, mail_from: str) -> str:
    """The Message-ID (RFC 5322 section 3.6.4) of the message with this unique `key`: says nothing, never changes."""
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{domain_of(mail_address(mail_from))}>"


def calendar_method(facts: MailFacts) -> CalendarMethod | None:
    """What the mail does to the registrant's calendar. Nothing that was never entered is cancelled."""
    confirmed = facts.status is RegistrationStatus.confirmed
    if facts.kind in _INVITING:
        return CalendarMethod.request if confirmed else None
    if facts.kind is MessageKind.session_cancelled and (confirmed or facts.had_invite):
        return CalendarMethod.cancel_session
    if facts.kind in {MessageKind.withdrawn, MessageKind.declined} and facts.had_invite:
        return CalendarMethod.cancel_registration
    return None


def compose_mail(facts: MailFacts) -> Mail:
    """The mail, the same bytes for the same facts.

    Raises:
        ValueError: if an address, a link, the message id or a moment cannot be used.
        ZoneInfoNotFoundError: if there is no such time zone.
        UnsafeMail: if a value escaped from its header in spite of all cleaning.
    """
    if not _MESSAGE_ID.fullmatch(facts.message_id):
        raise ValueError("a message id is <something@domain>")
    sender, recipient = mail_address(facts.mail_from), mail_address(facts.email)
    method = calendar_method(facts)
    subject, parts = print_words(facts.kind, language_of(facts.locale), _words(facts, method))
    if method is None:
        body = multipart("alternative", parts, facts.message_id)
    else:
        shown, attached = calendar_parts(method.itip, invite_file(method, _invite(facts, method, sender, recipient)))
        alternative = multipart("alternative", [*parts, shown], facts.message_id)
        body = multipart("mixed", [alternative, attached], facts.message_id)  # Outlook reads the first part alone
    raw = assemble(_fields(facts, sender, recipient, subject), body)
    return Mail(
        sender=facts.return_path or sender, recipient=recipient, message_id=facts.message_id, subject=subject, raw=raw
    )


def _fields(facts: MailFacts, sender: str, recipient: str, subject: str) -> list[Field]:
    return [
        address_field("From", person_name(facts.sender_name), sender),
        address_field("To", person_name(facts.name), recipient),
        text_field("Subject", subject),
        ("Date", format_datetime(utc(facts.composed_at))),
        ("Message-ID", facts.message_id),
        # The same in all mails of a registration, so that they stay together in the mailbox.
        ("References", f"<reg-{facts.registration_id}@{domain_of(sender)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no vacation notice comes back
        ("X-Auto-Response-Suppress", "All"),  # the same for Exchange
        *_unsubscribe_fields(facts),
        ("MIME-Version", "1.0"),
    ]


def _unsubscribe_fields(facts: MailFacts) -> list[Field]:
    """Each on one line, or some programs do not find them. Whoever signs the mail (DKIM) signs both."""
    if facts.unsubscribe_url is None:
        return []
    return [
        ("List-Unsubscribe", f"<{web_address(facts.unsubscribe_url)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def _invite(facts: MailFacts, method: CalendarMethod, sender: str, recipient: str) -> Invite:
    language = language_of(facts.locale)
    _ = words_of(language).gettext
    return Invite(
        uid=session_uid(facts.session_id, domain_of(sender)),
        sequence=facts.sequence,
        stamped_at=facts.composed_at,
        created_at=facts.created_at,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        summary=_title(facts),
        organizer_name=facts.sender_name,
        organizer_email=sender,
        attendee_name=facts.name,
        attendee_email=recipient,
        join_url=facts.join_url,
        change_url=facts.change_url,
        language=language,
        description={
            CalendarMethod.request: _("This link is yours alone. Please do not pass it on."),
            CalendarMethod.cancel_session: _("This webinar has been cancelled."),
            CalendarMethod.cancel_registration: _("You are no longer registered for this webinar."),
        }[method],
    )


def _words(facts: MailFacts, method: CalendarMethod | None) -> dict[str, object]:
    """What the templates may say. They see no other text of the webinar, so they cannot name what it is about."""
    former = facts.former_starts_at
    words: dict[str, object] = {
        "language": language_of(facts.locale),
        "status": facts.status,
        "segment": facts.segment,
        "name": greeting_name(facts.name),
        "title": _title(facts),
        "when": (when := shown_time(facts.starts_at, facts.timezone, facts.locale)),
        "clinic_when": _elsewhere(when, facts.starts_at, facts.session_timezone, facts.locale),
        "former": (was := _when(facts, former)),
        "clinic_former": _elsewhere(was, former, facts.former_timezone or facts.session_timezone, facts.locale),
        "kept_until": _when(facts, facts.offer_expires_at),
        "moved_to": _when(facts, facts.moved_to),
        "other_date": _when(facts, facts.other_starts_at),
        "also": [shown_time(moment, facts.timezone, facts.locale) for moment in facts.also_at],
        "minutes": round((facts.ends_at - facts.starts_at) / timedelta(minutes=1)),
        "left": _left(facts),
        "join_url": web_address(facts.join_url),
        "manage_url": web_address(facts.manage_url),
        "unsubscribe_url": facts.unsubscribe_url and web_address(facts.unsubscribe_url),
        "other_dates_url": web_address(facts.next_session_url or facts.home_url),
        "has_replay": facts.has_replay,
        "packet_url": facts.packet_url and web_address(facts.packet_url),
        "organization": printable(facts.organization_name).replace("\n", " "),
        "phone": printable(facts.organization_phone).replace("\n", " "),
        "inviting": method is CalendarMethod.request,
        "uninviting": method is not None and method is not CalendarMethod.request,
    }
    return words | _own_words(facts, words, when)


def _own_words(facts: MailFacts, words: Mapping[str, object], when: ShownTime) -> dict[str, object]:
    """What the host of the webinar wrote, with its variables filled in."""
    if not facts.own_subject and not facts.own_text:
        return {"own_subject": "", "own": []}
    values = {name: str(words[name]) for name in ("name", "title", "minutes", "organization", "phone")}
    values |= {"date": when.date, "time": when.clock, "presenters": one_line(facts.presenters)}
    return {
        "own_subject": own_subject(facts.own_subject, values | {"when": when.short}),
        "own": own_paragraphs(facts.own_text, values | {"when": when.full}),
    }


def _left(facts: MailFacts) -> TimeLeft | None:
    """How far off the start is, where the mail says so."""
    if facts.lead is None:
        return None
    return time_left(facts.lead, facts.starts_at, facts.timezone, language_of(facts.locale))


def _when(facts: MailFacts, moment: datetime | None) -> ShownTime | None:
    return shown_time(moment, facts.timezone, facts.locale) if moment else None


def _title(facts: MailFacts) -> str:
    return shown_title(facts.public_title, language_of(facts.locale))


def shown_title(public_title: str, language: str) -> str:
    """What bystanders may read of a webinar: a host's own words, else the neutral ones in the reader's language."""
    title = one_line(public_title)
    if title and title != NEUTRAL_TITLE:
        return title
    return words_of(language).gettext("Your webinar")


def _elsewhere(own: ShownTime | None, moment: datetime | None, timezone: str, locale: str) -> str | None:
    """The same moment on the clinic's wall, where that shows something else."""
    if own is None or moment is None:
        return None
    clinic = shown_time(moment, timezone, locale).full
    return None if clinic == own.full else clinic
