"""The tables, one noun a file. Importing this package makes all of them known."""

from webinars.tables.attendance import Attendance, AttendanceInterval
from webinars.tables.audit import AuditEntry
from webinars.tables.base import Retention, Table
from webinars.tables.branding import Branding
from webinars.tables.consents import Consent
from webinars.tables.follow_ups import FollowUp
from webinars.tables.hosts import Host, SignIn
from webinars.tables.idempotency import IdempotencyKey, KeptAnswer
from webinars.tables.messages import Message
from webinars.tables.presenters import Presenter
from webinars.tables.questions import Answer, Question
from webinars.tables.rates import RateCount
from webinars.tables.registrations import Registration
from webinars.tables.reminders import Reminder, ReminderRule
from webinars.tables.requests import Request
from webinars.tables.series import Series
from webinars.tables.sessions import WebinarSession
from webinars.tables.subscriptions import Subscription
from webinars.tables.suppressions import InboundEvent, Suppression
from webinars.tables.surveys import SurveyReply
from webinars.tables.texts import MessageText
from webinars.tables.tokens import Token
from webinars.tables.topics import Topic
from webinars.tables.transports import Transport
from webinars.tables.visits import VisitCount
from webinars.tables.webinars import Webinar, WebinarPresenter, WebinarTopic
from webinars.tables.workers import Worker

__all__ = [
    "Answer",
    "Attendance",
    "AttendanceInterval",
    "AuditEntry",
    "Branding",
    "Consent",
    "FollowUp",
    "Host",
    "IdempotencyKey",
    "InboundEvent",
    "KeptAnswer",
    "Message",
    "MessageText",
    "Presenter",
    "Question",
    "RateCount",
    "Registration",
    "Reminder",
    "ReminderRule",
    "Request",
    "Retention",
    "Series",
    "SignIn",
    "Subscription",
    "Suppression",
    "SurveyReply",
    "Table",
    "Token",
    "Topic",
    "Transport",
    "VisitCount",
    "Webinar",
    "WebinarPresenter",
    "WebinarSession",
    "WebinarTopic",
    "Worker",
]
