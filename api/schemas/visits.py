"""Answers about where visitors come from."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Answer, PageOf


class SourcePublic(Answer):
    """What became of those who came from one source."""

    source: dict[str, str] = Field(
        description=(
            "`utm_source`, `utm_medium`, `utm_campaign`, `src` and `page` as the link named them, else the site it "
            "stood on as `referrer`. Empty where nothing is known; `src` is `other` for all beyond the first 200."
        ),
        examples=[{"utm_source": "blog"}],
    )
    visits: int = Field(description="Looks at the webinar's page, by browsers that run its script.", examples=[310])
    forms: int = Field(description="How often such browsers opened its form.", examples=[84])
    registrations: int = Field(description="Registrations, by the newest arrival of each person.", examples=[52])
    attended: int = Field(description="Of these, who came.", examples=[31])


class SourcePage(PageOf[SourcePublic]):
    """All sources of a webinar on one page, those with most registrations first."""
