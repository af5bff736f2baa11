"""Notes who did what. Fields are named, values never."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from webinars.tables import AuditEntry
from webinars.terms import new_id
from webinars.work import Work


def note(
    work: Work, actor: str, action: str, now: datetime, *, subject_id: UUID | None = None, fields: Sequence[str] = ()
) -> None:
    """Add a row in the transaction of the deed itself: no deed without its note.

    Args:
        actor: `host:<id>`, `token:<id>`, `command` or `demo`.
        action: noun and verb, such as `session.move`.
    """
    work.db.add(
        AuditEntry(id=new_id(now), at=now, actor=actor, action=action, subject_id=subject_id, fields=sorted(fields))
    )
