"""Bodies and answers about webinars."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Change, Line, Moment, PageOf, Prose, Slug, left_out
from webinars.terms import PublicationStatus

_Slug = Annotated[Slug, Field(description="Short name, for addresses.", examples=["knee-options"])]
_Title = Annotated[
    Line,
    Field(description="Title.", examples=["Knee pain: options before surgery"], min_length=1, max_length=200),
]
_PublicTitle = Annotated[
    Line,
    Field(
        description="What mails and calendars say: it stands on lock screens, so it names no condition.",
        examples=["Your webinar"],
        min_length=1,
        max_length=100,
    ),
]
_Summary = Annotated[
    Line,
    Field(description="One or two sentences for lists.", examples=["What helps before an operation."], max_length=500),
]
_Description = Annotated[
    Prose, Field(description="In Markdown.", examples=["## What you will learn"], max_length=20_000)
]
_Topics = Annotated[
    list[Slug], Field(description="Short names of what it is about.", examples=[["knee"]], max_length=50)
]
_Presenters = Annotated[
    list[Slug],
    Field(description="Short names of who presents it, in order.", examples=[["maria-castellan"]], max_length=50),
]
_Status = Annotated[
    PublicationStatus, Field(description="Only what is published is seen by the public.", examples=["published"])
]
_NeedsApproval = Annotated[
    bool, Field(description="Whether a host decides on each registration before it takes a seat.", examples=[False])
]
_AsksQuestion = Annotated[
    bool, Field(description="Whether the form has room for a question to the presenter.", examples=[False])
]
_ReplayUrl = Annotated[
    Line,
    Field(
        description="Where the recording is, for those who registered; empty if there is none.",
        examples=["https://video.clinic.example/v/1"],
        pattern=r"^(https://[^/@\s][^@\s]*)?$",
        max_length=500,
    ),
]
_PacketUrl = Annotated[
    Line,
    Field(
        description="Where the information packet is, which is mailed to whoever asks for it after a session; empty if "
        "there is none.",
        examples=["https://files.clinic.example/packet.pdf"],
        pattern=r"^(https://[!#-.0-;=?A-Z\[\]_a-z~][!#-;=?A-Z\[\]_a-z~]*)?$",
        max_length=500,
    ),
]
_FreesDeclinedSeats = Annotated[
    bool,
    Field(
        description="Whether declining the invite in a calendar gives the seat up, where the mail is proven to be the "
        "registrant's. Otherwise they are asked by mail.",
        examples=[False],
    ),
]


class WebinarCreate(Body):
    """A new webinar."""

    slug: _Slug
    title: _Title
    public_title: _PublicTitle = "Your webinar"
    summary: _Summary = ""
    description: _Description = ""
    topics: _Topics = Field(default_factory=list)
    presenters: _Presenters = Field(default_factory=list)
    status: _Status = PublicationStatus.draft
    needs_approval: _NeedsApproval = False
    asks_question: _AsksQuestion = False
    frees_declined_seats: _FreesDeclinedSeats = False
    replay_url: _ReplayUrl = ""
    packet_url: _PacketUrl = ""


class WebinarUpdate(Change):
    """What is to be changed about a webinar. `topics` and `presenters` take the place of all that were there."""

    slug: _Slug = left_out()
    title: _Title = left_out()
    public_title: _PublicTitle = left_out()
    summary: _Summary = left_out()
    description: _Description = left_out()
    topics: _Topics = left_out()
    presenters: _Presenters = left_out()
    status: _Status = left_out()
    needs_approval: _NeedsApproval = left_out()
    asks_question: _AsksQuestion = left_out()
    frees_declined_seats: _FreesDeclinedSeats = left_out()
    replay_url: _ReplayUrl = left_out()
    packet_url: _PacketUrl = left_out()


class WebinarPublic(Answer):
    """A webinar as anyone may see it."""

    id: UUID = Field(description="Of the webinar.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e41"])
    slug: str = Field(description="Short name, for addresses.", examples=["knee-options"])
    title: str = Field(description="Title.", examples=["Knee pain: options before surgery"])
    summary: str = Field(description="One or two sentences for lists.", examples=["What helps before an operation."])
    description: str = Field(description="In Markdown.", examples=["## What you will learn"])
    topics: list[str] = Field(description="Short names of what it is about.", examples=[["knee"]])
    presenters: list[str] = Field(
        description="Short names of who presents it, in order.", examples=[["maria-castellan"]]
    )
    status: PublicationStatus = Field(description="The public sees `published` alone.", examples=["published"])
    needs_approval: bool = Field(description="Whether a host decides on each registration.", examples=[False])
    asks_question: bool = Field(description="Whether a question to the presenter may be sent.", examples=[False])


class WebinarDetail(WebinarPublic):
    """A webinar for a token of scope `catalogue:write`."""

    public_title: str = Field(description="What mails and calendars say.", examples=["Your webinar"])
    frees_declined_seats: bool = Field(
        description="Whether declining in a calendar gives the seat up, where the sender is proven.", examples=[False]
    )
    replay_url: str = Field(
        description="Where the recording is; empty if there is none.", examples=["https://video.clinic.example/v/1"]
    )
    packet_url: str = Field(
        description="Where the information packet is; empty if there is none.",
        examples=["https://files.clinic.example/packet.pdf"],
    )
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])
    created_at: Moment = Field(description="When it was made.", examples=["2026-11-22T14:00:00Z"])
    updated_at: Moment = Field(description="When it last changed.", examples=["2026-11-22T14:00:00Z"])


class WebinarPage(PageOf[WebinarPublic]):
    """All webinars that are published, newest first."""


class WebinarDetailPage(PageOf[WebinarDetail]):
    """All webinars, newest first."""
