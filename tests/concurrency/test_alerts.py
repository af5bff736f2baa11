"""Several workers that plan at once, and one person who asks many times at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import sqlalchemy as sa
from sqlmodel import col

from scheduler.jobs import alerts as job
from tests.factories import Factory
from webinars.services import subscriptions
from webinars.services.subscriptions import Wanted
from webinars.tables import Message, Subscription
from webinars.terms import MessageKind, SubscriptionState
from webinars.testing import SetClock
from webinars.work import Process

PEOPLE, WORKERS = 40, 4


def wanted(email: str) -> Wanted:
    return Wanted(email, "America/New_York", "en-US", "2026-11", "0" * 64)


def test_many_workers_plan_one_alert_for_each_person(process: Process, factory: Factory, clock: SetClock) -> None:
    topics = ("knee", "hip", "hand")
    for topic in topics:
        factory.topic(topic, topic.title())
        factory.webinar(f"{topic}-options", topics=(topic,))
    with process.work() as work:
        for number in range(PEOPLE):
            for topic in topics[: number % 3 + 1]:
                subscriptions.subscribe(work, topic, wanted(f"person{number}@mail.example"), factory.now)
        work.db.execute(sa.update(Subscription).values(state=SubscriptionState.active, confirmed_at=factory.now))
    clock.advance(timedelta(hours=1))
    for topic in topics:
        factory.session(f"{topic}-options")
    together = Barrier(WORKERS)

    def plan(_: int) -> int:
        together.wait()
        return job.run(process, process.clock.now())

    with ThreadPoolExecutor(WORKERS) as pool:
        planned = list(pool.map(plan, range(WORKERS)))
    job.run(process, process.clock.now())
    with process.read() as work:
        told = work.db.execute(
            sa.select(col(Subscription.email_index), col(Message.facts))
            .join(Message, col(Message.subscription_id) == col(Subscription.id))
            .where(col(Message.kind) == MessageKind.alert)
        ).all()
    assert sum(planned) == PEOPLE
    assert set(Counter(bytes(index) for index, _ in told).values()) == {1}
    sessions_told = Counter(len(facts["sessions"]) for _, facts in told)
    assert sessions_told == Counter(number % 3 + 1 for number in range(PEOPLE))  # all of a person's topics at once


def test_who_asks_many_times_at_once_is_one_subscriber_with_one_mail(process: Process, factory: Factory) -> None:
    factory.topic()
    together = Barrier(8)

    def ask(number: int) -> None:
        together.wait()
        with process.work() as work:
            email = "ana@mail.example" if number % 2 else "ANA@mail.example"
            subscriptions.subscribe(work, "knee", wanted(email), process.clock.now())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    with process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Subscription)) == 1
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Message)) == 1
