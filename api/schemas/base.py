"""What all schemas share. Bodies refuse what they do not know; answers have no defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

Item = TypeVar("Item")


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(extra="forbid")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), PlainSerializer(_rfc3339, return_type=str)]
"""An RFC 3339 moment; answers are in UTC and end in Z."""


class PageOf(Answer, Generic[Item]):
    """A page of a list."""

    items: list[Item] = Field(description="The items of this page.", examples=[[]])
    next: str | None = Field(
        description="Cursor of the next page, to be sent as `?cursor=`; null on the last one.",
        examples=["AZqCJ1N1cAC5H0mM6pK3uQ"],
    )
    limit: int = Field(description="How many items a page has at most.", examples=[50])


class Problem(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="Always `about:blank`: `code` tells errors apart.", examples=["about:blank"])
    title: str = Field(description="The HTTP status in words.", examples=["Conflict"])
    status: int = Field(description="The HTTP status.", examples=[409])
    code: str = Field(description="Stable name of the error, for programs.", examples=["session_full"])
    detail: str = Field(description="What is wrong and what to do, for people.", examples=["This session is full."])
