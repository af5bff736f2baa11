"""How often somebody did something lately: what limits need to hold across processes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from webinars.tables.base import Retention, column, moment


class RateCount(SQLModel, table=True):
    """A bucket with a short and a long window, each of which begins with the first try in it."""

    __tablename__ = "rate_counts"

    bucket: bytes = column(sa.LargeBinary(16), keep=Retention.log, primary_key=True)
    """A keyed hash of what is limited and of whom: nobody can be read from it."""
    short_since: datetime = moment(keep=Retention.log)
    short_count: int
    long_since: datetime = moment(keep=Retention.log, index=True)
    long_count: int
