"""What the mail of a ledger row says, as it is true when it is sent."""

from __future__ import annotations

from datetime import datetime

from webinars.documents.mails import MailFacts, message_id_for
from webinars.queries.messages import Dispatch
from webinars.rules.sessions import usable_zone
from webinars.services import recipients, registrations
from webinars.services.bounces import return_path_of
from webinars.services.branding import brand_of
from webinars.services.links import link, public_link
from webinars.services.sessions import find_alternative, next_session_of
from webinars.services.texts import Texts
from webinars.services.unsubscribing import unsubscribe_url
from webinars.terms import AttendanceState, LinkPurpose, MessageKind
from webinars.translations import language_of
from webinars.work import ReadWork

_OFFERS_NEXT = frozenset({MessageKind.session_cancelled, MessageKind.follow_up, MessageKind.withdrawn})
_OFFERS_ANOTHER = frozenset({MessageKind.waitlisted, MessageKind.lapsed})


def facts_of(work: ReadWork, dispatch: Dispatch, now: datetime, own: Texts) -> MailFacts:
    """What the mail of a message says if it is sent at `now`, in a host's `own` words where there are any."""
    message, registration, session, webinar = (
        dispatch.message,
        dispatch.registration,
        dispatch.session,
        dispatch.webinar,
    )
    settings, vault, brand = work.settings, work.vault, brand_of(work)
    words = own.words(webinar.id, message.kind, registration.locale)
    return MailFacts(
        kind=message.kind,
        status=registration.status,
        name=registrations.name_of(vault, registration),
        email=registrations.email_of(vault, registration),
        timezone=usable_zone(registration.timezone, session.timezone),
        locale=registration.locale,
        organization_name=brand.name,
        organization_phone=brand.phone,
        mail_from=settings.mail_from,
        sender_name=settings.sender_name,
        public_title=webinar.public_title,
        session_id=session.id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        session_timezone=session.timezone,
        former_starts_at=_moment(message.facts.get("former_starts_at")),
        former_timezone=message.facts.get("former_timezone"),
        offer_expires_at=registration.offer_expires_at,
        moved_to=_moment(message.facts.get("moved_to")),
        other_starts_at=_other_date(work, dispatch, now),
        join_url=link(settings, vault, LinkPurpose.enter, registration),
        manage_url=link(settings, vault, LinkPurpose.manage, registration),
        change_url=link(settings, vault, LinkPurpose.change, registration),
        home_url=public_link(settings, "/", registration.locale),
        registration_id=registration.id,
        sequence=message.sequence,
        message_id=message_id_for(message.dedupe_key, settings.mail_from),
        composed_at=message.first_attempt_at or now,
        created_at=session.created_at,
        had_invite=registration.has_invite,
        segment=_segment(dispatch),
        lead=session.starts_at - now if message.kind is MessageKind.reminder else None,
        also_at=tuple(recipients.named_also(work, message)),
        next_session_url=_next_session_url(work, dispatch, now),
        has_replay=bool(webinar.replay_url),
        packet_url=(webinar.packet_url or None) if message.kind is MessageKind.packet else None,
        unsubscribe_url=unsubscribe_url(settings, vault, message, registration.link_version),
        return_path=return_path_of(settings, vault, message, registration.link_version),
        own_subject=words.subject,
        own_text=dispatch.rule_texts.get(language_of(registration.locale)) or words.body,
        presenters=own.presenters(webinar.id),
    )


def _next_session_url(work: ReadWork, dispatch: Dispatch, now: datetime) -> str | None:
    """Where to register for the next session, in mails about one that is over for the registrant."""
    if dispatch.message.kind not in _OFFERS_NEXT:
        return None
    following = next_session_of(work, dispatch.webinar, dispatch.session, now)
    if following is None:
        return None
    return public_link(work.settings, f"/sessions/{following.id}/register", dispatch.registration.locale)


def _other_date(work: ReadWork, dispatch: Dispatch, now: datetime) -> datetime | None:
    """When there are free places, for whoever has none here."""
    if dispatch.message.kind not in _OFFERS_ANOTHER:
        return None
    other = find_alternative(work, dispatch.webinar, dispatch.session, dispatch.registration.seats, now)
    return other.starts_at if other else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _segment(dispatch: Dispatch) -> AttendanceState | None:
    """What a follow-up speaks of: the attendance as it is known now, for a report may have come after the planning."""
    word = dispatch.message.facts.get("segment")
    return dispatch.attendance or AttendanceState(word) if word else None
