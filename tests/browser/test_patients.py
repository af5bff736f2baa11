"""Patients' pages as people use them: on a phone, at a desk, with and without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.conftest import NOW
from webinars.clock import ShiftedClock
from webinars.services.registrations import email_of, withdraw
from webinars.tables import AttendanceInterval, Registration
from webinars.terms import LinkPurpose, RegistrationStatus

pytestmark = pytest.mark.browser
NEW_YORK = {"timezone_id": "America/New_York"}
SCREENS = [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")]
SCRIPTS = [pytest.param(True, id="script"), pytest.param(False, id="no-script")]


@pytest.fixture
def knee(site: Site) -> Site:
    """A site with one area, one webinar, two dates."""
    make = site.make
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.presenter()
    make.webinar(
        "knee-options",
        topics=("knee",),
        presenters=("maria-castellan",),
        summary="Options before surgery.",
        description="You learn:\n\n- one thing\n- another",
        asks_question=True,
    )
    make.session("knee-options")
    make.session("knee-options", starts_in=timedelta(days=14))
    start_clock(site)
    return site


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("has_script", SCRIPTS)
def test_registering_from_the_home_page_to_thanks(knee: Site, screen: dict[str, Any], has_script: bool) -> None:
    page = knee.open("/?utm_source=blog", java_script_enabled=has_script, **screen, **NEW_YORK)
    fits(page)
    page.get_by_role("link", name="Knee", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knee")
    fits(page)
    page.get_by_role("link", name="Knee pain: options").click()
    fits(page)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    fits(page)
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    page.get_by_label("Two, somebody watches with me").check()
    page.get_by_label("A question to the presenter").fill("Do I need an MRI?")
    if not has_script:
        page.get_by_label("Your time zone", exact=True).select_option("America/New_York")
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your seat is reserved")
    fits(page)
    assert "ana" not in page.url
    (registration,) = registrations(knee)
    assert email_of(knee.process.vault, registration) == "ana@mail.example"
    assert (registration.seats, registration.timezone) == (2, "America/New_York")
    assert registration.source == {"first": {"utm_source": "blog"}, "last": {"utm_source": "blog"}}


def test_in_spanish_from_the_link_at_the_foot_to_thanks(knee: Site) -> None:
    """What the script says and makes of times is in the page's language as well."""
    page = knee.open("/", **PHONE, **NEW_YORK)
    page.get_by_role("link", name="Español").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Seminarios web en vivo con nuestros médicos")
    expect(page.locator("time").first).to_have_text(
        "lunes, 9 de marzo de 2026 11:00 a.m. hora oriental (America/New_York)"
    )
    expect(page.get_by_text("Horas indicadas en: hora oriental.")).to_be_visible()
    expect(page.locator(".leaf").first).to_have_text("lun9mar")
    fits(page)
    page.goto(knee.address + "/webinars/knee-options")  # an address that names no language: the choice is kept
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continuar con la inscripción").click()
    page.get_by_label("Nombre completo").fill("Ana Núñez")
    page.get_by_label("Correo electrónico").fill("ana@gmial.com")
    page.get_by_label("Correo electrónico").press("Tab")
    page.get_by_role("button", name="Usar ana@gmail.com").click()
    page.get_by_role("button", name="Cambiar su zona horaria").click()
    expect(page.get_by_label("Su zona horaria")).to_be_focused()
    fits(page)
    page.get_by_role("button", name="Inscribirse").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gracias. Su lugar está reservado")
    (registration,) = registrations(knee)
    assert (registration.locale, registration.timezone) == ("es-US", "America/New_York")
    knee.process.clock = ShiftedClock(NOW + timedelta(days=7, minutes=-20))
    page.goto(knee.address + link_path(knee, LinkPurpose.enter, registration))
    expect(page.get_by_role("timer")).to_contain_text("La sala se abre en 4 minutos ")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("timer")).to_contain_text("The room opens in 4 minutes ")


