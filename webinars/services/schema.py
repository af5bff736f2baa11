"""The database's schema: brought to its newest form, and compared with what the code needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import webinars.tables  # noqa: F401 - known before anything is compared
from webinars import migrations
from webinars.work import Process


def migrate(process: Process) -> str:
    """Bring the schema to its newest form and say which that is. Two processes at once wait for each other."""
    with process.engines.write.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(8217406519)"))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest_revision()


def is_current(process: Process) -> bool:
    """Whether the database has the schema this program was written for."""
    with process.engines.read.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest_revision()


def differences(process: Process) -> list[Any]:
    """What the migrations leave different from the tables; empty when they agree."""
    with process.engines.read.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return list(compare_metadata(context, SQLModel.metadata))


def newest_revision() -> str:
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    return revision or "none"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config
