"""A great many hostile requests against one application, and a report of what came of them."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI

from api.main import create_app
from tests.faults.hostile.attacker import Attacker
from tests.faults.hostile.places import all_places
from tests.faults.hostile.targets import fill
from tests.faults.hostile.verdicts import State, faults
from tests.support.asgi import InProcess, RawAnswer, RawRequest
from webinars.settings import Settings
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

BATCH = 500
"""So many requests lie between two looks at the database."""
MOST_TOLD = 20


@dataclass(slots=True)
class Report:
    """What came of a siege."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    """Such as `api 404`."""
    aimed_at: Counter[str] = field(default_factory=Counter)
    """How often each place was."""
    faults: list[str] = field(default_factory=list)
    """The first ones, with the request. None of them is fine."""
    changes: list[str] = field(default_factory=list)
    """Tables that changed, and between which requests."""

    def __add__(self, other: Report) -> Report:
        return Report(
            self.sent + other.sent,
            self.statuses + other.statuses,
            self.aimed_at + other.aimed_at,
            self.faults + other.faults,
            self.changes + other.changes,
        )

    def note(self, request: RawRequest, answer: RawAnswer) -> None:
        self.sent += 1
        self.statuses[f"{'api' if request.path.startswith('/api/') else 'page'} {int(answer.status)}"] += 1
        for fault in faults(request, answer):
            if len(self.faults) < MOST_TOLD:
                self.faults.append(f"{fault}\n    {request}\n    {answer.body[:500]!r}")


def besiege(process: Process, app: FastAPI, attacker: Attacker, number: int, *, watched: bool = True) -> Report:
    """Send so many requests.

    Args:
        watched: whether nothing in the database may change.
    """
    report, before = Report(), State.of(process)
    with InProcess(app) as door:
        for start in range(0, number, BATCH):
            requests = attacker.requests(min(BATCH, number - start))
            for request, answer in zip(requests, door.send_all(requests), strict=True):
                report.note(request, answer)
            if watched and (changed := before.changes(after := State.of(process))):
                report.changes.append(f"between {start} and {start + BATCH}: {changed}")
                before = after
    report.aimed_at = attacker.aimed_at
    return report


def besiege_from_processes(settings: Sequence[Settings], now: datetime, number: int) -> Report:
    """Besiege as many applications at once, each with a database of its own that is empty but for its schema."""
    work = [(each, now, seed, number // len(settings)) for seed, each in enumerate(settings)]
    with multiprocessing.get_context("spawn").Pool(len(settings)) as pool:
        return sum(pool.starmap(_besiege_there, work), Report())


def _besiege_there(settings: Settings, now: datetime, seed: int, number: int) -> Report:
    process = Process(settings, clock=SetClock(now), mail=MemoryMailer())
    try:
        app = create_app(process)
        return besiege(process, app, Attacker(all_places(app), fill(process), seed), number)
    finally:
        process.close()
