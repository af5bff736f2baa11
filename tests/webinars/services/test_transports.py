"""How much may leave by a way of sending, over all workers, and what they tell each other of one that is broken."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.concurrency.load import at_once
from tests.conftest import NOW, make_settings
from tests.factories import Factory
from tests.webinars.services.looks import ledger
from webinars.gateways.mail import (
    MailDeferred,
    MailError,
    MailRefused,
    MailTransportDown,
    MailUnconfirmed,
    MemoryMailer,
)
from webinars.gateways.mail_errors import ConnectionBroke
from webinars.services import registering, transports
from webinars.services.delivery import Sender, claim
from webinars.tables import Message, Transport
from webinars.terms import Channel
from webinars.testing import SetClock
from webinars.work import Process

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
Open = Callable[..., Process]


@pytest.fixture
def another(process: Process, tmp_path: Path, clock: SetClock, mailer: MemoryMailer) -> Iterator[Open]:
    """More processes on the same database and mail server."""
    with ExitStack() as stack:

        def make(**settings: object) -> Process:
            url = process.settings.database_url.get_secret_value()
            made = Process(make_settings(url, tmp_path, **settings), clock=clock, mail=mailer)
            stack.callback(made.close)
            return made

        yield make


def register(process: Process, factory: Factory, people: int) -> None:
    session_id = factory.session(capacity=people).session.id
    with process.work() as work:
        registering.register(work, [factory.request(session_id) for _ in range(people)], NOW)


def send(process: Process, now: datetime) -> int:
    sender = Sender(process)
    try:
        return sender.send_due(now)
    finally:
        sender.stop()


def known(process: Process) -> Transport | None:
    with process.read() as work:
        return next(iter(transports.list_transports(work)), None)


def count_statements(process: Process, deed: Callable[[], object]) -> list[str]:
    """What the deed says to the table of transports."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "transports" in statement:
            said.append(" ".join(statement.split())[:6])

    engines = {process.engines.write, process.engines.read}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    deed()
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)
    return said


def test_no_rate_and_no_trouble_cost_one_small_read_a_batch(
    process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 40)
    said = count_statements(process, lambda: send(process, NOW))
    assert len(mailer.mails) == 40
    assert set(said) == {"SELECT"}
    assert len(said) <= 8  # batches, not messages
    assert known(process) is None


def test_no_more_leave_than_the_rate_allows_over_all_workers(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 60)
    workers = [another(mail_rate=5, mail_connections=2) for _ in range(3)]
    sent = []
    for number in range(8):
        at_once([partial(send, worker, NOW + number * SECOND) for worker in workers])
        sent.append(len(mailer.mails))
    # A second's worth at the start, then what trickled in; a send itself takes a moment, which counts as well.
    assert sent[0] <= 6
    for seconds, count in enumerate(sent):
        assert count <= 5 + 5 * (seconds + 1)
    assert sent[-1] >= 35


def test_control_without_a_rate_all_leave_at_once(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 60)
    send(another(), NOW)
    assert len(mailer.mails) == 60


def test_what_is_not_sent_after_all_takes_no_token(process: Process, another: Open, factory: Factory) -> None:
    register(process, factory, 3)
    with process.work() as work:
        work.db.execute(sa.text("UPDATE registrations SET status = 'withdrawn'"))
    worker = another(mail_rate=3)
    with worker.work() as work:
        claimed, count = claim(work, NOW)
    assert (count, claimed.ready) == (3, [])
    register(process, factory, 3)
    with worker.work() as work:
        assert len(claim(work, NOW)[0].ready) == 3


def test_a_way_that_is_down_is_left_alone_by_all(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 20)
    mailer.failures = [MailTransportDown("away")] * 20
    finder, other = another(mail_connections=1), another(mail_connections=1)
    send(finder, NOW)
    assert len(mailer.failures) == 19  # the first to find out told the rest of the batch
    state = known(process)
    assert state is not None
    assert (state.name, state.failures, state.last_error) == ("memory", 1, "away")
    assert state.paused_until is not None
    assert state.failed_at is not None
    assert timedelta(seconds=24) <= state.paused_until - state.failed_at <= timedelta(seconds=30)
    assert send(other, NOW + 20 * SECOND) == 0
    assert len(mailer.failures) == 19


def test_after_the_pause_a_single_message_tries_and_while_it_does_nobody_else(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 20)
    mailer.failures = [MailTransportDown("away")]
    send(another(mail_connections=1), NOW)
    one, other = another(), another()
    with one.work() as work:
        claimed, _ = claim(work, NOW + MINUTE)
    assert (len(claimed.ready), claimed.trials) == (1, frozenset({"memory"}))
    with other.work() as work:
        assert claim(work, NOW + MINUTE)[1] == 0
    later = NOW + MINUTE + transports.TRIAL  # whoever tried has died
    with other.work() as work:
        assert len(claim(work, later)[0].ready) == 1


