"""Runs the migrations on the connection that `webinars.services.schema` hands over."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString, SQLModel

import webinars.tables  # noqa: F401 - makes every table known
from webinars.db import SealedText, UtcMoment


def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a new migration writes our own column types."""
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        return "sa.String()"
    if isinstance(item, sa.JSON):
        autogenerate.imports.add("from webinars.db import json_type")
        return "json_type()"
    if isinstance(item, (SealedText, UtcMoment)):
        name = type(item).__name__
        autogenerate.imports.add(f"from webinars.db import {name}")
        return f"{name}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
