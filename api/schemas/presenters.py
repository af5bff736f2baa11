"""Bodies and answers about presenters."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Answer, Body, Change, Line, PageOf, Prose, Slug, left_out

_Slug = Annotated[Slug, Field(description="Short name, for addresses.", examples=["maria-castellan"])]
_Name = Annotated[Line, Field(description="Full name.", examples=["Dr. Maria Castellan"], min_length=1, max_length=100)]
_Credentials = Annotated[
    Line, Field(description="What stands behind the name.", examples=["MD, Orthopaedics"], max_length=200)
]
_Biography = Annotated[
    Prose, Field(description="A few sentences, in Markdown.", examples=["Knee surgeon since 2009."], max_length=10_000)
]


class PresenterCreate(Body):
    """A new presenter."""

    slug: _Slug
    name: _Name
    credentials: _Credentials = ""
    biography: _Biography = ""


class PresenterUpdate(Change):
    """What is to be changed about a presenter."""

    slug: _Slug = left_out()
    name: _Name = left_out()
    credentials: _Credentials = left_out()
    biography: _Biography = left_out()


class PresenterPublic(Answer):
    """A presenter's profile."""

    id: UUID = Field(description="Of the presenter.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e31"])
    slug: str = Field(description="Short name, for addresses.", examples=["maria-castellan"])
    name: str = Field(description="Full name.", examples=["Dr. Maria Castellan"])
    credentials: str = Field(description="What stands behind the name.", examples=["MD, Orthopaedics"])
    biography: str = Field(description="A few sentences, in Markdown.", examples=["Knee surgeon since 2009."])
    version: int = Field(description="Grows with every change; its ETag says the same.", examples=[1])


class PresenterPage(PageOf[PresenterPublic]):
    """All presenters."""
