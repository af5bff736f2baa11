"""Bodies and answers about how the clinic shows itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.schemas.base import Answer, Body, Line, Prose
from api.schemas.texts import Language
from webinars.rules.branding import LONGEST_NAME, LONGEST_NOTICE, LONGEST_PRIVACY

_Name = Annotated[
    Line,
    Field(
        description="On pages and below mails; empty: that of the settings.",
        examples=["Evergreen Spine & Joint"],
        max_length=LONGEST_NAME,
    ),
]
_Phone = Annotated[
    Line,
    Field(
        description="The telephone for questions; empty: that of the settings.",
        examples=["+1 720 555 0199"],
        max_length=40,
    ),
]
_Accent = Annotated[
    Line,
    Field(
        description="The colour of buttons and links as `#rrggbb`; empty: the program's own. One that cannot be read "
        "is refused, with the nearest one that can.",
        examples=["#7a1f1f"],
        max_length=40,
    ),
]
_Notice = Annotated[
    dict[Language, Annotated[Prose, Field(max_length=LONGEST_NOTICE)]],
    Field(
        description="By language: what stands on every page; one that is not there: the usual one.",
        examples=[{"en": "This is education and no medical advice."}],
    ),
]
_Privacy = Annotated[
    dict[Language, Annotated[Prose, Field(max_length=LONGEST_PRIVACY)]],
    Field(
        description="By language, Markdown: what the clinic adds to the privacy page.",
        examples=[{"en": "### Who we are\n\nAsk at the desk."}],
    ),
]


class BrandingSave(Body):
    """How the clinic is to show itself. What is left out is empty from then on; the logo stays."""

    name: _Name = ""
    phone: _Phone = ""
    accent: _Accent = ""
    standing_notice: _Notice = Field(default_factory=dict)
    privacy_text: _Privacy = Field(default_factory=dict)


class BrandingPublic(Answer):
    """How the clinic shows itself, as it was saved."""

    name: str = Field(description="Empty: that of the settings.", examples=["Evergreen Spine & Joint"])
    phone: str = Field(description="Empty: that of the settings.", examples=["+1 720 555 0199"])
    accent: str = Field(description="`#rrggbb`; empty: the program's own.", examples=["#7a1f1f"])
    standing_notice: dict[str, str] = Field(
        description="By language.", examples=[{"en": "This is education and no medical advice."}]
    )
    privacy_text: dict[str, str] = Field(description="By language, Markdown.", examples=[{"en": "Ask at the desk."}])
    has_logo: bool = Field(description="Whether a picture was put up at the console.", examples=[True])
    version: int = Field(description="Grows with every change; 0: nothing was saved yet.", examples=[1])
