"""Visits, counted by where they come from: no cookie, no third party, nothing about who."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from webinars.queries import catalogue as catalogue_queries
from webinars.queries import visits as visits_queries
from webinars.rules.visits import OTHER, Touch, counted_source, last_touch
from webinars.terms import new_id
from webinars.work import ReadWork, Work

MOST_SOURCES = 200
"""How many sources a webinar may have on a day, for anybody can make them up; the others count as one."""
_HASH_BYTES = 16


@dataclass(slots=True)
class SourceCounts:
    """What became of those who came from one source."""

    source: Touch
    """Empty for those of whom nothing is known."""
    visits: int = 0
    """Of the webinar's page, with a script running."""
    forms: int = 0
    """How often its form was opened, with a script running."""
    registrations: int = 0
    attended: int = 0
    """Came, whether they stayed to the end or not."""


def count_visit(work: Work, slug: str, touch: Touch, *, is_form: bool, now: datetime) -> None:
    """Count one look at a webinar's page, or at its form. What the public cannot see has no visitors.

    Args:
        slug: the webinar's.
        touch: where the visitor came from (rules/visits.py).
    """
    day, source = now.astimezone(UTC).date(), counted_source(touch)
    clean = slug if slug.isascii() and slug.isprintable() else ""
    found = visits_queries.find_offered(work.db, clean, day, _hash(source))
    if found is None:
        return
    webinar_id, number, is_known = found
    if not is_known and number >= MOST_SOURCES:
        source = OTHER
    visits_queries.add_visit(
        work.db,
        {
            "id": new_id(now),
            "day": day,
            "webinar_id": webinar_id,
            "source_hash": _hash(source),
            "source": source,
            "visits": 0 if is_form else 1,
            "forms": 1 if is_form else 0,
        },
    )


def list_sources(work: ReadWork, slug: str, *, most: int) -> list[SourceCounts]:
    """Where a webinar's visitors and registrants came from: the sources with most registrations first, the last one for
    all beyond `most`. Registrants count by their newest arrival.

    Raises:
        NotFound: if there is no such webinar.
    """
    webinar = catalogue_queries.get_webinar(work.db, slug)
    found: dict[str, SourceCounts] = {}
    for source, visits, forms in visits_queries.sum_visits(work.db, webinar.id):
        counts = _counts_of(found, source)
        counts.visits += int(visits)
        counts.forms += int(forms)
    for kept, registrations, attended in visits_queries.sum_registrations(work.db, webinar.id):
        counts = _counts_of(found, counted_source(last_touch(kept)))
        counts.registrations += registrations
        counts.attended += attended
    ordered = sorted(found.values(), key=lambda item: (-item.registrations, -item.visits, _text(item.source)))
    if len(ordered) <= most:
        return ordered
    shown = {_text(item.source): item for item in ordered[: most - 1]}
    for item in ordered[most - 1 :]:
        counts = _counts_of(shown, OTHER)
        counts.visits += item.visits
        counts.forms += item.forms
        counts.registrations += item.registrations
        counts.attended += item.attended
    return list(shown.values())


def _counts_of(found: dict[str, SourceCounts], source: Touch) -> SourceCounts:
    return found.setdefault(_text(source), SourceCounts(source))


def _hash(source: Touch) -> bytes:
    return hashlib.sha256(_text(source).encode()).digest()[:_HASH_BYTES]


def _text(source: Touch) -> str:
    return json.dumps(source, sort_keys=True)