def test_the_trial_closes_the_breaker_and_all_go_out_at_once(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 20)
    mailer.failures = [MailTransportDown("away")]
    send(another(mail_connections=1), NOW)
    assert send(another(), NOW + MINUTE) == 20
    assert len(mailer.mails) == 20
    state = known(process)
    assert state is not None
    assert (state.failures, state.paused_until) == (0, None)


def test_pauses_grow_while_trials_fail_and_a_batch_counts_once(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 20)
    mailer.failures = [MailTransportDown("away")] * 1000
    now, pauses = NOW, []
    for number in range(1, 8):
        send(another(mail_connections=4), now)
        state = known(process)
        assert state is not None
        assert state.failures == number
        assert state.paused_until is not None
        pauses.append((state.paused_until - now).total_seconds())
        now = state.paused_until
    for pause, longest in zip(pauses, [30, 60, *[120] * 5], strict=True):
        assert longest * 0.8 <= pause <= longest
    assert len(mailer.failures) >= 1000 - 4 - 6  # after the first batch one message each time


@pytest.mark.parametrize(("error", "is_closed"), [(MailRefused("no", 550), True), (MailUnconfirmed("?"), False)])
def test_a_server_that_speaks_works_and_one_that_falls_silent_has_shown_nothing(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer, error: MailRefused, is_closed: bool
) -> None:
    register(process, factory, 1)
    mailer.failures = [MailTransportDown("away"), error]
    worker = another(mail_connections=1)
    send(worker, NOW)
    send(worker, NOW + MINUTE)
    state = known(process)
    assert state is not None
    assert (state.failures == 0) is is_closed


def test_what_the_server_asks_for_is_heeded(process: Process, factory: Factory, mailer: MemoryMailer) -> None:
    register(process, factory, 1)
    mailer.failures = [MailTransportDown("slow down", 429, retry_after=240)]
    send(process, NOW)
    state = known(process)
    assert state is not None
    assert state.paused_until is not None
    assert state.failed_at is not None
    assert state.paused_until - state.failed_at == timedelta(minutes=4)


@pytest.mark.parametrize(
    ("useful_for", "pause"),
    [
        pytest.param(timedelta(minutes=4), timedelta(minutes=3), id="useless in 4 minutes"),
        pytest.param(timedelta(hours=10), timedelta(minutes=5), id="control: there is time"),
    ],
)
def test_a_pause_leaves_time_for_one_more_try(
    process: Process, factory: Factory, mailer: MemoryMailer, useful_for: timedelta, pause: timedelta
) -> None:
    session_id = factory.session().session.id
    factory.registration(session_id)
    with process.work() as work:
        work.db.execute(sa.update(Message).values(deadline_at=NOW + useful_for))
    mailer.failures = [MailTransportDown("slow down", 429, retry_after=3600)] * 2
    send(process, NOW)
    state = known(process)
    assert state is not None
    assert state.paused_until is not None
    assert timedelta() <= state.paused_until - (NOW + pause) < SECOND  # the claim itself takes a moment
    send(process, state.paused_until)
    send(process, NOW + timedelta(hours=3))
    assert mailer.failures == []
    assert [state for _, state, _ in ledger(process)] == ["missed" if useful_for < timedelta(hours=1) else "sent"]


def test_a_message_that_cannot_be_made_hands_the_trial_on(
    process: Process, factory: Factory, mailer: MemoryMailer
) -> None:
    transports.note_down(process, "memory", MailTransportDown("away"), NOW, random.Random(1), is_trial=False)
    register(process, factory, 2)
    with process.work() as work:
        first, _ = claim(work, NOW + MINUTE)
    assert first.trials
    transports.end_trial(process, "memory", NOW + MINUTE, works=False)
    with process.work() as work:
        second, _ = claim(work, NOW + MINUTE)
    assert second.trials
    assert first.ready[0][0].message.id != second.ready[0][0].message.id


def test_each_way_has_a_breaker_of_its_own(process: Process) -> None:
    transports.note_down(process, "memory", MailTransportDown("away"), NOW, random.Random(1), is_trial=False)
    with process.work() as work:
        (share,) = transports.allow(work, NOW, 50).shares
    assert (share.channels, share.most) == ({Channel.sms, Channel.push}, 50)


def attempts(process: Process) -> list[int]:
    with process.read() as work:
        return list(work.db.scalars(sa.select(sa.text("attempts")).select_from(Message).order_by(sa.text("id"))))


BROKE = ConnectionBroke("timed out")
UNCONFIRMED = MailUnconfirmed("no reply")
CANNOT = MailDeferred("4.3.0 Temporary lookup failure", 451)


