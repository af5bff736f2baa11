"""The console's words for what the program calls by short names."""

from __future__ import annotations

from collections.abc import Mapping

from webinars import errors
from webinars.errors import WebinarsError
from webinars.rules.visits import OTHER
from webinars.terms import (
    AttendanceState,
    Evidence,
    MessageKind,
    MessageState,
    PublicationStatus,
    QuestionKind,
    RegistrationStatus,
    Role,
    SessionStatus,
    SkipReason,
    TaskState,
)

DONE = {
    "added": "Added.",
    "approved": "Approved. The registrant is told by mail.",
    "archived": "Archived. The public no longer sees this webinar.",
    "cancelled": "The session is cancelled. Everybody registered for it is told by mail.",
    "created": "Created as a draft. Publish it when it is ready for the public.",
    "declined": "The registration is cancelled. The registrant is told by mail.",
    "draft": "Taken back to draft. The public no longer sees this webinar.",
    "registered": "Registered. The registrant is told by mail.",
    "health_revealed": "Health answers are shown. This was noted in the audit log.",
    "question_retired": "It is not asked any more. Answers that were given are kept.",
    "readmitted": "Let in again. The registrant is told by mail.",
    "registered_before": "They were registered before: nothing is changed. Their own mail is sent again.",
    "accepted": "The seat is theirs. The registrant is told by mail.",
    "erased": "Erased. What is left counts in the numbers and leads to nobody.",
    "transferred": "Changed to the other session. The registrant is told by mail.",
    "transferred_waiting": "On the waitlist of the other session. The old place is kept until there is a seat.",
    "moved": "The session is moved. Mails with the new time are on their way.",
    "published": "Published. The public can see it now.",
    "resent": "Their mail is sent again, unless it went out within the last hour.",
    "retried": "The message will be tried again in a moment.",
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
    MessageKind.session_cancelled: "Session cancelled",
    MessageKind.reminder: "Reminder",
    MessageKind.follow_up: "Follow-up",
}
MESSAGES = {
    MessageState.planned: "Planned",
    MessageState.sending: "Being sent",
    MessageState.sent: "Sent",
    MessageState.skipped: "Skipped",
    MessageState.missed: "Missed",
    MessageState.failed: "Failed",
    MessageState.bounced: "Bounced",
}
_REASONS: dict[str, str] = {
    SkipReason.late: "confirmed after it was due",
    SkipReason.cancelled: "no longer registered, or the session is off",
    SkipReason.joined: "already in the room",
    SkipReason.superseded: "the time or the state has changed since",
    SkipReason.segment: "attendance has changed since",
    SkipReason.expired: "it would have come too late",
    SkipReason.erased: "the registrant's data was deleted",
    "refused": "the mail server refused the address",
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
TASKS = {TaskState.none: "No task", TaskState.open: "To call", TaskState.done: "Done"}

_SOURCES = {"src": "Link on", "page": "Form on", "referrer": "Site"}
_REFUSALS = {
    kind.code: kind.words
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, WebinarsError)
}
_REFUSALS[errors.VersionMismatch.code] = "Somebody changed this in the meantime. Look at it again before you go on."


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
