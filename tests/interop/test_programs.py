"""Other people's calendar programs: they subscribe to the feeds, and store the events."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar

from tests.factories import ACTOR, Factory
from webinars.services import feeds, sessions
from webinars.work import Process

PROGRAMS = Path(sys.executable).parent
ANA = "ana@mail.example"
SESSIONS = 6


@pytest.fixture
def many(sqlite_factory: Factory, sqlite_process: Process) -> list[UUID]:
    """Sessions about the knee, one of them cancelled."""
    sqlite_factory.topic("knee", "Knee")
    slug = sqlite_factory.webinar(topics=("knee",), title="Knee pain, and what helps; for all 👩‍⚕️")
    made = [sqlite_factory.session(slug, starts_in=timedelta(days=3 + number)).session.id for number in range(SESSIONS)]
    with sqlite_process.work() as work:
        sessions.cancel_session(work, made[2], version=None, actor=ACTOR, now=sqlite_factory.now)
    return made


def run(program: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Subscriber:
    """vdirsyncer, which keeps a folder as a feed is, and khal, which shows the folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.events = folder / "events"
        self.events.mkdir(parents=True)
        self._home = str(folder)
        self._config = folder / "vdirsyncer"
        self._config.write_text(
            f"""[general]
status_path = "{folder}/status/"
[pair feed]
a = "remote"
b = "local"
collections = null
[storage remote]
type = "http"
url = "{url}"
[storage local]
type = "filesystem"
path = "{self.events}"
fileext = ".ics"
""",
            encoding="utf-8",
        )
        self._khal = folder / "khal"
        self._khal.write_text(
            f"""[calendars]
[[feed]]
path = {self.events}
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
default_timezone = UTC
local_timezone = UTC
""",
            encoding="utf-8",
        )
        self._run("discover")

    def fetch(self) -> dict[str, tuple[bytes, int]]:
        """Fetch the feed; what is in each file then, and when it was written."""
        self._run("sync")
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in self.events.glob("*.ics")}

    def shown(self) -> list[str]:
        """Summaries, as khal lists them."""
        listed = run(
            "khal", "-c", str(self._khal), "list", "--day-format", "", "--format", "{start} {title}",
            "2026-03-01", "60d", HOME=self._home,
        )  # fmt: skip
        return [line for line in listed.splitlines() if line.strip()]

    def _run(self, command: str) -> None:
        run("vdirsyncer", "-c", str(self._config), command, HOME=self._home)


def test_vdirsyncer_and_khal_have_as_many_events_as_there_are_sessions(
    many: list[UUID], sqlite_process: Process, sqlite_factory: Factory, serve: Callable[[Process], str], tmp_path: Path
) -> None:
    registration = sqlite_factory.registration(many[0], ANA).registration
    sqlite_factory.registration(many[1], ANA)
    with sqlite_process.read() as work:
        own = feeds.own_address(work, registration).removeprefix(sqlite_process.settings.base_url)
    address = serve(sqlite_process)
    for number, (path, count) in enumerate(
        [("/calendar/all.ics", SESSIONS), ("/calendar/topics/knee.ics", SESSIONS), (own, 2)]
    ):
        subscriber = Subscriber(tmp_path / str(number), address + path)
        first = subscriber.fetch()
        assert len(first) == len(subscriber.shown()) == count
        assert subscriber.fetch() == first, "nothing changed, so nothing was written anew"
    subscriber = Subscriber(tmp_path / "all", f"{address}/calendar/all.ics")
    before = subscriber.fetch()
    with sqlite_process.work() as work:
        changes = {"duration_minutes": 45}
        sessions.update_session(work, many[0], changes, version=None, actor=ACTOR, now=sqlite_factory.now)
    after = subscriber.fetch()
    assert len(after) == SESSIONS
    assert len(set(after.values()) - set(before.values())) == 1
    assert "2026-03-07 15:00 Cancelled: Knee pain, and what helps; for all 👩‍⚕️" in subscriber.shown()


@dataclass
class CalendarServer:
    """Radicale: it takes what a calendar may hold, and refuses what it may not."""

    url: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(auth=("ana", "x"), timeout=20))

    def put(self, uid: str, file: str) -> None:
        """Store an event. What a calendar holds says no METHOD (RFC 4791 section 4.1)."""
        held = "".join(line for line in file.splitlines(keepends=True) if not line.startswith("METHOD:"))
        answer = self.client.put(
            f"{self.url}/{uid}.ics", content=held.encode(), headers={"Content-Type": "text/calendar"}
        )
        assert answer.status_code in {201, 204}, answer.text

    def held(self) -> list[str]:
        """The start of everything it holds."""
        file = self.client.get(self.url).text
        return [f"{event.decoded('DTSTART'):%Y%m%dT%H%M%SZ}" for event in Calendar.from_ical(file).walk("VEVENT")]


@pytest.fixture
def calendar_server(tmp_path: Path) -> Iterator[CalendarServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "radicale", "--config", "", f"--storage-filesystem-folder={tmp_path / 'radicale'}"]
    command += [f"--server-hosts=127.0.0.1:{port}", "--auth-type=none", "--rights-type=authenticated"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        server = CalendarServer(f"http://127.0.0.1:{port}/ana/webinars")
        deadline = time.monotonic() + 30
        while True:
            try:
                made = server.client.request("MKCALENDAR", server.url)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "Radicale did not start"
                time.sleep(0.05)
        assert made.status_code == 201, made.text
        yield server
        server.client.close()
        program.terminate()


def test_a_calendar_server_takes_every_event_of_a_feed(
    many: list[UUID], sqlite_process: Process, serve: Callable[[Process], str], calendar_server: CalendarServer
) -> None:
    file = httpx.get(f"{serve(sqlite_process)}/calendar/all.ics").text
    head, *events = file.split("BEGIN:VEVENT")
    for number, event in enumerate(events):
        calendar_server.put(str(number), f"{head}BEGIN:VEVENT{event.partition('END:VCALENDAR')[0]}END:VCALENDAR\r\n")
    assert len(calendar_server.held()) == len(many) == SESSIONS
