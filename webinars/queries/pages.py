"""Lists in pages: by id, after an opaque cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from webinars.errors import InvalidField

MOST = 200
_UNKNOWN = "This cursor was not made by this list. Start again without one."
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list, and the cursor that the rest begins after (None at the end)."""

    items: Sequence[Item]
    next: str | None
    limit: int


def read_cursor(cursor: str | None) -> UUID | None:
    """The id a cursor stands for.

    Raises:
        InvalidField: if it was not made by `write_cursor`.
    """
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (binascii.Error, ValueError):
        raise InvalidField(_UNKNOWN, field="cursor") from None


def write_cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def page_of(rows: Sequence[Item], ids: Sequence[UUID], limit: int) -> Page[Item]:
    """A page from one row more than `limit`: that row tells whether there is a next page."""
    more = len(rows) > limit
    return Page(rows[:limit], write_cursor(ids[limit - 1]) if more else None, limit)


def part_of(rows: Sequence[Item], ids: Sequence[UUID], *, cursor: str | None, limit: int) -> Page[Item]:
    """A page of a list that is so short that it is read whole.

    Raises:
        InvalidField: if the cursor was not made here, or what it stands for has been deleted since.
    """
    after = read_cursor(cursor)
    if after is not None and after not in ids:
        raise InvalidField(_UNKNOWN, field="cursor")
    first = 0 if after is None else ids.index(after) + 1
    return page_of(rows[first : first + limit + 1], ids[first : first + limit + 1], limit)
