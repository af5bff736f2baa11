"""Takes the pictures of the documents: the demo's pages, as patients and hosts see them, on a phone and at a desk.

The demo lives on a database of its own at a set time, so the same program makes the same pictures. They are WebP, made
by Chromium itself. `make pictures`; with the names of scenes (`make pictures ARGS="home join"`) only those.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright
from sqlmodel import col

from tests.conftest import RunningServer, make_settings
from tests.factories import Factory
from tests.support.browser import launch_options
from webinars.clock import SetClock
from webinars.services import demo, registrations, schema, webinars
from webinars.services.links import link
from webinars.services.registering import Registered
from webinars.tables import Registration, Webinar, WebinarSession
from webinars.terms import LinkPurpose
from webinars.testing import MemoryMailer
from webinars.work import Process

FOLDER = Path(__file__).parents[1] / "docs" / "images"
NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1180, "height": 760}, "device_scale_factor": 1}
TALLEST = {"phone": 1300, "desk": 1300}
"""In the page's own pixels: what is below is cut off."""
QUALITY = 70


@dataclass
class Stage:
    """The demo, running."""

    process: Process
    make: Factory
    clock: SetClock
    address: str

    def session_of(self, slug: str) -> WebinarSession:
        """The next one of a webinar."""
        query = (
            sa.select(WebinarSession)
            .join(Webinar, col(Webinar.id) == col(WebinarSession.webinar_id))
            .where(col(Webinar.slug) == slug, col(WebinarSession.starts_at) > self.clock.now())
            .order_by(col(WebinarSession.starts_at))
            .limit(1)
        )
        with self.process.read() as work:
            return work.db.scalars(query).one()

    def past_session(self) -> WebinarSession:
        """The one that the demo has held."""
        query = sa.select(WebinarSession).order_by(col(WebinarSession.starts_at)).limit(1)
        with self.process.read() as work:
            return work.db.scalars(query).one()

    def path(self, purpose: LinkPurpose, registered: Registered) -> str:
        settings = self.process.settings
        whole = link(settings, self.process.vault, purpose, registered.registration)
        return whole.removeprefix(settings.base_url)


def form(stage: Stage) -> str:
    return f"/sessions/{stage.session_of('knee-options').id}/register"


def thanks(stage: Stage) -> str:
    return f"/sessions/{stage.session_of('knee-options').id}/registered?status=confirmed"


def my_registration(stage: Stage) -> str:
    registered = stage.make.registration(stage.session_of("knee-options").id, name="Ana Núñez")
    return stage.path(LinkPurpose.manage, registered)


def offer(stage: Stage) -> str:
    """A seat that came free for somebody who waited."""
    session_id = stage.session_of("back-pain-without-fusion").id
    first, *_ = [stage.make.registration(session_id) for _ in range(6)]
    waiting = stage.make.registration(session_id)
    with stage.process.work() as work:
        registrations.withdraw(work, first.registration.id, stage.clock.now())
    return stage.path(LinkPurpose.manage, waiting)


def door(stage: Stage) -> str:
    """Ten minutes before the start."""
    session = stage.session_of("knee-options")
    registered = stage.make.registration(session.id)
    stage.clock.set(session.starts_at - timedelta(minutes=10))
    return stage.path(LinkPurpose.enter, registered)


def afterwards(stage: Stage) -> str:
    """Of somebody who was there, some days ago."""
    session = stage.past_session()
    with stage.process.work() as work:
        webinars.update_webinar(
            work,
            "knee-options",
            {"replay_url": "https://videos.clinic.example/1"},
            topics=None,
            presenters=None,
            version=None,
            actor="demo",
            now=stage.clock.now(),
        )
    query = sa.select(Registration).where(col(Registration.session_id) == session.id).order_by(col(Registration.id))
    with stage.process.read() as work:
        registration = work.db.scalars(query.limit(1)).one()
    token = stage.process.vault.link_token(LinkPurpose.enter, registration.id, registration.link_version)
    return f"/after/{token}"


def open_my_data(page: Page) -> None:
    page.get_by_role("link", name="Your data").click()


def make_mistakes(page: Page) -> None:
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail")
    page.get_by_role("button", name="Register").click()
    page.get_by_role("alert").wait_for()


def choose_a_date(page: Page) -> None:
    page.get_by_role("radio").first.check()


def of_past_session(tab: str = "") -> Callable[[Stage], str]:
    return lambda stage: f"/console/sessions/{stage.past_session().id}{tab}"


def one_person(stage: Stage) -> str:
    query = sa.select(col(Registration.id)).where(col(Registration.session_id) == stage.past_session().id)
    with stage.process.read() as work:
        return f"/console/registrations/{work.db.scalars(query.order_by(col(Registration.id)).limit(1)).one()}"


