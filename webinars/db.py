"""Engines, the database handle and the column types. Both databases run the same code from here up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, SQLModel  # noqa: TID251 - named DbSession from here on

from webinars.errors import CannotStart
from webinars.vault import FORMAT, Sealed

# Set before any table: constraints need names, or SQLite's batch migrations cannot find them again.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DbSession(Session):
    """The database handle; `session` is always the webinar's."""


class UtcMoment(sa.types.TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, which drops zones."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=True) if dialect.name == "postgresql" else sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a zone")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value.astimezone(UTC) if dialect.name == "postgresql" else _EPOCH + value * _MICROSECOND
        return moment


class SealedText(sa.types.TypeDecorator[Sealed]):
    """Personal data. It takes what the vault has sealed and refuses everything else."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sealed | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002
        if value is not None and value[:1] != FORMAT:  # a str has no byte in front, whatever it says
            raise ValueError("personal data must be sealed before it is stored")
        return value

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> Sealed | None:  # noqa: ARG002
        return None if value is None else Sealed(bytes(value))


def word(kind: type[StrEnum], *, checked: bool = True) -> sa.types.TypeEngine[Any]:
    """An enum stored by its value; `checked` adds a CHECK, which sets that grow do without."""
    return sa.Enum(
        kind,
        values_callable=lambda words: [item.value for item in words],
        native_enum=False,
        create_constraint=checked,
        length=24,
        name=f"{kind.__name__.lower()}_word",
    )


def json_type() -> sa.types.TypeEngine[Any]:
    """JSON, in its indexed form on PostgreSQL."""
    return sa.JSON().with_variant(JSONB(), "postgresql")


def uuid_type() -> sa.types.TypeEngine[UUID]:
    """A UUID: native on PostgreSQL, 32 hex digits on SQLite."""
    return sa.Uuid()


class Engines:
    """A database: `write` for what may change something, `read` for what may not.

    They are one engine on PostgreSQL. On SQLite a write begins with BEGIN IMMEDIATE, so that two writers queue
    instead of failing half-way, and reads have connections of their own, or every page would queue behind writers.
    """

    def __init__(self, url: str, *, pool_size: int) -> None:
        if url.startswith("sqlite"):
            self.write = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size)
            self.read = _sqlite_engine(url, "BEGIN", pool_size)
        elif not url.startswith(("postgresql:", "postgres:")):
            raise CannotStart("DATABASE_URL must begin with sqlite:/// or postgresql://")
        else:
            self.write = self.read = _postgresql_engine(url, pool_size)

    @property
    def is_sqlite(self) -> bool:
        return self.write.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.write.dispose()
        self.read.dispose()


def _sqlite_engine(url: str, begin: str, pool_size: int) -> sa.Engine:
    path = sa.make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # an error must not carry what a row holds into a log
        connect_args={"timeout": 30, "isolation_level": None, "check_same_thread": False},
    )

    def prepare(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy hands it over
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits when the power goes
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", start)
    return engine


def _postgresql_engine(url: str, pool_size: int) -> sa.Engine:
    location = sa.make_url(url).set(drivername="postgresql+psycopg")
    return sa.create_engine(
        location,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=30,
        hide_parameters=True,
        connect_args={"connect_timeout": 5},
    )
