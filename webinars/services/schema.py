"""The database's schema: brought to its newest form, and compared with what the code needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import SQLModel

import webinars.tables  # noqa: F401 - known before anything is compared
from webinars import migrations
from webinars.db import without_timeouts
from webinars.errors import CannotStart
from webinars.work import Process

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0007"
"""The last migration. A test compares it with the files, so that starting up need not load the migration tool."""
_LOCK = 8_217_406_519
"""Any number that no other program takes on the same PostgreSQL database."""


def migrate(process: Process, to: str = NEWEST) -> str:
    """Bring the schema to its newest form and say which that is. Two processes at once wait for each other."""
    with process.engines.write.connect() as connection:
        if connection.dialect.name == "sqlite":
            # To alter a table SQLite drops its old copy, which would take all that refers to it along. Foreign keys
            # can be turned off only outside a transaction, and this connection never goes back to the pool.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            connection.detach()
        with connection.begin():
            _upgrade(connection, to)
    return to


def _upgrade(connection: sa.Connection, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - 0.3 s that no other command needs

    is_sqlite = connection.dialect.name == "sqlite"
    without_timeouts(connection)
    if not is_sqlite:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first() if is_sqlite else None
    if dangling:
        raise CannotStart(f"The migration would break a reference of the table {dangling[0]}. Nothing was changed.")


def is_current(process: Process) -> bool:
    """Whether the database has the schema this program was written for."""
    with process.engines.read.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return bool(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == NEWEST)


def differences(process: Process) -> list[Any]:
    """What the migrations leave different from the tables; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - as in migrate
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    with process.engines.read.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return list(compare_metadata(context, SQLModel.metadata))


def last_migration() -> str | None:
    """The name of the newest file among the migrations."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as in migrate

    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as in migrate

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config
