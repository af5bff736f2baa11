"""How the program speaks to whoever runs it: one line of JSON an event, no personal data."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs() -> None:
    """Set up structured logs on standard error; called by the front door alone."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
