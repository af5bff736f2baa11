"""What a message will look like: made by the very code that makes the mails, for somebody made up or a registrant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

from webinars.documents.mails import NEUTRAL_TITLE, Mail, MailFacts, compose_mail, message_id_for
from webinars.gateways.mail_errors import MailError
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.messages import Addressee, Dispatch, Letter
from webinars.rules.texts import OwnWords
from webinars.services import audit, webinars
from webinars.services.branding import brand_of
from webinars.services.links import public_link
from webinars.services.mails import facts_of
from webinars.services.messages import message_row
from webinars.services.reminder_rules import clean_texts
from webinars.services.texts import check_place, check_words, find_text, presenters_of, usable_texts
from webinars.tables import Message, Webinar, WebinarSession
from webinars.terms import AttendanceState, Audience, MessageKind, RegistrationStatus, new_id
from webinars.work import Process, ReadWork

_SAMPLE_NAME = "Maria Example"
_SAMPLE_PRESENTER = "Dr. Juan Example, MD"
_SAMPLE_EMAIL = "maria@mail.example"
_SAMPLE_ZONE = "America/Denver"
_REGION = "US"
_STATUS = {
    MessageKind.waitlisted: RegistrationStatus.waitlisted,
    MessageKind.offered: RegistrationStatus.offered,
    MessageKind.seat_free: RegistrationStatus.waitlisted,
    MessageKind.lapsed: RegistrationStatus.lapsed,
    MessageKind.pending: RegistrationStatus.pending,
    MessageKind.declined: RegistrationStatus.declined,
    MessageKind.withdrawn: RegistrationStatus.withdrawn,
}


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail taken apart for looking at."""

    subject: str
    plain: str
    html: str


def preview(
    work: ReadWork,
    webinar: str | None,
    kind: MessageKind,
    locale: str,
    words: OwnWords | None,
    now: datetime,
    *,
    registration_id: UUID | None = None,
) -> Preview:
    """The mail as it would be sent at `now`.

    Args:
        webinar: its short name; None for a webinar that is none in particular.
        words: what to try out; None for what is kept, or the usual words if nothing is.
        registration_id: whom to make it for; None for somebody made up.

    Raises:
        NotFound: if there is no such webinar or registration.
        InvalidField: if the words could not be kept (services/texts.py).
    """
    check_place(kind, locale)
    if words is not None:
        words = check_words(work, webinar, kind, locale, words)
    if registration_id is None:
        facts = _sample_facts(work, webinar, kind, locale, words, now)
    else:
        facts = _facts_for(work, registration_id, kind, locale, words, now)
    return _taken_apart(compose_mail(facts))


def preview_rule(work: ReadWork, webinar: str, audience: Audience, locale: str, text: str, now: datetime) -> Preview:
    """The mail of a reminder rule with this text of its own, which is not kept; without any it says the usual ones.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: if the words could not be kept (services/reminder_rules.py), or not in this language.
    """
    kind = MessageKind.not_there if audience is Audience.absent else MessageKind.reminder
    check_place(kind, locale)
    facts = _sample_facts(work, webinar, kind, locale, None, now)
    if text := clean_texts({locale: text}).get(locale, ""):
        offer = webinars.get_webinar(work, webinar, public_only=False)
        facts = _worded(work, facts, offer.webinar, OwnWords(facts.own_subject, text))
    return _taken_apart(compose_mail(facts))


def send_test(
    process: Process, webinar: str | None, kind: MessageKind, locale: str, *, to: str, actor: str, now: datetime
) -> bool:
    """Send the mail as it is kept to the host's own address. It stands in no ledger, but in the audit log.

    Returns:
        Whether the transport took it.

    Raises:
        NotFound: if there is no such webinar.
        InvalidField: if the kind or the language cannot be worded.
    """
    check_place(kind, locale)
    with process.work() as work:
        facts = _sample_facts(work, webinar, kind, locale, None, now)
        audit.note(work, actor, "text.test", now, subject_id=facts.registration_id)
    try:
        process.mail.send(compose_mail(replace(facts, email=to)))
    except MailError:
        return False
    return True