def test_mistakes_get_the_focus_and_lead_to_their_fields(knee: Site) -> None:
    knee.watch.expected_statuses.add(422)
    page = knee.open(form_path(knee), **PHONE)
    page.get_by_label("E-mail address").fill("ana@gmial.com")
    page.get_by_role("button", name="Register").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(page).to_have_title("Error: Register: Knee pain: options – Example Joint & Spine Clinics")
    fits(page)
    summary.get_by_role("link", name="Enter your name.").click()
    expect(page.get_by_label("Full name")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_value("ana@gmial.com")


def test_a_mistyped_mail_domain_is_hinted_at_and_stops_nobody(knee: Site) -> None:
    page = knee.open(form_path(knee), **DESKTOP)
    page.get_by_label("Full name").fill("Ana")
    email = page.get_by_label("E-mail address")
    for typed, hinted in (("ana@gmail.com", False), ("ana@clinic.example", False), ("Ana@gmial.com", True)):
        email.fill(typed)
        email.press("Tab")
        page.wait_for_timeout(500)
        expect(page.get_by_text("Did you mean gmail.com?")).to_have_count(1 if hinted else 0)
    page.get_by_role("button", name="Use Ana@gmail.com").click()
    expect(email).to_have_value("Ana@gmail.com")
    email.fill("ana@gmial.com")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")


def test_pressing_twice_registers_once(knee: Site) -> None:
    page = knee.open(form_path(knee), **DESKTOP)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Full name").fill("Ana")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    page.get_by_role("button", name="Register").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert len(posts) == 1
    page.reload()
    assert len(registrations(knee)) == 1


def test_times_are_the_visitors_own_and_can_be_changed(knee: Site) -> None:
    page = knee.open("/", **DESKTOP, **NEW_YORK)
    card = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Knee pain: options"))
    expect(page.get_by_text("Times are shown in Eastern Time.")).to_be_visible()
    expect(card.locator("time")).to_have_text("Monday, March 9, 2026 11:00 AM Eastern Time (America/New_York)")
    expect(card.locator(".elsewhere")).to_have_text("At the clinic: Mon, Mar 9, 9:00 AM Mountain Time (America/Denver)")
    page.get_by_text("Change").click()
    page.get_by_label("Show times in").select_option("Pacific/Honolulu")
    expect(card.locator("time")).to_contain_text("5:00 AM")
    page.goto(knee.address + "/webinars/knee-options")
    expect(page.locator("time").first).to_contain_text("5:00 AM")  # the choice is kept


def test_a_date_on_the_other_side_of_midnight_is_right_on_the_leaf_too(site: Site) -> None:
    site.make.session(starts_in=timedelta(days=7, hours=15))  # 23:00 in Denver
    start_clock(site)
    page = site.open("/", **PHONE, **NEW_YORK)
    expect(page.locator("time")).to_contain_text("Tuesday, March 10, 2026")
    expect(page.locator(".leaf")).to_have_text("Tue10Mar")


def test_without_a_script_the_server_shows_the_zone_that_is_chosen(knee: Site) -> None:
    page = knee.open("/", java_script_enabled=False, **PHONE)
    expect(page.locator("time")).to_contain_text("9:00 AM Mountain Time")
    page.get_by_text("Change").click()
    page.get_by_label("Show times in").select_option("America/New_York")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("time")).to_contain_text("11:00 AM Eastern Time")
    fits(page)


@pytest.mark.parametrize("has_script", SCRIPTS)
def test_cancelling_from_the_mails_link(site: Site, has_script: bool) -> None:
    registered = site.make.registration(site.make.session().session.id, timezone="America/New_York")
    start_clock(site)
    path = link_path(site, LinkPurpose.manage, registered.registration)
    page = site.open(path, java_script_enabled=has_script, **PHONE)
    assert page.url == f"{site.address}/my-registration"
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    expect(page.locator("time")).to_contain_text("11:00 AM Eastern Time")
    fits(page)
    page.get_by_role("button", name="Send me the e-mail again").click()
    expect(page.get_by_role("status")).to_contain_text("on its way again")
    page.get_by_text("Cancel my registration", exact=True).click()
    fits(page)
    page.get_by_role("button", name="Yes, cancel my registration").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your registration is cancelled")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert [row.status for row in registrations(site)] == [RegistrationStatus.withdrawn]