@pytest.mark.parametrize("silence", [BROKE, UNCONFIRMED, CANNOT], ids=["before the dot", "after it", "says it cannot"])
def test_a_way_that_falls_silent_over_three_people_in_a_row_is_left_alone_and_nobody_pays(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer, silence: MailError
) -> None:
    register(process, factory, 6)
    mailer.failures = [silence] * 20
    single = another(mail_connections=1)
    send(single, NOW)
    assert len(mailer.failures) == 17
    assert attempts(process) == [0] * 6
    state = known(process)
    assert state is not None
    assert (state.failures, state.paused_until is not None) == (1, True)
    assert send(another(), NOW + 20 * SECOND) == 0  # nobody tries
    mailer.failures = []
    tries = len(mailer.mails)
    send(single, NOW + MINUTE)
    assert len(mailer.mails) == tries + 6


@pytest.mark.parametrize("words", ["4.2.2 mailbox full", "4.7.1 greylisted"])
def test_a_way_that_puts_off_this_mailbox_and_that_one_works(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer, words: str
) -> None:
    """Who makes strangers wait for five minutes must hear from each of them again."""
    register(process, factory, 6)
    mailer.failures = [MailDeferred(words, 450)] * 6
    send(another(mail_connections=1), NOW)
    assert known(process) is None
    assert attempts(process) == [1] * 6


@pytest.mark.parametrize(
    ("trouble", "pays"),
    [
        pytest.param(CANNOT, False, id="says it cannot"),
        pytest.param(BROKE, False, id="hangs"),
        pytest.param(UNCONFIRMED, True, id="control: it may have the mail"),
    ],
)
def test_who_tried_a_broken_way_for_hours_goes_out_minutes_after_it_works(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer, trouble: MailError, pays: bool
) -> None:
    register(process, factory, 4)
    worker, now = another(mail_connections=1), NOW
    mailer.failures = [trouble] * 100
    while now < NOW + timedelta(minutes=45):
        send(worker, now)
        now += MINUTE
    mailer.failures = []
    mailer.mails.clear()
    assert any(attempts(process)) is pays
    for _ in range(5):
        send(worker, now)
        now += MINUTE
    assert (len(mailer.mails) == 4) is not pays


def test_all_that_hang_at_once_are_spared(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 8)
    mailer.failures = [ConnectionBroke("timed out")] * 8
    send(another(mail_connections=8), NOW)
    assert attempts(process) == [0] * 8
    state = known(process)
    assert state is not None
    assert state.failures == 1


def test_one_slow_recipient_stops_nobody_however_often_they_are_tried(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 1)
    mailer.failures = [ConnectionBroke("timed out")] * 5
    worker = Sender(another(mail_connections=1))
    for hour in range(5):
        worker.send_due(NOW + timedelta(hours=hour))
    worker.stop()
    assert attempts(process) == [5]
    assert known(process) is None


def test_whoever_hears_from_the_server_in_between_counts_anew(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 5)
    broke = ConnectionBroke("timed out")
    mailer.failures = [broke, broke, MailDeferred("busy", 450), broke, broke]
    send(another(mail_connections=1), NOW)
    assert known(process) is None
    assert attempts(process) == [1] * 5


def test_a_trial_that_hangs_makes_the_pause_longer_and_the_next_one_is_by_somebody_else(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    """Else a mail over which the server falls silent each time would keep the breaker open for all others."""
    register(process, factory, 2)
    transports.note_down(process, "memory", MailTransportDown("away"), NOW, random.Random(1), is_trial=False)
    with process.work() as work:
        last = work.db.scalars(sa.select(Message).order_by(sa.text("id DESC")).limit(1)).one()
        last.priority = 1
    mailer.failures = [ConnectionBroke("timed out")]
    worker = another(mail_connections=1)
    send(worker, NOW + MINUTE)
    state = known(process)
    assert state is not None
    assert state.paused_until is not None
    assert state.failures == 2
    assert 48 * SECOND <= state.paused_until - (NOW + MINUTE) <= 61 * SECOND
    assert mailer.mails == []
    send(worker, state.paused_until)
    assert len(mailer.mails) == 1
    state = known(process)
    assert state is not None
    assert state.failures == 0


def test_a_bucket_is_not_filled_twice_by_workers_whose_clocks_differ(
    process: Process, another: Open, factory: Factory, mailer: MemoryMailer
) -> None:
    register(process, factory, 60)
    ahead, behind = another(mail_rate=5), another(mail_rate=5)
    for number in range(6):
        for worker, differ in ((ahead, 20), (behind, 0)):
            with worker.work() as work:
                claim(work, NOW + (20 + number + differ) * SECOND)
    with process.read() as work:
        taken = work.db.scalar(sa.select(sa.func.count()).select_from(Message).where(sa.text("attempts > 0")))
    assert taken == 5 + 5 * 5
