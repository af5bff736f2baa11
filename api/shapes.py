"""From what services return to what the API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from api.schemas.attendance import AttendancePublic
from api.schemas.branding import BrandingPublic
from api.schemas.consents import ConsentPublic
from api.schemas.follow_ups import FollowUpPublic
from api.schemas.messages import MessagePublic
from api.schemas.presenters import PresenterPublic
from api.schemas.questions import AnswerPublic, QuestionDetail, QuestionPublic
from api.schemas.registrations import (
    RegistrationCreated,
    RegistrationPublic,
    RegistrationReceived,
)
from api.schemas.reminder_rules import ReminderRulePublic
from api.schemas.reminders import LedgerItemPublic
from api.schemas.requests import RequestPublic, WishPublic
from api.schemas.series import SeriesDetail
from api.schemas.sessions import SessionDetail, SessionPublic
from api.schemas.surveys import CommentPublic, RatingCount, SurveyPublic
from api.schemas.texts import TextPublic
from api.schemas.topics import TopicPublic
from api.schemas.webinars import WebinarDetail, WebinarPublic
from webinars.queries.sessions import Scheduled
from webinars.rules.surveys import Results
from webinars.rules.visits import first_touch, last_touch
from webinars.services import corrections, follow_ups, registrations, suppressions
from webinars.services.attendance import AttendanceItem
from webinars.services.follow_ups import FollowUpItem
from webinars.services.links import link
from webinars.services.questions import GivenAnswer
from webinars.services.registering import Registered
from webinars.services.reminder_ledger import LedgerItem
from webinars.services.requests import RequestItem
from webinars.services.series import SeriesItem
from webinars.services.surveys import Comment
from webinars.services.webinars import Offer
from webinars.tables import (
    Branding,
    Consent,
    Message,
    MessageText,
    Presenter,
    Question,
    Registration,
    ReminderRule,
    Suppression,
    Topic,
)
from webinars.terms import LinkPurpose
from webinars.vault import Vault
from webinars.work import Process, ReadWork


def topic_public(topic: Topic, parent: str | None) -> TopicPublic:
    return TopicPublic(
        id=topic.id,
        slug=topic.slug,
        name=topic.name,
        parent=parent,
        position=topic.position,
        version=topic.version,
    )


def text_public(text: MessageText, webinar: str | None) -> TextPublic:
    return TextPublic(
        webinar=webinar,
        kind=text.kind,
        locale=text.locale,
        subject=text.subject,
        body=text.body,
        version=text.version,
        updated_at=text.updated_at,
    )


def branding_public(row: Branding | None) -> BrandingPublic:
    return BrandingPublic(
        name=row.name if row else "",
        phone=row.phone if row else "",
        accent=row.accent if row else "",
        standing_notice=row.standing_notice if row else {},
        privacy_text=row.privacy_text if row else {},
        has_logo=bool(row and row.logo),
        version=row.version if row else 0,
    )


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
        frees_declined_seats=webinar.frees_declined_seats,
        replay_url=webinar.replay_url,
        packet_url=webinar.packet_url,
        version=webinar.version,
        created_at=webinar.created_at,
        updated_at=webinar.updated_at,
    )


def question_public(question: Question) -> QuestionPublic:
    return QuestionPublic.model_validate(question.model_dump(include=set(QuestionPublic.model_fields)))


def question_detail(question: Question) -> QuestionDetail:
    return QuestionDetail.model_validate(question.model_dump(include=set(QuestionDetail.model_fields)))


def session_public(item: Scheduled) -> SessionPublic:
    session, webinar = item.session, item.webinar
    return SessionPublic.model_construct(
        id=session.id,
        webinar=webinar.slug,
        series_id=session.series_id,
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
        registration_opens_at=session.registration_opens_at,
        registration_closes_at=session.registration_closes_at,
    )


def session_detail(item: Scheduled) -> SessionDetail:
    session = item.session
    return SessionDetail(
        **dict(session_public(item)),
        is_exception=session.is_exception,
        room_url=session.room_url,
        seats_taken=session.seats_taken,
        waitlisted=session.waitlisted,
        schedule_version=session.schedule_version,
        details_version=session.details_version,
        settled_at=session.settled_at,
        version=session.version,
    )


def series_detail(item: SeriesItem) -> SeriesDetail:
    series = item.series
    return SeriesDetail(
        id=series.id,
        webinar=item.webinar.slug,
        rrule=series.rrule,
        starts_at_local=series.starts_at_local,
        timezone=series.timezone,
        duration_minutes=series.duration_minutes,
        capacity=series.capacity,
        room_url=series.room_url,
        waitlist_open=series.waitlist_open,
        version=series.version,
        items=[session_detail(scheduled) for scheduled in item.sessions],
    )


def registrations_public(
    work: ReadWork,
    found: Sequence[Registration],
    answers: Mapping[UUID, Sequence[GivenAnswer]],
    *,
    shows_question: bool = False,
) -> list[RegistrationPublic]:
    marks = suppressions.marks_of(work, found)
    return [
        _registration(work.vault, row, answers[row.id], marks.get(row.id), shows_question=shows_question)
        for row in found
    ]


def _registration(
    vault: Vault,
    registration: Registration,
    answers: Sequence[GivenAnswer],
    mark: Suppression | None,
    *,
    shows_question: bool,
) -> RegistrationPublic:
    return RegistrationPublic(
        id=registration.id,
        session_id=registration.session_id,
        status=registration.status,
        email=registrations.email_of(vault, registration),
        name=registrations.name_of(vault, registration),
        phone=registrations.phone_of(vault, registration),
        timezone=registration.timezone,
        locale=registration.locale,
        seats=registration.seats,
        question=registrations.question_of(vault, registration) if shows_question else None,
        answers=[AnswerPublic(**asdict(given)) for given in answers],
        source=_source(registration),
        created_at=registration.created_at,
        updated_at=registration.updated_at,
        confirmed_at=registration.confirmed_at,
        waitlisted_at=registration.waitlisted_at,
        offered_at=registration.offered_at,
        offer_expires_at=registration.offer_expires_at,
        withdrawn_at=registration.withdrawn_at,
        replaces_id=registration.replaces_id,
        calendar_reply=registration.calendar_reply,
        calendar_replied_at=registration.calendar_replied_at,
        mail_problem=mark.reason if mark else None,
        erased_at=registration.erased_at,
        version=corrections.version_of(registration),
    )


def _source(registration: Registration) -> dict[str, str | dict[str, str]]:
    last, first = last_touch(registration.source), first_touch(registration.source)
    return {**last, "first": first} if first != last else {**last}


def consent_public(consent: Consent) -> ConsentPublic:
    return ConsentPublic(
        purpose=consent.purpose,
        channel=consent.channel,
        granted=consent.is_granted,
        text_version=consent.text_version,
        text_hash=consent.text_hash,
        locale=consent.locale,
        method=consent.method,
        address_block=consent.address_block,
        created_at=consent.created_at,
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


def reminder_rule_public(rule: ReminderRule) -> ReminderRulePublic:
    return ReminderRulePublic.model_validate(rule.model_dump(include=set(ReminderRulePublic.model_fields)))


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
        replayed_at=item.registration.replayed_at,
    )


def request_public(item: RequestItem) -> RequestPublic:
    request = item.request
    return RequestPublic(
        id=request.id,
        registration_id=request.registration_id,
        session_id=request.session_id,
        kind=request.kind,
        state=request.state,
        details=WishPublic(**asdict(item.wish)) if item.wish else None,
        note=item.note,
        version=request.version,
        created_at=request.created_at,
        updated_at=request.updated_at,
    )


def survey_public(results: Results, comments: Sequence[Comment] | None) -> SurveyPublic:
    return SurveyPublic(
        asked=results.asked,
        replies=results.replies,
        average=results.average,
        counts=[RatingCount(rating=rating, count=count) for rating, count in results.counts.items()],
        comments=None if comments is None else [CommentPublic(**asdict(comment)) for comment in comments],
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