@pytest.mark.parametrize("screen", SCREENS)
def test_an_offered_seat_is_taken_without_a_script(site: Site, screen: dict[str, Any]) -> None:
    session_id = site.make.session(capacity=1).session.id
    ana = site.make.registration(session_id).registration
    waiting = site.make.registration(session_id, timezone="America/New_York").registration
    with site.process.work() as work:
        withdraw(work, ana.id, site.make.now)
    start_clock(site)
    page = site.open(link_path(site, LinkPurpose.manage, waiting), java_script_enabled=False, **screen)
    expect(page.get_by_role("heading", level=1)).to_have_text("A seat is free for you")
    expect(page.get_by_text("Tuesday, March 3, 2026, 10:00 AM Eastern Time (America/New_York)")).to_be_visible()
    expect(page.get_by_role("button", name="No, let it go")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Yes, take the seat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    expect(page.get_by_role("status")).to_contain_text("The seat is yours.")
    fits(page)
    assert sorted(row.status.value for row in registrations(site)) == ["confirmed", "withdrawn"]


@pytest.mark.parametrize("screen", SCREENS)
def test_changing_to_another_date_and_undoing_a_cancellation(site: Site, screen: dict[str, Any]) -> None:
    site.make.webinar("knee-options")
    first, _ = (site.make.session("knee-options", starts_in=timedelta(days=day)).session.id for day in (7, 14))
    registered = site.make.registration(first, timezone="America/New_York").registration
    start_clock(site)
    page = site.open(link_path(site, LinkPurpose.manage, registered), **screen)
    page.get_by_text("Change to another date", exact=True).click()
    fits(page)
    page.get_by_role("button", name="Change to this date Monday, March 16, 2026, 11:00 AM Eastern Time").dblclick()
    expect(page.get_by_role("status")).to_contain_text("You have changed to this date.")
    expect(page.locator(".appointment time")).to_contain_text("Monday, March 16, 2026")
    expect(page.locator(".appointment time")).to_contain_text("11:00 AM Eastern Time")
    expect(page.locator(".leaf")).to_have_text("Mon16Mar")
    assert [row.status.value for row in registrations(site)] == ["withdrawn", "confirmed"]
    page.get_by_text("Cancel my registration", exact=True).click()
    page.get_by_role("button", name="Yes, cancel my registration").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your registration is cancelled")
    fits(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("It is undone")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    assert [row.status.value for row in registrations(site)] == ["withdrawn", "confirmed"]


@pytest.mark.parametrize("has_script", SCRIPTS)
def test_joining_leads_into_the_room(site: Site, room: str, has_script: bool) -> None:
    registered = site.make.registration(site.make.session(starts_in=timedelta(minutes=5)).session.id)
    with site.process.work() as work:
        work.db.execute(sa.text("UPDATE sessions SET room_url = :url"), {"url": f"{room}/r/1"})
    start_clock(site)
    site.watch.allowed.add(room)
    page = site.open(
        link_path(site, LinkPurpose.enter, registered.registration), java_script_enabled=has_script, **PHONE
    )
    fits(page)
    with site.process.read() as work:
        assert work.db.scalars(sa.select(AttendanceInterval)).all() == []
    page.get_by_role("button", name="Join now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The room")
    assert page.url == f"{room}/r/1"
    with site.process.read() as work:
        assert len(work.db.scalars(sa.select(AttendanceInterval)).all()) == 1


def test_the_button_appears_by_itself_when_the_room_opens(site: Site) -> None:
    registered = site.make.registration(site.make.session(starts_in=timedelta(minutes=16)).session.id)
    start_clock(site)
    site.process.clock._starts_at += timedelta(seconds=57)  # type: ignore[attr-defined]
    page = site.open(link_path(site, LinkPurpose.enter, registered.registration), **DESKTOP)
    expect(page.get_by_role("timer")).to_contain_text("second")
    expect(page.get_by_role("button", name="Join now")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_borders_stand_out(knee: Site, scheme: str) -> None:
    """WCAG 1.4.3 and 1.4.11: 4.5:1 for words, 3:1 for what a control is known by."""
    knee.watch.expected_statuses.add(404)
    page = knee.open("/", color_scheme=scheme, **DESKTOP)
    for path in ("/", "/topics/knee", "/webinars/knee-options", form_path(knee), "/my-registration"):
        page.goto(knee.address + path)
        assert page.evaluate(CONTRASTS) == [], path


CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const light = (color) => {
    const [r, g, b] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (says && ratio(rgb(style.color), ground(element)) < 4.5) found.push(`${element.tagName} ${element.textContent}`);
    if (element.matches("input:not([type=hidden]), select, textarea")
      && ratio(rgb(style.borderTopColor), ground(element.parentElement)) < 3) found.push(`border of ${element.name}`);
  }
  return found;
}"""


@pytest.fixture
def room() -> Iterator[str]:
    """Somebody else's server. One of its addresses is short, and leads on to another origin."""

    class Room(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/short":
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.server.server_port}/v/1")  # type: ignore[attr-defined]
                self.end_headers()
                return
            body = b"<!doctype html><html lang=en><title>Room</title><link rel=icon href=data:,><h1>The room</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Room)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fits(page: Page) -> None:
    """No sideways scrolling, not even at 320 px, and everything to press is large enough for a thumb."""
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": 320, "height": size["height"]})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size(size)
    small = page.evaluate(
        """(pressed) => [...document.querySelectorAll(pressed)]
          .filter((element) => element.checkVisibility() && !element.closest(".trap"))
          .filter((element) => element.getBoundingClientRect().height < 47.5)
          .map((element) => element.outerHTML.slice(0, 80))""",
        "button, select, textarea, summary, .button, .choice, input[type=text], input[type=email]",
    )
    assert small == []


def form_path(site: Site) -> str:
    with site.process.read() as work:
        session_id = work.db.execute(sa.text("SELECT id FROM sessions ORDER BY starts_at LIMIT 1")).scalar_one()
    return f"/sessions/{session_id}/register"


def link_path(site: Site, purpose: LinkPurpose, registration: Any) -> str:
    folder = {LinkPurpose.manage: "m", LinkPurpose.enter: "j"}[purpose]
    return f"/{folder}/{site.process.vault.link_token(purpose, registration.id, registration.link_version)}"


def registrations(site: Site) -> list[Registration]:
    with site.process.read() as work:
        return list(work.db.scalars(sa.select(Registration).order_by(sa.text("id"))))
