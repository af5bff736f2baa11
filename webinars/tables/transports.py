"""How each way of sending fares, told to all processes that use it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from webinars.tables.base import Retention, column, moment


class Transport(SQLModel, table=True):
    """A way for messages to leave: its token bucket (how much may leave now) and its breaker (whether it works)."""

    __tablename__ = "transports"

    name: str = column(sa.String(40), primary_key=True)
    tokens: float = 0.0
    """Messages that may leave at `refilled_at`."""
    refilled_at: datetime = moment()
    paused_until: datetime | None = moment(default=None)
    """The breaker is open until then; afterwards one message tries the way."""
    failures: int = 0
    """Since the last message that left, how often the way was found broken."""
    last_error: str | None = column(sa.String(500), keep=Retention.log, default=None)
    failed_at: datetime | None = moment(default=None)
