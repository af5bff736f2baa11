"""Answers about what registrants thought of a session."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Answer, Moment


class RatingCount(Answer):
    """How many gave one answer."""

    rating: int = Field(description="1, not helpful, to 5, very helpful.", examples=[5])
    count: int = Field(description="How many gave it.", examples=[12])


class CommentPublic(Answer):
    """What somebody wrote, without their name."""

    rating: int = Field(description="The rating they gave with it.", examples=[4])
    text: str = Field(description="What they wrote.", examples=["More time for questions, please."])
    written_at: Moment = Field(description="When they wrote it.", examples=["2026-12-03T02:10:00Z"])


class SurveyPublic(Answer):
    """What registrants of a session thought of it."""

    asked: int = Field(description="How many had a seat, and so could answer.", examples=[31])
    replies: int = Field(description="How many answered.", examples=[18])
    average: float | None = Field(description="Of those who answered; null without any.", examples=[4.39])
    counts: list[RatingCount] = Field(
        description="How many gave each rating, from 1 to 5.", examples=[[{"rating": 5, "count": 12}]]
    )
    comments: list[CommentPublic] | None = Field(
        description="The newest 500 that were written, newest first; null without the scope `health:read`.",
        examples=[None],
    )
