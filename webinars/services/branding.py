"""How the clinic shows itself: read by every page and mail, and so kept by each process for a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from webinars.documents.pictures import read_picture
from webinars.errors import InvalidField, VersionMismatch, WebinarsError
from webinars.queries import branding as branding_queries
from webinars.rules.branding import (
    LONGEST_NOTICE,
    LONGEST_PRIVACY,
    MOST_LOGO_BYTES,
    Brand,
    Logo,
    check_logo_size,
    clean_name,
    clean_phone,
)
from webinars.rules.colours import clean_accent
from webinars.services import audit
from webinars.services.catalogue import check_version
from webinars.services.texts import clean_by_language
from webinars.settings import Settings
from webinars.tables import Branding
from webinars.work import Process, ReadWork, Work

FRESH_S = 1.0
"""How old it may be in another process than the one that changed it, in seconds."""
_ONLY = UUID(int=1)
"""The id of the only row: of two first ones the second is refused."""


def brand_of(work: ReadWork) -> Brand:
    """The brand as it was at most a second ago."""
    kept = work.process.brand
    if time.monotonic() - kept.looked_at >= FRESH_S and kept.looking.acquire(blocking=False):
        try:
            look(work)
        finally:
            kept.looking.release()
    return known_brand(work.process)


def look(work: ReadWork) -> Brand:
    """The brand as it is now."""
    kept, asked_at = work.process.brand, time.monotonic()
    if kept.brand is None or branding_queries.find_version(work.db) != kept.brand.version:
        kept.keep(_brand(work.settings, branding_queries.find_branding(work.db)))
    kept.looked_at = asked_at
    return known_brand(work.process)


def known_brand(process: Process) -> Brand:
    """The brand as this process knows it, without a look: for pages that must not need the database."""
    return process.brand.brand or _brand(process.settings, None)


def look_ahead(process: Process) -> None:
    """Know the brand before the first page is asked for. Without the database that page is an error, and has to do
    with the settings."""
    with suppress(SQLAlchemyError, WebinarsError), process.read() as work:
        look(work)


def find_branding(work: ReadWork) -> Branding | None:
    """What was saved, as it was saved."""
    return branding_queries.find_branding(work.db)


def save_branding(
    work: Work, changes: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> Branding:
    """Change what is named. Pages and mails say it within a second.

    Args:
        changes: by column, as the rules let them in.
        version: what the caller has seen: 0 for nothing yet, None for whatever there is.

    Raises:
        VersionMismatch: if somebody changed it in the meantime.
    """
    row = branding_queries.lock_branding(work.db)
    check_version(row.version if row else 0, version)
    if row is None:
        row = Branding(id=_ONLY, version=0, updated_at=now)
        work.db.add(row)
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    try:
        work.db.flush()
    except IntegrityError:  # another saved first since we looked
        raise VersionMismatch from None
    audit.note(work, actor, "branding.save", now, fields=list(changes))
    work.after_commit(work.process.brand.forget)
    return row


def replace_branding(
    work: Work, facts: Mapping[str, Any], *, version: int | None, actor: str, now: datetime
) -> Branding:
    """Put all of `name`, `phone`, `accent`, `standing_notice` and `privacy_text` in the place of what was there.

    Raises:
        InvalidField: if a number is none, a colour cannot be read, or something is too long.
        VersionMismatch: as above.
    """
    changes = {
        "name": clean_name(facts["name"]),
        "phone": clean_phone(facts["phone"]),
        "accent": clean_accent(facts["accent"]),
        "standing_notice": clean_by_language("standing_notice", facts["standing_notice"], LONGEST_NOTICE),
        "privacy_text": clean_by_language("privacy_text", facts["privacy_text"], LONGEST_PRIVACY),
    }
    return save_branding(work, changes, version=version, actor=actor, now=now)


def save_logo(work: Work, content: bytes, *, version: int | None, actor: str, now: datetime) -> Branding:
    """Show a picture in the head of the pages.

    Raises:
        InvalidField: if it is no PNG, JPEG or WebP, or is too large.
        VersionMismatch: as above.
    """
    changes = {"logo": content, "logo_type": _logo(content).media_type}
    return save_branding(work, changes, version=version, actor=actor, now=now)


def remove_logo(work: Work, *, version: int | None, actor: str, now: datetime) -> Branding:
    """Raises:
    VersionMismatch: as above.
    """
    return save_branding(work, {"logo": None, "logo_type": ""}, version=version, actor=actor, now=now)


def _logo(content: bytes) -> Logo:
    if len(content) > MOST_LOGO_BYTES:
        raise InvalidField(f"The file is larger than {MOST_LOGO_BYTES // 1024} KB. Save it smaller.", field="logo")
    picture = read_picture(content)
    if picture is None:
        raise InvalidField("Choose a picture that is a PNG, a JPEG or a WebP file.", field="logo")
    check_logo_size(picture.width, picture.height)
    return Logo(content, picture.media_type, picture.width, picture.height)


def _brand(settings: Settings, row: Branding | None) -> Brand:
    if row is None:
        return Brand(settings.organization_name, settings.organization_phone)
    return Brand(
        row.name or settings.organization_name,
        row.phone or settings.organization_phone,
        row.accent,
        _logo(row.logo) if row.logo else None,
        row.standing_notice,
        row.privacy_text,
        row.version,
    )
