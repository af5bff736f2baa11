"""Bodies and answers about registrations."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, Problem, left_out
from api.schemas.sessions import SessionPublic
from webinars.terms import RegistrationStatus

_SOURCE_KEYS = Literal["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "page", "src"]


MOST_SESSIONS = 50
_A_SESSION = {name: (field.examples or [None])[0] for name, field in SessionPublic.model_fields.items()}
_Email = Annotated[str, Field(description="Where mail goes.", examples=["ana@mail.example"], max_length=254)]
_Name = Annotated[str, Field(description="Full name.", examples=["Ana Núñez"], max_length=200)]
_Timezone = Annotated[
    Line, Field(description="IANA zone the registrant reads times in.", examples=["America/Denver"], max_length=64)
]
_Locale = Annotated[Line, Field(description="Language tag.", examples=["en-US"], max_length=20)]


class ConsentCreate(Body):
    """One answer to one of the questions that need consent."""

    purpose: Line = Field(description="What is agreed to.", examples=["topic_alerts"], max_length=40)
    channel: Line = Field(description="By which channel.", examples=["email"], max_length=20)
    granted: bool = Field(description="True for yes. A question left out is a no.", examples=[True])


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
    source: dict[_SOURCE_KEYS, Annotated[Line, Field(max_length=300)]] = Field(
        default_factory=dict,
        description="Where the registration came from.",
        examples=[{"utm_source": "blog"}],
    )
    answers: Annotated[dict[str, Any], Field(max_length=0)] = Field(
        default_factory=dict, description="Answers to a host's questions: none are asked yet.", examples=[{}]
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
    status: RegistrationStatus = Field(description="State of the registration.", examples=["confirmed"])
    email: str = Field(description="Where mail goes.", examples=["ana@mail.example"])
    name: str = Field(description="Full name.", examples=["Ana Núñez"])
    phone: str | None = Field(description="Mobile number.", examples=["+1 303 555 0134"])
    timezone: str = Field(description="IANA zone the registrant reads times in.", examples=["America/Denver"])
    locale: str = Field(description="Language tag.", examples=["en-US"])
    seats: int = Field(description="Seats it takes or waits for.", examples=[1])
    source: dict[str, str] = Field(description="Where it came from.", examples=[{"utm_source": "blog"}])
    created_at: Moment = Field(description="When it was first made.", examples=["2026-11-22T14:00:00Z"])
    updated_at: Moment = Field(description="When it last changed.", examples=["2026-11-22T14:00:00Z"])
    confirmed_at: Moment | None = Field(description="Since when it has a seat.", examples=["2026-11-22T14:00:00Z"])
    waitlisted_at: Moment | None = Field(description="Since when it waits in line.", examples=[None])
    withdrawn_at: Moment | None = Field(description="When it was given up.", examples=[None])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1795356000000000])


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
