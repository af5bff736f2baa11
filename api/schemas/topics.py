"""Bodies and answers about topics."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Change, Line, PageOf, Slug, left_out

_Slug = Annotated[Slug, Field(description="Short name, for addresses.", examples=["knee"])]
_Name = Annotated[Line, Field(description="What people read.", examples=["Knee"], min_length=1, max_length=100)]
_Parent = Annotated[Slug, Field(description="Short name of the area it belongs to.", examples=["knee"])]
_Position = Annotated[int, Field(description="Place in lists, smallest first.", examples=[10], ge=0, le=100_000)]


class TopicCreate(Body):
    """A new area, or with `parent` a condition under one."""

    slug: _Slug
    name: _Name
    parent: _Parent | None = Field(
        default=None, description="Short name of the area it belongs to; null for an area.", examples=[None]
    )
    position: _Position = 0


class TopicUpdate(Change):
    """What is to be changed about a topic."""

    slug: _Slug = left_out()
    name: _Name = left_out()
    parent: _Parent | None = Field(
        default=None, description="Short name of the area it belongs to; null makes it an area.", examples=["knee"]
    )
    position: _Position = left_out()


class TopicPublic(Answer):
    """An area, or a condition under one."""

    id: UUID = Field(description="Of the topic.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e21"])
    slug: str = Field(description="Short name, for addresses.", examples=["knee"])
    name: str = Field(description="What people read.", examples=["Knee"])
    parent: str | None = Field(
        description="Short name of the area it belongs to; null for an area.", examples=[None, "knee"]
    )
    position: int = Field(description="Place in lists, smallest first.", examples=[10])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])


class TopicPage(PageOf[TopicPublic]):
    """All topics."""
