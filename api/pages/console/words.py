"""The console's words for what the program calls by short names."""

from __future__ import annotations

from collections.abc import Mapping

from webinars import errors
from webinars.errors import WebinarsError
from webinars.rules.suppressions import Verdict
from webinars.rules.visits import OTHER
from webinars.terms import (
    AttendanceState,
    CalendarReply,
    CallTime,
    Channel,
    Evidence,
    MessageKind,
    MessageState,
    PublicationStatus,
    QuestionKind,
    RecentMri,
    RegistrationStatus,
    RequestKind,
    Role,
    SessionStatus,
    SkipReason,
    SuppressionReason,
    TaskState,
)

DONE = {
    "added": "Added.",
    "approved": "Approved. The registrant is told by mail.",
    "archived": "Archived. The public no longer sees this webinar.",
    "calls_revealed": "Phone numbers, addresses and what people wrote are shown. This was noted in the audit log.",
    "cancelled": "The session is cancelled. Everybody registered for it is told by mail.",
    "comments_revealed": "What people wrote is shown. This was noted in the audit log.",
    "created": "Created as a draft. Publish it when it is ready for the public.",
    "declined": "The registration is cancelled. The registrant is told by mail.",
    "draft": "Taken back to draft. The public no longer sees this webinar.",
    "registered": "Registered. The registrant is told by mail.",
    "health_revealed": "Health answers are shown. This was noted in the audit log.",
    "rule_deleted": "It is not sent any more. What it has sent stays in the lists.",
    "question_retired": "It is not asked any more. Answers that were given are kept.",
    "readmitted": "Let in again. The registrant is told by mail.",
    "registered_before": "They were registered before: nothing is changed. Their own mail is sent again.",
    "accepted": "The seat is theirs. The registrant is told by mail.",
    "feed_renewed": "Here is the new address. The old one has ended: subscribe again with this one.",
    "corrected": "The address is corrected. The invite is on its way to the new one.",
    "mark_lifted": "The mark is lifted. What they missed and is still of use is on its way.",
    "erased": "Erased. What is left counts in the numbers and leads to nobody.",
    "transferred": "Changed to the other session. The registrant is told by mail.",
    "transferred_waiting": "On the waitlist of the other session. The old place is kept until there is a seat.",
    "moved": "The session is moved. Mails with the new time are on their way.",
    "published": "Published. The public can see it now.",
    "reinstated": "The session takes place after all. Everybody registered for it is told by mail.",
    "resent": "Their mail is sent again, unless it went out within the last hour.",
    "retried": "The message will be tried again in a moment.",
    "retried_all": "All that is of use still will be tried again in a moment.",
    "revealed": "Addresses are shown. This was noted in the audit log.",
    "saved": "Saved.",
    "saved_telling": (
        "Saved. But the title in mails names a problem area or a condition. It appears on lock screens and in family "
        "calendars: choose a neutral one."
    ),
    "scheduled": "The session is scheduled.",
    "series_cancelled": "All sessions to come are cancelled. Everybody registered for one is told by mail.",
    "series_changed": "The series is changed. Whoever is registered for a session that moved or ended is told by mail.",
    "series_created": "The series is scheduled.",
    "signed_out": "You are signed out.",
    "test_not_sent": "The test could not be sent: the mail server does not take it. Try again later.",
    "test_sent": "The test is on its way to your own address.",
    "text_reset": "The mail says the usual words again.",
    "text_saved": "Saved. Mails that are sent from now on say it.",
    "text_saved_telling": (
        "Saved. The text names a problem area or a condition. That is allowed, but some phones show how a mail begins "
        "on the lock screen: keep it out of the first sentence."
    ),
}
"""What a page says after a deed, by the code in `?done=`."""

