"""What all schemas share. Bodies refuse what they do not know; answers have no defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

Item = TypeVar("Item")


Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters: a database may refuse them, and no name needs one."""
Prose = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Text of several lines."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
"""The part of an address that names something."""


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def left_out() -> Any:
    """The default of a field that a PATCH need not name. Nobody reads it: see `Change.changes`."""
    return Field(default_factory=lambda: None)


class Change(Body):
    """What a client changes: whatever it leaves out stays as it is."""

    def changes(self) -> dict[str, Any]:
        """What the client named, and nothing else."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Answer(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(extra="forbid")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment lies outside the years 1 to 9999") from None


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


class FieldProblem(Answer):
    """One value that is not usable."""

    field: str = Field(description="Where it is, parts joined by points.", examples=["body.email"])
    detail: str = Field(description="What is wrong with it.", examples=["Field required"])


class Problem(Answer):
    """An error (RFC 9457). There may be further facts, such as `field` or `retry_after`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Always `about:blank`: `code` tells errors apart.", examples=["about:blank"])
    title: str = Field(description="The HTTP status in words.", examples=["Conflict"])
    status: int = Field(description="The HTTP status.", examples=[409])
    code: str = Field(description="Stable name of the error, for programs.", examples=["session_full"])
    detail: str = Field(description="What is wrong and what to do, for people.", examples=["This session is full."])


class InvalidProblem(Problem):
    """A request that cannot be understood, or a fact that cannot be."""

    errors: list[FieldProblem] = Field(
        default_factory=list,
        description="With the code `invalid_request`: each value that is not usable, never the value itself.",
        examples=[[]],
    )
