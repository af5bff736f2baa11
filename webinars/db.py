"""Engines, the database handle and the column types. Both databases run the same code from here up."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Session, SQLModel  # noqa: TID251 - named DbSession from here on

from webinars.errors import CannotStart, TookTooLong
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
_WAL_TRIES, _WAL_PAUSE_S = 100, 0.02
_PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Of a server that is not heard any more, half a minute is enough: whoever waits for it holds a lease of messages.
Seconds, but the second one, which libpq has in milliseconds."""
LOCK_TIMEOUT_S, STATEMENT_TIMEOUT_S, IDLE_TIMEOUT_S = 15, 60, 60
"""On PostgreSQL: how long to wait for whoever holds a row, how long one statement may run, and after what time a
transaction that does nothing is ended. A program that froze in the middle of one would hold up all others for ever."""
_GAVE_UP = frozenset({"55P03", "57014", "25P03"})
"""How PostgreSQL says that one of these was reached."""
_RETRY_AFTER_S = 5


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


class ShortName(sa.types.TypeDecorator[str]):
    """The part of an address that names a row. Whatever stands there in a request is looked for, even a NUL, which
    PostgreSQL refuses to hear of and which is in no name."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.replace("\0", "\ufffd")


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


class RowInsert:
    """An INSERT of many rows with the same columns, put together once for each database.

    SQLAlchemy looks at every value of every row anew, and PostgreSQL would run one statement for each row: either costs
    more than the rows themselves. So values are converted column by column, what all rows share only once, and
    PostgreSQL gets an array for each column.
    """

    def __init__(self, statements: Mapping[str, sa.Insert]) -> None:
        """
        Args:
            statements: by the name of the dialect, without values.
        """
        self._statements = statements
        self._prepared: dict[tuple[str, ...], _Prepared] = {}

    def execute(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows that all name the same columns. Returns how many are new."""
        names = (connection.dialect.name, *rows[0])
        prepared = self._prepared.get(names) or self._prepare(connection.dialect, names)
        columns = [_converted([row[name] for row in rows], convert) for name, convert in prepared.converters]
        # Without the option SQLAlchemy forgets the count of an INSERT on PostgreSQL and says -1.
        options = {"preserve_rowcount": True}
        return connection.exec_driver_sql(prepared.sql, prepared.together(columns), execution_options=options).rowcount

    def _prepare(self, dialect: sa.Dialect, names: tuple[str, ...]) -> _Prepared:
        statement = self._statements[dialect.name]
        kinds = {name: statement.table.c[name].type for name in names[1:]}
        if dialect.name == "postgresql":
            rows = sa.select(rows_of_arrays(kinds))
            statement = statement.from_select(list(kinds), rows, include_defaults=False)
        compiled = statement.compile(dialect=dialect, column_keys=names[1:])
        converters = {
            name: kinds[name].dialect_impl(dialect).bind_processor(dialect) for name in compiled.positiontup or kinds
        }
        prepared = _Prepared(str(compiled), tuple(converters.items()), is_positional=compiled.positiontup is not None)
        self._prepared[names] = prepared
        return prepared


def _converted(values: Sequence[Any], convert: Callable[[Any], Any] | None) -> Sequence[Any]:
    if convert is None:
        return values
    if len(set(map(id, values))) == 1:  # one and the same value in all rows
        return [convert(values[0])] * len(values)
    return [convert(value) for value in values]


