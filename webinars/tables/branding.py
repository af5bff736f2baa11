"""How the clinic shows itself on patients' pages, as its hosts set it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webinars.tables.base import Table, column, document, moment


class Branding(Table, table=True):
    """One row at most; without it the settings' name and phone hold, and the house's own colours."""

    __tablename__ = "branding"

    name: str = column(sa.String(120), default="")
    """Empty: the settings' `organization_name`."""
    phone: str = column(sa.String(40), default="")
    accent: str = column(sa.String(7), default="")
    """The colour of buttons and links, `#rrggbb`; empty: the house's own."""
    logo: bytes | None = column(sa.LargeBinary(), default=None)
    """PNG, JPEG or WebP as it was uploaded."""
    logo_type: str = column(sa.String(20), default="")
    """Its media type."""
    standing_notice: dict[str, Any] = document(default_factory=dict)
    """By language: what stands on every page, such as that this is education and no medical advice."""
    privacy_text: dict[str, Any] = document(default_factory=dict)
    """By language, Markdown: the clinic's own privacy page."""
    version: int = 1
    updated_at: datetime = moment()
