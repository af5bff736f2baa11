"""What has been kept of people for as long as its column says goes, every night and without being asked.

What was told about health goes 30 days after the session, or after it was told where somebody is to call about it; all
else about the person goes after 90: the registration is then erased as if they had asked for it. What servers said goes
after 30 days, evidence after 6 years.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from webinars.queries import registrations as registrations_queries
from webinars.queries import retention as retention_queries
from webinars.queries.retention import Holding
from webinars.services import audit, erasure
from webinars.tables import Retention
from webinars.work import Process, Work

AFTER_SESSION = {Retention.health: timedelta(days=30), Retention.personal: timedelta(days=90)}
LOGS_KEPT = timedelta(days=30)
EVIDENCE_KEPT = timedelta(days=6 * 365)
ACTOR = "retention"
_AT_ONCE = 50
"""So few that whoever registers meanwhile does not notice."""


def clear_due(process: Process, now: datetime) -> int:
    """Clear all that has been kept long enough, in small transactions: whatever one night leaves, the next one does.

    Returns:
        How many values or rows there were.
    """
    cleared = sum(
        _clear(process, holding, now - kept_for, now)
        for keep, kept_for in AFTER_SESSION.items()
        for holding in retention_queries.of_sessions(keep)
    )
    with process.work() as work:
        cleared += retention_queries.clear_logs(work.db, now - LOGS_KEPT)
        cleared += retention_queries.delete_orphaned_marks(work.db)
        return cleared + retention_queries.delete_evidence(work.db, now - EVIDENCE_KEPT)


def _clear(process: Process, holding: Holding, ended_before: datetime, now: datetime) -> int:
    """Walk once through a table. It is looked through without a lock, for most nights there is little to be found; what
    is found is locked and looked at again."""
    cleared = 0
    last = None
    while True:
        with process.read() as work:
            due = retention_queries.list_due(work.db, holding, ended_before=ended_before, after=last, limit=_AT_ONCE)
        if due:
            with process.work() as work:
                ids = retention_queries.lock_due(work.db, holding, due, ended_before=ended_before)
                _clear_rows(work, holding, ids, now)
                if ids and not cleared:
                    audit.note(work, ACTOR, "retention.clear", now, fields=holding.names)
            cleared += len(ids)
        if len(due) < _AT_ONCE:
            return cleared
        last = due[-1]


def _clear_rows(work: Work, holding: Holding, ids: Sequence[UUID], now: datetime) -> None:
    if holding.table.name == "registrations" and any(not column.nullable for column in holding.columns):
        erasure.forget(work, registrations_queries.find_by_ids(work.db, ids), now)
    else:
        retention_queries.clear(work.db, holding, ids, partial(erasure.nothing, work.vault))
