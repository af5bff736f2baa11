"""Bodies and answers about registrations."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, Problem, left_out
from api.schemas.questions import AnswerPublic, Answers
from api.schemas.sessions import SessionPublic
from webinars.terms import CalendarReply, RegistrationStatus, SuppressionReason

MOST_SESSIONS = 50
_A_SESSION = {name: (field.examples or [None])[0] for name, field in SessionPublic.model_fields.items()}
_Email = Annotated[str, Field(description="Where mail goes.", examples=["ana@mail.example"], max_length=254)]
_Name = Annotated[str, Field(description="Full name.", examples=["Ana Núñez"], max_length=200)]
_Timezone = Annotated[
    Line, Field(description="IANA zone the registrant reads times in.", examples=["America/Denver"], max_length=64)
]
_Locale = Annotated[Line, Field(description="Language tag.", examples=["en-US"], max_length=20)]


_Word = Annotated[Line, Field(max_length=2000)]


class ConsentCreate(Body):
    """One answer to one of the questions that need consent."""

    purpose: Line = Field(description="What is agreed to.", examples=["topic_alerts"], max_length=40)
    channel: Line = Field(description="By which channel.", examples=["email"], max_length=20)
    granted: bool = Field(description="True for yes. A question left out is a no.", examples=[True])


class TouchCreate(Body):
    """One arrival of a visitor. Values are cut to 200 characters, addresses lose their query; never personal data."""

    utm_source: _Word = Field(default="", description="Who sent the visitor, as the link says.", examples=["blog"])
    utm_medium: _Word = Field(default="", description="By what kind of link.", examples=["email"])
    utm_campaign: _Word = Field(default="", description="As part of what.", examples=["spring"])
    utm_term: _Word = Field(default="", description="What was looked for.", examples=["knee webinar"])
    utm_content: _Word = Field(default="", description="Which of several links.", examples=["footer"])
    src: _Word = Field(default="", description="Where the link stands, in one word.", examples=["clinic-site"])
    page: _Word = Field(
        default="", description="The page that embeds the form.", examples=["https://clinic.example/knee"]
    )
    referrer: _Word = Field(default="", description="The page before.", examples=["https://blog.example/about"])


class SourceCreate(TouchCreate):
    """Where a registration comes from: the newest arrival, and the first one if that was another."""

    first: TouchCreate | None = Field(
        default=None, description="The first arrival, where it is not this one.", examples=[{"utm_source": "blog"}]
    )


class RegistrationCreate(Body):
    """Somebody's wish to take part in a session."""

    email: str = Field(description="Where the invite goes.", examples=["ana@mail.example"], max_length=254)
    name: str = Field(description="Full name.", examples=["Ana Núñez"], max_length=200)
    timezone: str = Field(
        description="IANA zone the registrant reads times in.", examples=["America/Denver"], max_length=64
    )
    locale: Line = Field(default="en-US", description="Language tag.", examples=["en-US"], max_length=20)
    seats: Annotated[int, Field(ge=1, le=2)] = Field(
        default=1, description="One, or two for somebody who comes along.", examples=[1]
    )
    phone: str | None = Field(default=None, description="Mobile number.", examples=["+1 303 555 0134"], max_length=40)
    question: str | None = Field(
        default=None,
        description="A question to the presenter. Kept as health information.",
        examples=["Do I need a recent MRI?"],
        max_length=1000,
    )
    consents: list[ConsentCreate] = Field(
        default_factory=list, description="Answers to consent questions.", examples=[[]], max_length=10
    )
    source: SourceCreate = Field(
        default_factory=SourceCreate,
        description='Where the registration comes from. A single word stands for `{"src": …}`.',
        examples=[{"utm_source": "blog"}],
    )
    answers: Answers = Field(
        default_factory=dict,
        description="Answers to the webinar's questions, by the question's id: text, a key, a list of keys, true or "
        "false, a number, or a day such as `2026-03-31`.",
        examples=[{"0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e61": "left"}],
    )

    @field_validator("source", mode="before")
    @classmethod
    def _from_word(cls, given: Any) -> Any:
        """A single word says the same as `{"src": …}`."""
        return {"src": given} if isinstance(given, str) else given


class ManyRegistrationsCreate(RegistrationCreate):
    """Somebody's wish to take part in several sessions of a webinar."""

    sessions: Annotated[list[UUID], Field(min_length=1, max_length=MOST_SESSIONS)] | Literal["all"] = Field(
        description="Which sessions, or `all` that are to come.",
        examples=["all", ["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"]],
    )


class RegistrationUpdate(Change):
    """What is to be put right about a registration. A new address gets the invite; links sent to the old one end."""

    email: _Email = left_out()
    name: _Name = left_out()
    phone: str | None = Field(
        default=None, description="Mobile number; null clears it.", examples=["+1 303 555 0134"], max_length=40
    )
    timezone: _Timezone = left_out()
    locale: _Locale = left_out()


class RegistrationMove(Body):
    """Where somebody is to be moved."""

    session_id: UUID = Field(
        description="Another session of the same webinar.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e13"]
    )


