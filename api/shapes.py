"""From what services return to what the API answers."""

from __future__ import annotations

from collections.abc import Sequence

from api.schemas.attendance import AttendancePublic
from api.schemas.follow_ups import FollowUpPublic
from api.schemas.messages import MessagePublic
from api.schemas.presenters import PresenterPublic
from api.schemas.registrations import RegistrationCreated, RegistrationPublic, RegistrationReceived
from api.schemas.reminders import LedgerItemPublic
from api.schemas.sessions import SessionDetail, SessionPublic
from api.schemas.topics import TopicPublic
from api.schemas.webinars import WebinarDetail, WebinarPublic
from webinars.queries.sessions import Scheduled
from webinars.services import corrections, follow_ups, registrations
from webinars.services.attendance import AttendanceItem
from webinars.services.follow_ups import FollowUpItem
from webinars.services.links import link
from webinars.services.registering import Registered
from webinars.services.reminders import LedgerItem
from webinars.services.webinars import Offer
from webinars.tables import Message, Presenter, Registration, Topic
from webinars.terms import LinkPurpose
from webinars.vault import Vault
from webinars.work import Process


def topic_public(topic: Topic, parent: str | None) -> TopicPublic:
    return TopicPublic(
        id=topic.id,
        slug=topic.slug,
        name=topic.name,
        parent=parent,
        position=topic.position,
        version=topic.version,
    )


def topics_public(topics: Sequence[Topic]) -> list[TopicPublic]:
    slugs = {topic.id: topic.slug for topic in topics}
    return [topic_public(topic, slugs[topic.parent_id] if topic.parent_id else None) for topic in topics]


def presenter_public(presenter: Presenter) -> PresenterPublic:
    return PresenterPublic(
        id=presenter.id,
        slug=presenter.slug,
        name=presenter.name,
        credentials=presenter.credentials,
        biography=presenter.biography,
        version=presenter.version,
    )


def webinar_public(offer: Offer) -> WebinarPublic:
    webinar = offer.webinar
    return WebinarPublic(
        id=webinar.id,
        slug=webinar.slug,
        title=webinar.title,
        summary=webinar.summary,
        description=webinar.description,
        topics=[topic.slug for topic in offer.topics],
        presenters=[presenter.slug for presenter in offer.presenters],
        status=webinar.status,
        needs_approval=webinar.needs_approval,
        asks_question=webinar.asks_question,
    )


def webinar_detail(offer: Offer) -> WebinarDetail:
    webinar = offer.webinar
    return WebinarDetail(
        **dict(webinar_public(offer)),
        public_title=webinar.public_title,
        replay_url=webinar.replay_url,
        version=webinar.version,
        created_at=webinar.created_at,
        updated_at=webinar.updated_at,
    )


def session_public(item: Scheduled) -> SessionPublic:
    session, webinar = item.session, item.webinar
    return SessionPublic.model_construct(
        id=session.id,
        webinar=webinar.slug,
        title=webinar.title,
        status=session.status,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        starts_at_local=session.starts_at_local,
        timezone=session.timezone,
        duration_minutes=session.duration_minutes,
        capacity=session.capacity,
        seats_left=max(0, session.capacity - session.seats_taken),
        waitlist_open=session.waitlist_open,
    )


def session_detail(item: Scheduled) -> SessionDetail:
    session = item.session
    return SessionDetail(
        **dict(session_public(item)),
        room_url=session.room_url,
        seats_taken=session.seats_taken,
        waitlisted=session.waitlisted,
        schedule_version=session.schedule_version,
        settled_at=session.settled_at,
        version=session.version,
    )


def registration_public(vault: Vault, registration: Registration) -> RegistrationPublic:
    return RegistrationPublic(
        id=registration.id,
        session_id=registration.session_id,
        status=registration.status,
        email=registrations.email_of(vault, registration),
        name=registrations.name_of(vault, registration),
        phone=corrections.phone_of(vault, registration),
        timezone=registration.timezone,
        locale=registration.locale,
        seats=registration.seats,
        source=registration.source,
        created_at=registration.created_at,
        updated_at=registration.updated_at,
        confirmed_at=registration.confirmed_at,
        waitlisted_at=registration.waitlisted_at,
        withdrawn_at=registration.withdrawn_at,
        version=corrections.version_of(registration),
    )


def registration_received(answered: Registered) -> RegistrationReceived:
    """For the public: the same words whether they were registered before or not."""
    return RegistrationReceived.model_construct(
        status=answered.public_status, session=session_public(answered.scheduled)
    )


def registration_created(process: Process, answered: Registered) -> RegistrationCreated:
    """For a token: the truth."""
    registration = answered.registration
    return RegistrationCreated.model_construct(
        id=registration.id,
        status=registration.status,
        session=session_public(answered.scheduled),
        manage_url=link(process.settings, process.vault, LinkPurpose.manage, registration),
        join_url=link(process.settings, process.vault, LinkPurpose.enter, registration),
    )


def message_public(message: Message) -> MessagePublic:
    return MessagePublic(
        id=message.id,
        kind=message.kind,
        channel=message.channel,
        registration_id=message.registration_id,
        session_id=message.session_id,
        state=message.state,
        reason=message.reason,
        due_at=message.due_at,
        sent_at=message.sent_at,
        deadline_at=message.deadline_at,
        attempts=message.attempts,
        last_error=message.last_error,
    )


def ledger_item_public(item: LedgerItem) -> LedgerItemPublic:
    return LedgerItemPublic(
        registration_id=item.registration_id,
        rule=item.rule,
        channel=item.channel,
        due_at=item.due_at,
        state=item.state,
        reason=item.reason,
    )


def attendance_public(item: AttendanceItem) -> AttendancePublic:
    attendance = item.attendance
    return AttendancePublic(
        registration_id=item.registration.id,
        state=attendance.state if attendance else None,
        minutes=attendance.minutes if attendance else None,
        share=attendance.share if attendance else None,
        evidence=attendance.evidence if attendance else None,
    )


def follow_up_public(vault: Vault, item: FollowUpItem) -> FollowUpPublic:
    follow_up, message = item.follow_up, item.message
    return FollowUpPublic(
        id=follow_up.id,
        registration_id=follow_up.registration_id,
        segment=follow_up.segment,
        message_state=message.state if message else None,
        message_reason=message.reason if message else None,
        task=follow_up.task,
        note=follow_ups.note_of(vault, follow_up),
        version=follow_up.version,
    )
