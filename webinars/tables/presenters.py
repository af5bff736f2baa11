"""The people who present."""

from __future__ import annotations

from datetime import datetime

from webinars.tables.base import Table, moment, short_name


class Presenter(Table, table=True):
    """A public profile. A presenter is no account; a host is."""

    __tablename__ = "presenters"

    slug: str = short_name()
    name: str
    credentials: str = ""
    """What stands behind the name, such as `MD, Orthopaedics`."""
    biography: str = ""
    """Markdown."""
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()