class RegistrationReceived(Answer):
    """The public answer: the same for somebody new and for somebody who is registered already."""

    status: RegistrationStatus = Field(
        description="What a newcomer gets at this moment. Somebody registered before learns by mail how matters stand.",
        examples=["confirmed"],
    )
    session: SessionPublic = Field(description="The session.", examples=[_A_SESSION])


class RegistrationPublic(Answer):
    """A registration, for a token that may read it."""

    id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    session_id: UUID = Field(description="Of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"])
    status: RegistrationStatus = Field(
        description=(
            "State of the registration. `offered`: a seat is kept for somebody from the waitlist, until "
            "`offer_expires_at`; `lapsed`: they did not answer by then."
        ),
        examples=["confirmed"],
    )
    email: str = Field(description="Where mail goes.", examples=["ana@mail.example"])
    name: str = Field(description="Full name.", examples=["Ana Núñez"])
    phone: str | None = Field(description="Mobile number.", examples=["+1 303 555 0134"])
    timezone: str = Field(description="IANA zone the registrant reads times in.", examples=["America/Denver"])
    locale: str = Field(description="Language tag.", examples=["en-US"])
    seats: int = Field(description="Seats it takes or waits for.", examples=[1])
    question: str | None = Field(
        description="What the registrant wants to ask the presenter: shown as health answers are, null otherwise.",
        examples=[None],
    )
    answers: list[AnswerPublic] = Field(
        description="What was answered to the webinar's questions, in their order. Health answers only where it is "
        "read, and with the scope `health:read`; that they were read is noted.",
        examples=[[]],
    )
    source: dict[str, str | dict[str, str]] = Field(
        description="Where it came from: the newest arrival, and as `first` the first one where that was another.",
        examples=[{"utm_source": "mail", "first": {"utm_source": "blog"}}],
    )
    created_at: Moment = Field(description="When it was first made.", examples=["2026-11-22T14:00:00Z"])
    updated_at: Moment = Field(description="When it last changed.", examples=["2026-11-22T14:00:00Z"])
    confirmed_at: Moment | None = Field(description="Since when it has a seat.", examples=["2026-11-22T14:00:00Z"])
    waitlisted_at: Moment | None = Field(description="Since when it waits in line.", examples=[None])
    offered_at: Moment | None = Field(description="When a seat was last offered to it.", examples=[None])
    offer_expires_at: Moment | None = Field(description="Until when that seat is kept.", examples=[None])
    withdrawn_at: Moment | None = Field(description="When it was given up, declined or lapsed.", examples=[None])
    replaces_id: UUID | None = Field(
        description="The registrant's place in another session, which ends as soon as this one has a seat: a move.",
        examples=[None],
    )
    calendar_reply: CalendarReply | None = Field(
        description="What their calendar answered to the invite, whoever may have tapped on it. It gives no seat up by "
        "itself unless the webinar says so.",
        examples=[None],
    )
    calendar_replied_at: Moment | None = Field(description="When it answered.", examples=[None])
    mail_problem: SuppressionReason | None = Field(
        description="Why mail is not sent to the address: it came back, or was called unwanted; then answers and "
        "changes are still sent. A new address opens the way again, and so does `DELETE …/mail-problem`.",
        examples=[None],
    )
    erased_at: Moment | None = Field(
        description="When the person was erased from it: address, name and all else are empty since.", examples=[None]
    )
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1795356000000000])


_A_REGISTRATION = {name: (field.examples or [None])[0] for name, field in RegistrationPublic.model_fields.items()}


class RegistrationMoved(Answer):
    """Where somebody is after a move."""

    registration: RegistrationPublic = Field(
        description="The registration in the new session.", examples=[_A_REGISTRATION]
    )
    kept: bool = Field(
        description="Whether the old one is kept, because they wait for a seat in the new session; it ends with that.",
        examples=[False],
    )


class RegistrationCreated(Answer):
    """The answer to a token with the scope `registrations:write`."""

    id: UUID = Field(description="Of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
    status: RegistrationStatus = Field(description="State of the registration.", examples=["confirmed"])
    session: SessionPublic = Field(description="The session.", examples=[_A_SESSION])
    manage_url: str = Field(description="The registrant's own page.", examples=["https://webinars.clinic.example/m/…"])
    join_url: str = Field(description="The registrant's way in.", examples=["https://webinars.clinic.example/j/…"])


class RegistrationPage(PageOf[RegistrationPublic]):
    """A page of a session's registrations, in the order they were made."""


class SessionProblem(Problem):
    """Why somebody could not be registered for one of several sessions."""

    session_id: UUID = Field(description="Of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"])


class ManyRegistrations(Answer):
    """One answer for each session, in the order of the request: what registering for it alone would have answered."""

    items: list[RegistrationCreated | RegistrationReceived | SessionProblem] = Field(
        description="Answers and problems.", examples=[[]]
    )


class Resent(Answer):
    """Whether a mail was planned."""

    planned: bool = Field(description="False when one went out within the hour.", examples=[True])
