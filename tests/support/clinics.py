"""A clinic in Denver whose time passes as a test wants it to, for tests that look at what goes out and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from scheduler.loop import Scheduler
from tests.factories import ACTOR, Factory
from webinars.rules.sessions import start_of
from webinars.services import reminder_ledger, reminder_rules
from webinars.tables import ReminderRule
from webinars.terms import Anchor, WallTime
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

DENVER = "America/Denver"
ADDRESS = "ana@mail.example"
HOUR = timedelta(hours=1)


class Clinic:
    """A process whose scheduler goes through time."""

    def __init__(self, process: Process, clock: SetClock, mailer: MemoryMailer) -> None:
        self.process, self.clock, self.mailer = process, clock, mailer
        self.factory = Factory(process)
        self.scheduler = Scheduler(process)
        self.sent: list[tuple[datetime, str, str]] = []
        """When, to whom and about what each mail went out."""

    def tick(self) -> None:
        seen = len(self.mailer.mails)
        self.scheduler.tick(self.clock.now())
        new = self.mailer.mails[seen:]
        self.sent += [(self.clock.now(), mail.recipient, mail.subject.partition(":")[0]) for mail in new]

    def run_to(self, moment: datetime, *, every: timedelta = HOUR) -> None:
        """A tick now, and then as time passes, the last one at `moment`; every six hours while that is far off."""
        self.tick()
        while self.clock.now() < moment:
            near = moment - self.clock.now() <= 40 * every
            self.clock.set(min(moment, self.clock.now() + (every if near else max(every, 6 * HOUR))))
            if not near:
                self.clock.set(min(self.clock.now(), moment - 40 * every))
            self.tick()

    def at(self, local: str, timezone: str = DENVER) -> datetime:
        return start_of(WallTime(datetime.fromisoformat(local), timezone))

    def session(self, local: str, webinar: str | None = None, timezone: str = DENVER) -> UUID:
        starts_in = self.at(local, timezone) - self.clock.now()
        return self.factory.session(webinar, starts_in=starts_in, timezone=timezone).session.id

    def register(self, session_id: UUID, email: str = ADDRESS, timezone: str = DENVER) -> UUID:
        return self.factory.registration(session_id, email, timezone=timezone).registration.id

    def mails(self, email: str = ADDRESS) -> list[str]:
        """The wall time in Denver at which each mail to somebody went out, and what it is about."""
        there = ZoneInfo(DENVER)
        return [
            f"{moment.astimezone(there):%d. %H:%M} {subject}"
            for moment, recipient, subject in self.sent
            if recipient == email
        ]

    def reminders(self, email: str = ADDRESS) -> list[str]:
        """The wall time in Denver at which each reminder went out."""
        others = ("Confirmed", "New time", "Sorry we missed you", "After your webinar")
        return [mail[:9] for mail in self.mails(email) if not mail.endswith(others)]

    def ledger(self, session_id: UUID) -> list[tuple[str, str | None]]:
        with self.process.read() as work:
            page = reminder_ledger.ledger(work, session_id, self.clock.now(), cursor=None, limit=50)
        return [(item.state.value, item.reason) for item in page.items]

    def only_rule(self, webinar: str, minutes: int, **facts: object) -> UUID:
        """Let a webinar have this one rule."""
        with self.process.work() as work:
            work.db.execute(sa.update(ReminderRule).values(is_enabled=False))
            facts = {"offset_minutes": minutes, "anchor": Anchor.start, **facts}
            return reminder_rules.create_rule(work, webinar, facts, actor=ACTOR, now=self.clock.now()).id
