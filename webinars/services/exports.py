"""A session's registrations as a file for spreadsheets. Who took one is noted; what is told about health stays here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from webinars.documents.sheets import write_sheet
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.rules.visits import Touch, first_touch, last_touch
from webinars.services import audit
from webinars.services.registrations import email_of, name_of, phone_of
from webinars.tables import Registration
from webinars.vault import Vault
from webinars.work import Process

COLUMNS = (
    "name",
    "email",
    "phone",
    "status",
    "seats",
    "timezone",
    "locale",
    "source",
    "first_source",
    "registered_at",
    "confirmed_at",
    "waitlisted_at",
    "withdrawn_at",
    "registration_id",
    "replayed_at",
)
"""In this order for ever: others count on it. New ones are added at the end."""
_AT_ONCE = 500


def export_registrations(
    process: Process,
    session_id: UUID,
    *,
    actor: str,
    now: datetime,
    progress: Callable[[int], object] | None = None,
) -> bytes:
    """All registrations of a session as CSV, in the order they were made, also those that were given up.

    It is noted before anything is read: no export without its note. Read in parts, so that nobody waits for it.

    Args:
        progress: is told now and then how many have been read.

    Raises:
        NotFound: if there is no such session.
    """
    with process.work() as work:
        sessions_queries.get_session(work.db, session_id)
        audit.note(work, actor, "registrations.export", now, subject_id=session_id, fields=COLUMNS)
    return write_sheet(COLUMNS, _rows(process, session_id, progress))


def _rows(process: Process, session_id: UUID, progress: Callable[[int], object] | None) -> Iterator[list[str]]:
    last: UUID | None = None
    read = 0
    while True:
        with process.read() as work:
            some = registrations_queries.list_registrations(work.db, session_id, after=last, limit=_AT_ONCE)
        yield from (_row(process.vault, registration) for registration in some)
        read += len(some)
        if progress:
            progress(read)
        if len(some) < _AT_ONCE:
            return
        last = some[-1].id


def _row(vault: Vault, registration: Registration) -> list[str]:
    return [
        name_of(vault, registration),
        email_of(vault, registration),
        phone_of(vault, registration) or "",
        registration.status.value,
        str(registration.seats),
        registration.timezone,
        registration.locale,
        _source(last_touch(registration.source)),
        _source(first_touch(registration.source)),
        _moment(registration.created_at),
        _moment(registration.confirmed_at),
        _moment(registration.waitlisted_at),
        _moment(registration.withdrawn_at),
        str(registration.id),
        _moment(registration.replayed_at),
    ]


def _source(touch: Touch) -> str:
    """As in the query of a link, but legible."""
    return urlencode(sorted(touch.items()), quote_via=quote, safe="/: ")


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""
