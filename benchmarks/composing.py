"""CPU that composing one personal mail takes, the session's parts being kept, beside what it may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from benchmarks.report import Row
from tests.webinars.documents.facts import FACTS
from webinars.documents.mails import MailFacts, compose_mail
from webinars.terms import MessageKind

LIMIT_MS = 1.0
"""What composing an invite may take."""


def measure(*, rounds: int, count: int = 1000) -> list[Row]:
    """Milliseconds of CPU a mail, beside the limit: above 1 it takes longer."""
    reminder = replace(FACTS, kind=MessageKind.reminder, lead=timedelta(hours=1))
    kinds = {"an invite": FACTS, "a reminder": reminder}
    return [_row(f"composing {name}, CPU", facts, rounds, count) for name, facts in kinds.items()]


def _row(name: str, facts: MailFacts, rounds: int, count: int) -> Row:
    people = [
        replace(facts, name=f"Ana {number}", join_url=f"{facts.join_url}{number}", email=f"ana{number}@mail.example")
        for number in range(count)
    ]
    took = [_cpu(lambda: [compose_mail(each) for each in people]) * 1000 / count for _ in range(rounds)]
    return Row(name, "ms", took, [LIMIT_MS] * rounds, f"{count:,} registrants of one session; beside the limit")


def _cpu(deed: Callable[[], object]) -> float:
    started = time.process_time()
    deed()
    return time.process_time() - started
