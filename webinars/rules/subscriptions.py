"""When somebody who waits for new sessions on a topic is told of them, and of which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from webinars.terms import QuietHours

ALERT_EVERY = timedelta(days=7)
"""A person hears from us no more often than that, whatever number of topics they chose."""
ALERTS_REST = QuietHours(time(19), time(9))
"""By the clock of whoever gets them: they are no urgent matter."""
MOST_SESSIONS = 20
"""An alert lists no more than so many; the listing has them all."""


@dataclass(frozen=True, slots=True)
class News:
    """A session that takes registrations."""

    session_id: UUID
    open_since: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Interest:
    """A topic that a person waits for."""

    topic_id: UUID
    heard_until: datetime
    """What was open by then is no news: they were told of it, or could see it when they said yes."""


def topics_heard(topics: Iterable[tuple[UUID, UUID | None]]) -> dict[UUID, frozenset[UUID]]:
    """Whose sessions are news for whom: an area and the conditions under it are about each other.

    Args:
        topics: each with its area, if it is a condition.

    Returns:
        For each topic of a session those whose subscribers hear of it.
    """
    pairs = list(topics)
    below: dict[UUID, set[UUID]] = {}
    for topic_id, area_id in pairs:
        if area_id is not None:
            below.setdefault(area_id, set()).add(topic_id)
    return {
        topic_id: frozenset({topic_id, *below.get(topic_id, ()), *({area_id} if area_id else ())})
        for topic_id, area_id in pairs
    }


def news_for(
    interests: Sequence[Interest], news: Mapping[UUID, Sequence[News]], known: set[UUID], due_at: datetime
) -> list[News]:
    """What a person is to be told of at `due_at`, the next session first.

    Args:
        interests: the topics they wait for.
        news: sessions by the topics whose subscribers hear of them.
        known: sessions they have registered for.
        due_at: what has begun by then is left out.
    """
    found = {
        item.session_id: item
        for interest in interests
        for item in news.get(interest.topic_id, ())
        if item.open_since > interest.heard_until and item.starts_at > due_at and item.session_id not in known
    }
    return sorted(found.values(), key=lambda item: (item.starts_at, item.session_id))[:MOST_SESSIONS]
