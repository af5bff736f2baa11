"""What all tables share."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from webinars.db import SealedText, ShortName, UtcMoment, json_type, uuid_type, word


class Retention(StrEnum):
    """How long a column's values are kept. Noted on the column itself, so that the nightly job can read it there."""

    record = "record"
    """Says nothing about a person: kept."""
    personal = "personal"
    """Cleared 90 days after the session."""
    health = "health"
    """What a person told about their health: cleared 30 days after the session."""
    log = "log"
    """Cleared after 30 days."""
    evidence = "evidence"
    """Consents and audit: kept for 6 years."""


class Table(SQLModel):
    """The parent of every table. The program makes the ids, so that values can be sealed to a row before it exists."""

    id: UUID = Field(primary_key=True, sa_type=uuid_type())


def column(kind: Any, *, keep: Retention = Retention.record, **options: Any) -> Any:
    """A column of a given database type."""
    return Field(sa_type=kind, sa_column_kwargs={"info": {"retention": keep}}, **options)


def moment(**options: Any) -> Any:
    """An aware moment in UTC."""
    return column(UtcMoment, **options)


def told_last() -> Any:
    """When a row's person, or a host, said what it holds. Its values are kept from then on, if that is after the
    session: else what is told late would be gone before anybody has worked it off."""
    return Field(sa_type=UtcMoment, sa_column_kwargs={"info": {"retention": Retention.record, "kept_from": True}})


def sealed(keep: Retention = Retention.personal, **options: Any) -> Any:
    """Personal data, unreadable at rest."""
    return column(SealedText, keep=keep, **options)


def blind_index(keep: Retention = Retention.personal, **options: Any) -> Any:
    """What a sealed value is found by."""
    return column(sa.LargeBinary(32), keep=keep, **options)


def reference(to: str, *, keep: Retention = Retention.record, **options: Any) -> Any:
    """A row of another table; `ondelete` says what its end means for this one."""
    return column(uuid_type(), keep=keep, foreign_key=to, **options)


def enum(kind: type[StrEnum], *, checked: bool = True, **options: Any) -> Any:
    """A word of a fixed set."""
    return column(word(kind, checked=checked), **options)


def document(keep: Retention = Retention.record, **options: Any) -> Any:
    """A small JSON value that is never searched."""
    return column(json_type(), keep=keep, **options)


def short_name() -> Any:
    """The part of an address that names a row: unique, lower case, words joined by hyphens."""
    return column(ShortName(80), unique=True)


def core(model: type[SQLModel]) -> sa.Table:
    """The plain table behind a model, for set-based statements that skip the object mapper."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    return table


def table_named(name: str) -> sa.Table:
    """The same by the name it has in the database."""
    return SQLModel.metadata.tables[name]
