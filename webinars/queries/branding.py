"""Reads of how the clinic shows itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from webinars.db import DbSession
from webinars.tables import Branding


def find_version(db: DbSession) -> int:
    """Which version there is; 0 for none."""
    return db.scalar(sa.select(col(Branding.version))) or 0


def find_branding(db: DbSession) -> Branding | None:
    return db.scalar(sa.select(Branding))


def lock_branding(db: DbSession) -> Branding | None:
    """The same for whoever is to change it."""
    return db.scalar(sa.select(Branding).with_for_update())