ROLES = {Role.owner: "Owner", Role.manager: "Manager", Role.host: "Host", Role.viewer: "Viewer"}
WEBINARS = {
    PublicationStatus.draft: "Draft",
    PublicationStatus.published: "Published",
    PublicationStatus.archived: "Archived",
}
SESSIONS = {
    SessionStatus.draft: "Draft",
    SessionStatus.scheduled: "Scheduled",
    SessionStatus.cancelled: "Cancelled",
}
REGISTRATIONS = {
    RegistrationStatus.confirmed: "Confirmed",
    RegistrationStatus.offered: "Seat offered",
    RegistrationStatus.waitlisted: "Waitlist",
    RegistrationStatus.pending: "Waiting for approval",
    RegistrationStatus.declined: "Declined",
    RegistrationStatus.withdrawn: "Withdrawn",
    RegistrationStatus.lapsed: "Did not answer",
}
LANGUAGES = {"en-US": "English", "es-US": "Spanish"}
"""What a host may note down of a registrant, by language tag."""
SPOKEN = {"en": "English", "es": "Spanish"}
"""The languages that mails are written in."""
KINDS = {
    MessageKind.confirmation: "Confirmation",
    MessageKind.waitlisted: "On the waitlist",
    MessageKind.pending: "Request received",
    MessageKind.offered: "Seat offered",
    MessageKind.lapsed: "Offer ended",
    MessageKind.seat_free: "A seat is free",
    MessageKind.declined: "Declined",
    MessageKind.resent: "Own mail again",
    MessageKind.withdrawn: "Withdrawal",
    MessageKind.moved: "New time",
    MessageKind.updated: "Details changed",
    MessageKind.session_cancelled: "Session cancelled",
    MessageKind.reinstated: "Takes place after all",
    MessageKind.cannot_come: "Declined in the calendar",
    MessageKind.reminder: "Reminder",
    MessageKind.not_there: "Started, not there",
    MessageKind.follow_up: "Follow-up",
    MessageKind.packet: "Information packet",
    MessageKind.alert_check: "May we tell you?",
    MessageKind.alert: "New dates",
}
CHANNELS = {Channel.email: "e-mail", Channel.sms: "text message", Channel.push: "app message"}
MESSAGES = {
    MessageState.planned: "Planned",
    MessageState.sending: "Being sent",
    MessageState.sent: "Sent",
    MessageState.skipped: "Not sent",
    MessageState.missed: "Not in time",
    MessageState.failed: "Failed",
    MessageState.bounced: "Came back",
}
_REASONS: dict[str, str] = {
    SkipReason.late: "they confirmed after it was due, or were told a moment before",
    SkipReason.quiet: "it would have come at night, and by the morning too late",
    SkipReason.merged: "the reminder of another session that day names this one too",
    SkipReason.capped: "they had as many reminders as we send in a week",
    SkipReason.cancelled: "no longer registered, or the session is off",
    SkipReason.joined: "already in the room",
    SkipReason.superseded: "the time or the state has changed since",
    SkipReason.segment: "attendance has changed since",
    SkipReason.expired: "too late to be of use",
    SkipReason.erased: "the registrant's data was deleted",
    SkipReason.suppressed: "the address does not take our mail",
    SkipReason.consent: "they do not want such mails",
    SkipReason.no_phone: "there is no telephone number",
    SkipReason.no_transport: "text messages are not set up",
    "refused": "the server it was given to refused it",
    Verdict.hard: "there is no such mailbox",
    Verdict.soft: "the mailbox could not be reached",
    Verdict.ours: "their mail server refuses the way we send: ask whoever runs our mail",
    "internal": "the mail could not be made",
}
ATTENDANCE = {
    AttendanceState.attended: "Attended",
    AttendanceState.left_early: "Left early",
    AttendanceState.no_show: "Did not come",
    AttendanceState.unknown: "Not known",
}
EVIDENCE = {
    Evidence.none: "none",
    Evidence.clicked: "pressed the join button",
    Evidence.joined: "was seen in the room",
    Evidence.interval: "joining and leaving reported",
    Evidence.host: "confirmed by a host",
}
QUESTIONS = {
    QuestionKind.text: "A few words",
    QuestionKind.long_text: "Several lines",
    QuestionKind.choice: "One of several choices",
    QuestionKind.choices: "Any of several choices",
    QuestionKind.yes_no: "Yes or no",
    QuestionKind.number: "A number",
    QuestionKind.date: "A day",
}
CALENDAR_REPLIES = {
    CalendarReply.accepted: "Coming",
    CalendarReply.tentative: "Perhaps",
    CalendarReply.declined: "Not coming",
}
SUPPRESSIONS = {
    SuppressionReason.bounced: "Mail to this address comes back",
    SuppressionReason.complained: "They have called our mail unwanted",
}
"""Why an address is marked."""
TASKS = {TaskState.none: "No task", TaskState.open: "To call", TaskState.done: "Done"}
REQUESTS = {
    RequestKind.candidacy: "Asks for an evaluation",
    RequestKind.packet: "Asked for the information packet",
    None: "Nobody knows whether they came",
}
"""Why somebody is to be called; None where a follow-up asks for it."""
MRIS = {RecentMri.yes: "Yes", RecentMri.no: "No", RecentMri.not_sure: "Not sure"}
CALL_TIMES = {
    CallTime.any_time: "At any time",
    CallTime.morning: "In the morning",
    CallTime.afternoon: "In the afternoon",
    CallTime.evening: "In the evening",
}

_SOURCES = {"src": "Link on", "page": "Form on", "referrer": "Site"}
_REFUSALS = {
    kind.code: kind.words
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, WebinarsError)
}
_REFUSALS[errors.VersionMismatch.code] = "Somebody changed this in the meantime. Look at it again before you go on."
_REFUSALS[errors.RegistrationErased.code] = "What told of this person has been deleted. Nothing can be noted any more."


def refusal(code: str) -> str | None:
    """What was refused, by the code in `?refused=`."""
    return _REFUSALS.get(code)


def source(touch: Mapping[str, str]) -> str:
    """Where somebody came from, as hosts say it."""
    if not touch:
        return "Direct, or not known"
    if touch == OTHER:
        return "All others"
    named = " / ".join(touch[key] for key in ("utm_source", "utm_medium", "utm_campaign") if key in touch)
    said = [named] if named else []
    said += [f"{words} {touch[key]}" for key, words in _SOURCES.items() if key in touch]
    return ", ".join(said)


def reason(code: str | None) -> str:
    """Why a message was not sent."""
    return _REASONS.get(code, code.replace("_", " ")) if code else ""
