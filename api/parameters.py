"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

WHOLE_LIST = 200
"""The limit of lists that are short enough to come on one page, unless somebody wants less."""
_PLAIN = r"^[^\x00-\x1f\x7f]+$"

SlugPath = Annotated[str, Path(description="Short name.", examples=["knee"], pattern=_PLAIN, max_length=80)]
SlugQuery = Annotated[str | None, Query(pattern=_PLAIN, max_length=80)]
SessionPath = Annotated[UUID, Path(description="Id of the session.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e12"])]
RegistrationPath = Annotated[
    UUID, Path(description="Id of the registration.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e11"])
]
SeriesPath = Annotated[UUID, Path(description="Id of the series.", examples=["0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e14"])]
CursorQuery = Annotated[
    str | None,
    Query(description="`next` of the page before; leave it out for the first.", examples=["AZqCJ1N1cAC5H0mM6pK3uQ"]),
]
LimitQuery = Annotated[int, Query(description="How many items a page has at most.", examples=[50], ge=1, le=200)]