def _facts_for(
    work: ReadWork, registration_id: UUID, kind: MessageKind, locale: str, words: OwnWords | None, now: datetime
) -> MailFacts:
    """What the mail would say to somebody who is registered, whatever became of their registration."""
    registration = registrations_queries.get_registration(work.db, registration_id)
    scheduled = sessions_queries.get_session(work.db, registration.session_id)
    session, webinar = scheduled.session, scheduled.webinar
    row = message_row(
        kind,
        dedupe_key=f"preview:{registration_id.hex}",
        registration_id=registration_id,
        revision=registration.revision,
        session=session,
        now=now,
    )
    letter = Letter(**{name: getattr(Message(**row), name) for name in Letter._fields})
    addressee = Addressee(**{name: getattr(registration, name) for name in Addressee._fields})
    dispatch = Dispatch(letter, addressee, session, webinar, None, None, {})
    facts = facts_of(work, dispatch, now, usable_texts(work, [webinar.id]))
    facts = replace(
        facts,
        locale=f"{locale}-{_REGION}",
        offer_expires_at=facts.offer_expires_at or now + timedelta(days=1),  # to look at an offer nobody made yet
    )
    return _worded(work, facts, webinar, words)


def _sample_facts(
    work: ReadWork, slug: str | None, kind: MessageKind, locale: str, words: OwnWords | None, now: datetime
) -> MailFacts:
    """Facts that no registration is behind: its links lead to the public pages, and all is well that can be."""
    offer = webinars.get_webinar(work, slug, public_only=False) if slug else None
    webinar = offer.webinar if offer else None
    session = _next_session(work, webinar, now)
    starts_at = session.starts_at if session else now.replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    sample_id, settings, brand = new_id(now), work.settings, brand_of(work)
    facts = MailFacts(
        kind=kind,
        status=_STATUS.get(kind, RegistrationStatus.confirmed),
        name=_SAMPLE_NAME,
        email=_SAMPLE_EMAIL,
        timezone=session.timezone if session else _SAMPLE_ZONE,
        locale=f"{locale}-{_REGION}",
        organization_name=brand.name,
        organization_phone=brand.phone,
        mail_from=settings.mail_from,
        sender_name=settings.sender_name,
        public_title=webinar.public_title if webinar else NEUTRAL_TITLE,
        session_id=sample_id,
        starts_at=starts_at,
        ends_at=session.ends_at if session else starts_at + timedelta(hours=1),
        session_timezone=session.timezone if session else _SAMPLE_ZONE,
        former_starts_at=starts_at - timedelta(days=1),
        offer_expires_at=now + timedelta(days=1),
        join_url=f"{settings.base_url}/",
        manage_url=f"{settings.base_url}/",
        change_url=f"{settings.base_url}/",
        home_url=public_link(settings, "/", locale),
        registration_id=sample_id,
        sequence=0,
        message_id=message_id_for(f"sample:{sample_id.hex}", settings.mail_from),
        composed_at=now,
        created_at=now,
        segment=AttendanceState.attended if kind is MessageKind.follow_up else None,
        lead=starts_at - now if kind is MessageKind.reminder else None,
        has_replay=bool(webinar and webinar.replay_url),
        packet_url=(webinar.packet_url or None) if webinar else None,
    )
    if words is None:
        kept = find_text(work, slug, kind, locale) or (find_text(work, None, kind, locale) if slug else None)
        words = OwnWords(kept.subject, kept.body) if kept else None
    return _worded(work, facts, webinar, words)


def _worded(work: ReadWork, facts: MailFacts, webinar: Webinar | None, words: OwnWords | None) -> MailFacts:
    """The facts with the words that are to be tried out, and with who presents where these ask for it."""
    if words is None:
        return facts
    named = presenters_of(work, [webinar.id], [words.body]) if webinar else {}
    presenters = named.get(webinar.id, "") if webinar else _SAMPLE_PRESENTER
    return replace(facts, own_subject=words.subject, own_text=words.body, presenters=presenters)


def _next_session(work: ReadWork, webinar: Webinar | None, now: datetime) -> WebinarSession | None:
    if webinar is None:
        return None
    found = sessions_queries.list_sessions(work.db, public_only=False, webinar_id=webinar.id, starts_from=now, limit=1)
    return found[0].session if found else None


def _taken_apart(mail: Mail) -> Preview:
    """From the bytes that would be sent, so that nobody is shown anything else."""
    message = message_from_bytes(mail.raw, policy=policy.default)
    bodies = [message.get_body((form,)) for form in ("plain", "html")]
    plain, html = (str(body.get_content()).replace("\r\n", "\n") if body else "" for body in bodies)
    return Preview(mail.subject, plain, html)
