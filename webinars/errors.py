"""One class per refusal: a stable code, words for a person, and facts. HTTP statuses live in api/errors.py."""

from __future__ import annotations

import re
from typing import ClassVar

from webinars.phrases import Phrase

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class WebinarsError(Exception):
    """A refusal that its caller can do something about. Words that patients' pages show are phrases: these are said in
    the visitor's language."""

    code: ClassVar[str] = "webinars_error"
    words: ClassVar[str] = "This is not possible."

    def __init_subclass__(cls) -> None:
        cls.code = _WORD_START.sub("_", cls.__name__).lower()

    def __init__(self, words: str | None = None, **facts: object) -> None:
        self.detail = words or self.words
        self.facts = facts
        super().__init__(self.detail)


class NotFound(WebinarsError):
    words = "There is nothing here by that name. Check the address, or go back to the list."


class SlugTaken(WebinarsError):
    words = "Another entry already has this short name. Choose a different one."


class InvalidField(WebinarsError):
    """A value that passes as a type but not as a fact. `facts["field"]` names it."""

    words = Phrase("A value is not usable.")


class TimeDoesNotExist(WebinarsError):
    words = "That wall time does not exist: the clocks go forward over it. Choose a time an hour earlier or later."


class TimeIsAmbiguous(WebinarsError):
    words = "That wall time exists twice: the clocks go back over it. Choose a time an hour earlier or later."


class UnknownTimezone(WebinarsError):
    words = "That time zone is not known. Use an IANA name such as America/Denver."


class SessionNotOpen(WebinarsError):
    words = Phrase("Registration for this session is not open yet.")


class RegistrationClosed(WebinarsError):
    words = Phrase("Registration for this session has closed.")


class SessionStarted(WebinarsError):
    words = Phrase("This session has already started.")


class SessionNotOver(WebinarsError):
    words = Phrase("This session is not over yet.")


class SessionCancelled(WebinarsError):
    words = Phrase("This session has been cancelled.")


class SeriesOver(WebinarsError):
    words = "No session of this series is to come: all are over or cancelled. Make a new series."


class SessionFull(WebinarsError):
    words = Phrase("This session is full and has no waitlist.")


class CapacityTooSmall(WebinarsError):
    words = "Seats cannot be fewer than one."


class RegistrationNotActive(WebinarsError):
    words = Phrase("This registration is no longer active.")


class AlreadyRegistered(WebinarsError):
    words = Phrase("There is a registration for that session already. To keep that one, cancel this one.")


class OfferGone(WebinarsError):
    words = Phrase("This seat is not kept any more.")


class UndoTooLate(WebinarsError):
    words = Phrase("This can be undone for ten minutes only. Register again instead.")


class RowsRefused(WebinarsError):
    """`facts["bad_rows"]` is how many; `facts["problems"]` says of the first ones which and why."""

    words = "Nothing was imported: rows have to be put right first."


class AddressTaken(WebinarsError):
    words = "Another registration of this session has this address."


class IdempotencyMismatch(WebinarsError):
    words = "This Idempotency-Key was used with a different request. Send a new key with a new request."


class VersionMismatch(WebinarsError):
    words = "Somebody changed this in the meantime. Fetch it again and repeat the change on what you get."


class VersionMissing(WebinarsError):
    words = "Send If-Match with the ETag of what you are changing, or * to change it whatever it is now."


class LinkInvalid(WebinarsError):
    words = "This link does not work any more. Use the newest mail, or register again with the same address to get it."


class RegistrationErased(WebinarsError):
    """Whoever a personal link was made for has been erased from its registration."""

    words = Phrase(
        "It is done: what told of you here is gone, and this link has ended with it. You are welcome to come to "
        "another webinar whenever you like."
    )


class SignInFailed(WebinarsError):
    words = "The e-mail address or the password is not right."


class SignInRequired(WebinarsError):
    words = "Please sign in."


class TokenInvalid(WebinarsError):
    words = "Send a valid token as `Authorization: Bearer …`."


class ReportUnproven(WebinarsError):
    """Of what mail servers and providers report."""

    words = "Nothing shows that this report is from whom it says, or that it is new. Nothing was changed."


class NotAllowed(WebinarsError):
    words = "You may not do this. Ask an owner for the role or the scope it needs."


class TooManyRequests(WebinarsError):
    """`facts["retry_after"]` is the number of seconds to wait."""

    words = Phrase("Too many requests. Wait a little and try again.")


class Busy(WebinarsError):
    """`facts["retry_after"]` is the number of seconds to wait."""

    words = Phrase("Very many people are registering at this moment. Nothing was lost; try again in a few seconds.")


class TookTooLong(Busy):
    """The database gave up on a statement that waited or ran for too long. `facts["retry_after"]` as above."""

    words = Phrase("This took longer than it may. Nothing was changed; try again in a few seconds.")


class MessageNotRetriable(WebinarsError):
    words = "Only a failed message can be tried again, and only while it is still useful."


class HostExists(WebinarsError):
    words = "A host with this e-mail address exists already."


class ConditionBroken(WebinarsError):
    """Of questions that depend on each other."""

    words = (
        "A question depends on another one: it comes after that, and on an answer that can be given. Change its "
        "condition first."
    )


class CannotStart(WebinarsError):
    """The configuration or the state of the database does not allow the program to run."""

    words = "The program cannot start."
