"""A registrant's life, delivered by a real mail server and followed by Thunderbird's own scheduling."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from scheduler.loop import Scheduler
from tests.conftest import make_settings
from tests.factories import ACTOR, Factory
from tests.interop.thunderbird import Seen, Thunderbird
from tests.support.programs import missing
from tests.support.replies import AUTHSERV
from tests.support.smtp import DROP, SmtpSink
from tools.prepare_tests import has_thunderbird
from webinars.documents.calendar_replies import read_reply
from webinars.services import registrations, rescheduling, sessions
from webinars.terms import CalendarReply
from webinars.testing import SetClock
from webinars.work import Process, Work

pytestmark = pytest.mark.long
ANA = "ana@mail.example"
PROOF = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=mail.example\r\n".encode()
TITLE = "Your webinar, with us; and all of 👩‍⚕️ 漢字 " + "ü" * 40
SOON = timedelta(minutes=1)
EARLIER = datetime(2026, 3, 6, 9, 30)  # noqa: DTZ001 - a wall time, in Denver


@pytest.fixture
def thunderbird(tmp_path: Path, sink: SmtpSink) -> Iterator[Thunderbird]:
    if not has_thunderbird():
        missing("Thunderbird")
    with Thunderbird(tmp_path / "thunderbird", ANA, sink.port) as program:
        yield program


class Life:
    """What happens to the session Ana registered for. Each deed gives the mail she gets for it."""

    def __init__(self, process: Process, clock: SetClock, sink: SmtpSink) -> None:
        self._process, self._clock, self._sink = process, clock, sink
        self._scheduler = Scheduler(process)
        factory = Factory(process)
        self._session_id = factory.session(factory.webinar(public_title=TITLE)).session.id
        self._registration_id = factory.registration(self._session_id, ANA).registration.id

    def registered(self) -> bytes:
        return self._mail_after(lambda _: None)

    def changed(self, **changes: object) -> bytes:
        return self._mail_after(
            lambda work: sessions.update_session(
                work, self._session_id, changes, version=None, actor=ACTOR, now=self._clock.now()
            )
        )

    def cancelled(self) -> bytes:
        return self._by_the_host(sessions.cancel_session)

    def reinstated(self) -> bytes:
        return self._by_the_host(rescheduling.reinstate_session)

    def left(self) -> bytes:
        return self._mail_after(lambda work: registrations.withdraw(work, self._registration_id, self._clock.now()))

    def stop(self) -> None:
        self._scheduler.stop()

    def _by_the_host(self, deed: Callable[..., object]) -> bytes:
        facts = {"version": None, "actor": ACTOR}
        return self._mail_after(lambda work: deed(work, self._session_id, **facts, now=self._clock.now()))

    def _mail_after(self, deed: Callable[[Work], object]) -> bytes:
        """The answer to the mail is lost, so that it is sent and received once more."""
        self._clock.advance(SOON)
        with self._process.work() as work:
            deed(work)
        self._sink.answers["DATA"] = [DROP]
        known = len(self._sink.to(ANA))
        for _ in range(2):
            self._scheduler.tick(self._clock.now())
            self._clock.advance(SOON)
        mail, repeat = self._sink.to(ANA)[known:]
        assert mail.raw == repeat.raw
        return mail.raw


@pytest.fixture
def life(sqlite_url: str, tmp_path: Path, clock: SetClock, sink: SmtpSink) -> Iterator[Life]:
    process = Process(make_settings(sqlite_url, tmp_path, mail_url=sink.url), clock=clock)
    life = Life(process, clock, sink)
    yield life
    life.stop()
    process.close()


@dataclass
class Ana:
    """Reads all her mails twice, as she gets them, and then all her earlier invites again. Some she answers by mail."""

    thunderbird: Thunderbird
    sink: SmtpSink
    invites: list[bytes] = field(default_factory=list)

    def reads(self, mail: bytes, offered: str, *, answer: str = "", asked: bool = False) -> list[str]:
        """When what is in her calendar starts, after she has done what is offered."""
        sent = len(self.sink.mails)
        seen = self.thunderbird.read(mail, answer=answer)
        self.sink.wait_for(sent + bool(answer))
        assert (seen.offered, seen.asked) == (offered, asked)
        assert self.thunderbird.read(mail) == Seen(offered=None, asked=False, held=seen.held)
        for invite in self.invites:
            late = self.thunderbird.read(invite, sure=False)
            assert late.offered is None or late.asked, "no old invite is entered just so"
            assert late.held == seen.held
        if offered != "CANCEL":
            self.invites.append(mail)
        assert [entry["summary"] for entry in seen.held] == [TITLE] * len(seen.held)
        return [entry["starts_at"] for entry in seen.held]


def with_version_of(other: bytes, mail: bytes) -> bytes:
    """A mail with another's SEQUENCE and DTSTAMP in its calendar part."""
    encoded, encoded_other = calendar_part(mail), calendar_part(other)
    file, file_other = base64.b64decode(encoded), base64.b64decode(encoded_other)
    for name in (b"SEQUENCE", b"DTSTAMP"):
        line = re.compile(rb"^%b:.*$" % name, re.MULTILINE)
        (found,) = line.findall(file_other)
        file, count = line.subn(found, file)
        assert count == 1
    return mail.replace(encoded, base64.encodebytes(file).replace(b"\n", b"\r\n"))


def calendar_part(mail: bytes) -> bytes:
    """As it is in the mail: in base64."""
    parts = message_from_bytes(mail).walk()
    (payload,) = (part.get_payload() for part in parts if part.get_content_type() == "text/calendar")
    return str(payload).encode()


def test_a_life_by_mail_leaves_the_calendar_as_it_should_be(
    thunderbird: Thunderbird, life: Life, sink: SmtpSink
) -> None:
    """Registered, moved, cancelled, reinstated, another room, gone; and her two answers are understood. An old
    cancellation is not read again: a mail waits for the one before it (test_delivery.py shows that), so none comes
    after what took it back."""
    ana = Ana(thunderbird, sink)
    registered = life.registered()
    assert ana.reads(registered, "REQUEST", answer="ACCEPTED") == ["20260309T150000Z"]
    moved = life.changed(starts_at_local=EARLIER)
    passed_over = thunderbird.read(with_version_of(registered, moved))
    assert (passed_over.offered, passed_over.held[0]["starts_at"]) == (None, "20260309T150000Z"), "the control"
    assert ana.reads(moved, "REQUEST:UPDATE") == ["20260306T163000Z"]
    assert ana.reads(life.cancelled(), "CANCEL") == []
    assert ana.reads(life.reinstated(), "REQUEST", asked=True) == ["20260306T163000Z"]
    elsewhere = life.changed(room_url="https://rooms.example/r/2")
    assert ana.reads(elsewhere, "REQUEST:UPDATE", answer="DECLINED") == ["20260306T163000Z"]
    assert ana.reads(life.left(), "CANCEL") == []
    answers = [read_reply(PROOF + mail.raw, AUTHSERV) for mail in sink.to("webinars@clinic.example")]
    assert [(said.answer, said.sequence, said.email, said.is_proven) for said in answers if said] == [
        (CalendarReply.accepted, 0, ANA, True),
        (CalendarReply.declined, 4, ANA, True),
    ]