@dataclass(frozen=True)
class Scene:
    name: str
    path: str | Callable[[Stage], str]
    act: Callable[[Page], None] | None = None
    """What is done on the page before the picture is taken."""
    is_dark_too: bool = False
    is_console: bool = False
    devices: tuple[str, ...] = ("phone", "desk")


DESK_ONLY = ("desk",)
SCENES = (
    Scene("home", "/", is_dark_too=True),
    Scene("topic", "/topics/knee"),
    Scene("webinar", "/webinars/knee-options", choose_a_date),
    Scene("presenter", "/presenters/maria-castellan"),
    Scene("register", form, is_dark_too=True),
    Scene("mistakes", form, make_mistakes),
    Scene("thanks", thanks),
    Scene("my-registration", my_registration, is_dark_too=True),
    Scene("offer", offer),
    Scene("my-data", my_registration, open_my_data),
    Scene("after", afterwards),
    Scene("alerts", "/topics/elbow/alerts"),
    Scene("privacy", "/privacy"),
    Scene("embedded", "/embed/topics/knee"),
    Scene("link-over", "/m/an-old-link"),
    Scene("console", "/console", is_console=True, is_dark_too=True),
    Scene("console-session", of_past_session(), is_console=True, devices=DESK_ONLY),
    Scene("console-registrants", of_past_session("/registrants"), is_console=True, devices=DESK_ONLY),
    Scene("console-attendance", of_past_session("/attendance"), is_console=True, devices=DESK_ONLY),
    Scene("console-follow-ups", of_past_session("/follow-ups"), is_console=True, devices=DESK_ONLY),
    Scene("console-person", one_person, is_console=True, devices=DESK_ONLY),
    Scene("console-webinar", "/console/webinars/knee-options", is_console=True, devices=DESK_ONLY),
    Scene("console-calls", "/console/calls", is_console=True, devices=DESK_ONLY),
    Scene("console-clinic", "/console/branding", is_console=True, devices=DESK_ONLY),
    Scene("console-text", "/console/texts/confirmation/en", is_console=True, devices=DESK_ONLY),
    Scene("join", door),  # the last one: it moves the clock
)


@contextmanager
def staged() -> Iterator[Stage]:
    with TemporaryDirectory() as folder:
        settings = make_settings(f"sqlite:///{folder}/demo.db", Path(folder))
        clock = SetClock(NOW)
        process = Process(settings, clock=clock, mail=MemoryMailer())
        try:
            schema.migrate(process)
            demo.load(process, clock.now())
            with RunningServer(process) as address:
                yield Stage(process, Factory(process), clock, address)
        finally:
            process.close()


def take(browser: Browser, stage: Stage, scene: Scene, device: str, scheme: str) -> Path:
    """One picture of a scene whose path is known."""
    options: dict[str, Any] = PHONE if device == "phone" else DESK
    context = browser.new_context(
        **options, color_scheme=scheme, locale="en-US", timezone_id="America/Denver", reduced_motion="reduce"
    )
    page = context.new_page()
    if scene.is_console:
        sign_in(page, stage)
    path = scene.path if isinstance(scene.path, str) else scene.path(stage)
    page.goto(stage.address + path)
    if scene.act:
        scene.act(page)
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST[device]), "scale": 1}
    shot = context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": clip},
    )
    context.close()
    name = f"{scene.name}-{device}{'-dark' if scheme == 'dark' else ''}.webp"
    (FOLDER / name).write_bytes(base64.b64decode(shot["data"]))
    return FOLDER / name


def sign_in(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.address}/console/sign-in")
    page.get_by_label("E-mail address").fill(demo.HOST_EMAIL)
    page.get_by_label("Password").fill(demo.host_password(stage.process) or "")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")


def main(names: list[str]) -> int:
    options = launch_options()
    unknown = set(names) - {scene.name for scene in SCENES}
    if options is None or unknown:
        print(f"no such scene: {', '.join(sorted(unknown))}" if unknown else "Chromium is not installed: make test")
        return 1
    FOLDER.mkdir(exist_ok=True)
    taken: list[Path] = []
    with staged() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        for scene in SCENES:
            if names and scene.name not in names:
                continue
            known = scene.path if isinstance(scene.path, str) else scene.path(stage)
            fixed = replace(scene, path=known)
            for device in scene.devices:
                for scheme in ("light", "dark") if scene.is_dark_too else ("light",):
                    taken.append(take(browser, stage, fixed, device, scheme))
                    print(f"{taken[-1].stat().st_size / 1000:6.0f} kB  {taken[-1].name}")
        browser.close()
    print(f"{len(taken)} pictures, {sum(path.stat().st_size for path in taken) / 1e6:.1f} MB, in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