def rows_of_arrays(kinds: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.TableValuedAlias:
    """Rows made of arrays, one for each column, on PostgreSQL: the values of each in the form of `array_of`.

    The statement is the same for one row and for a thousand, so that it is read and planned once.
    """
    arrays = [sa.cast(sa.bindparam(name), ARRAY(_unbounded(kind))) for name, kind in kinds.items()]
    return sa.func.unnest(*arrays).table_valued(*(sa.column(*each) for each in kinds.items())).render_derived()


def _unbounded(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """A cast would cut off what is too long, and say nothing."""
    base = kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind
    return sa.Text() if isinstance(base, sa.String) else kind


def array_of(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it. The driver's own way of writing one costs three times as much."""
    return "{" + ",".join(_converted(values, _element)) + "}"


def _element(value: Any) -> str:
    match getattr(value, "obj", value):  # the driver wraps bytes and documents
        case None:
            return "NULL"
        case str(text):
            return _quoted(text)
        case UUID(hex=digits):
            return digits
        case bytes(raw):
            return _quoted(f"\\x{raw.hex()}")
        case datetime() as moment:
            return moment.isoformat()
        case dict() | list() as document:
            return _quoted(_to_json(document))
        case plain:
            return str(plain)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class RowUpdate:
    """An UPDATE of a row at a time, put together once for each database as RowInsert is. All its values are named."""

    def __init__(self, statement: sa.Update) -> None:
        self._statement = statement
        self._prepared: dict[str, _Prepared] = {}

    def execute(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it with the values of each row. Returns how many rows of the table it changed."""
        prepared = self._prepared.get(connection.dialect.name) or self._prepare(connection.dialect)
        values = [prepared.values(row) for row in rows]
        return connection.exec_driver_sql(prepared.sql, values[0] if len(values) == 1 else values).rowcount

    def _prepare(self, dialect: sa.Dialect) -> _Prepared:
        compiled = self._statement.compile(dialect=dialect)
        names = compiled.positiontup or compiled.binds
        converters = [(name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names]
        prepared = _Prepared(str(compiled), converters, is_positional=compiled.positiontup is not None)
        self._prepared[dialect.name] = prepared
        return prepared


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it, and how the values of its columns become the driver's."""

    sql: str
    converters: Sequence[tuple[str, Callable[[Any], Any] | None]]
    is_positional: bool

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        if self.is_positional:
            return tuple([convert(row[name]) if convert else row[name] for name, convert in self.converters])
        return {name: convert(row[name]) if convert else row[name] for name, convert in self.converters}

    def together(self, columns: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]] | dict[str, str]:
        if self.is_positional:
            return list(zip(*columns, strict=True))
        return {name: array_of(column) for (name, _), column in zip(self.converters, columns, strict=True)}


def _to_json(value: Any) -> str:
    """What most rows hold is empty, and to write that takes no encoder."""
    return "{}" if value == {} else json.dumps(value)


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
        json_serializer=_to_json,
        hide_parameters=True,  # an error must not carry what a row holds into a log
        connect_args={"timeout": 30, "isolation_level": None, "check_same_thread": False},
    )

    def prepare(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy hands it over
        cursor = connection.cursor()
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits when the power goes
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", start)
    return engine


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Two that open a new database at once collide here, and this one statement does not wait for its turn (tried:
    4 of 300 pairs failed)."""
    for _ in range(_WAL_TRIES):
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        time.sleep(_WAL_PAUSE_S)
    raise CannotStart("The database file is locked by another program.")


def _postgresql_engine(url: str, pool_size: int) -> sa.Engine:
    location = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        location,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=30,
        json_serializer=_to_json,
        hide_parameters=True,
        connect_args=_PATIENCE,
    )

    def prepare(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy hands it over
        # Not as options of the connection: PgBouncer refuses those.
        connection.execute(
            f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'; SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'; "
            f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_S}s'"
        )
        connection.commit()

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "handle_error", _say_that_it_took_too_long)
    return engine


def _say_that_it_took_too_long(context: sa.engine.ExceptionContext) -> None:
    if getattr(context.original_exception, "sqlstate", None) in _GAVE_UP:
        raise TookTooLong(retry_after=_RETRY_AFTER_S) from context.original_exception


def without_timeouts(connection: sa.Connection) -> None:
    """Let this transaction take as long as it must: a migration, say."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def walk_indexes(connection: sa.Connection) -> None:
    """Let this transaction find its rows along indexes, whatever PostgreSQL thinks of a table that it has not counted.

    For whoever takes the first few of very many: without statistics, just after many rows were written, it would rather
    look through a whole index for each of them. A claim then took seconds instead of 2 ms, and others waited for the
    rows that it had locked on the way.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
        )
