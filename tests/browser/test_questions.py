"""The host's questions in a real browser: asked when they are meant with a script, all of them without."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, start_clock
from tests.browser.test_patients import CONTRASTS, fits, form_path
from webinars.rules.questions import field_of
from webinars.services import questions
from webinars.tables import Registration
from webinars.terms import Sensitivity

pytestmark = pytest.mark.browser
SLUG = "knee-options"
SCREENS = [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")]
SCRIPTS = [pytest.param(True, id="script"), pytest.param(False, id="no-script")]


@pytest.fixture
def asking(site: Site) -> Site:
    """A webinar that asks one question of each kind, two of which hang on others."""
    make = site.make
    make.session(make.webinar(SLUG))
    pain = make.question(SLUG, "yes_no", "Is one of your knees in pain?", is_required=True)
    health = Sensitivity.health
    side = make.question(
        SLUG, "choices", "Which knee?", show_if={"question_id": pain, "values": [True]}, sensitivity=health
    )
    make.question(
        SLUG,
        "number",
        "For how many years?",
        help="A guess will do.",
        is_required=True,
        show_if={"question_id": side, "values": ["left"]},
        sensitivity=health,
    )
    make.question(SLUG, "choice", "Which knee is the stronger one?")
    make.question(SLUG, "date", "When was your last MRI?", sensitivity=health)
    make.question(SLUG, "text", "How did you hear of us?")
    make.question(SLUG, "long_text", "What do you hope to learn?")
    return site


def said(site: Site) -> dict[str, str]:
    """What the only registrant answered."""
    with site.process.read() as work:
        (registration,) = work.db.scalars(sa.select(Registration))
        found = questions.answers_of(work, [registration.id], with_health=True)[registration.id]
    return {answer.asked: answer.text for answer in found}


def group(page: Page, legend: str) -> Locator:
    return page.get_by_role("group", name=re.compile(re.escape(legend)))


def send(page: Page, *, has_script: bool) -> None:
    if not has_script:
        page.wait_for_timeout(2100)  # a person is slower than this test; with the script the page itself waits
    page.get_by_role("button", name="Register").click()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("has_script", SCRIPTS)
def test_answering_every_kind(asking: Site, screen: dict[str, Any], has_script: bool) -> None:
    start_clock(asking)
    page = asking.open(form_path(asking), java_script_enabled=has_script, **screen)
    fits(page)
    page.get_by_label("Full name").fill("Ana Núñez")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    which, years = group(page, "Which knee? "), page.get_by_label("For how many years?")
    for hanging in (which, years):
        if has_script:
            expect(hanging).to_be_hidden()
        else:
            expect(hanging).to_be_visible()
    words = page.get_by_text("Only if you answered “Yes” to “Is one of your knees in pain?”")
    expect(words).to_be_visible(visible=not has_script)
    group(page, "Is one of your knees in pain?").get_by_label("Yes").check()
    expect(which).to_be_visible()
    expect(words).to_be_visible(visible=not has_script)
    which.get_by_label("Left knee").check()
    which.get_by_label("Right knee").check()
    years.fill("2.5")
    group(page, "Which knee is the stronger one?").get_by_label("Right knee").check()
    page.get_by_label("When was your last MRI?").fill("2025-11-30")
    page.get_by_label("How did you hear of us?").fill("A friend")
    page.get_by_label("What do you hope to learn?").fill("How to walk\nagain")
    fits(page)
    send(page, has_script=has_script)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your seat is reserved")
    assert list(said(asking).values()) == [
        "Yes",
        "Left knee; Right knee",
        "2.5",
        "Right knee",
        "2025-11-30",
        "A friend",
        "How to walk\nagain",
    ]


def test_what_is_hidden_again_is_neither_asked_nor_kept(asking: Site) -> None:
    start_clock(asking)
    page = asking.open(form_path(asking), **PHONE)
    page.get_by_label("Full name").fill("Ana")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    pain, which = group(page, "Is one of your knees in pain?"), group(page, "Which knee? ")
    years = page.get_by_label("For how many years?")
    pain.get_by_label("Yes").check()
    which.get_by_label("Right knee").check()
    expect(years).to_be_hidden()
    which.get_by_label("Left knee").check()
    years.fill("a long time")
    pain.get_by_label("No").check()
    expect(which).to_be_hidden()
    expect(years).to_be_hidden()  # what it hangs on is hidden, ticked or not
    send(page, has_script=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert said(asking) == {"Is one of your knees in pain?": "No"}


@pytest.mark.parametrize("has_script", SCRIPTS)
def test_mistakes_lead_to_their_questions_and_what_was_typed_stays(asking: Site, has_script: bool) -> None:
    asking.watch.expected_statuses.add(422)
    start_clock(asking)
    page = asking.open(form_path(asking), java_script_enabled=has_script, **PHONE)
    page.get_by_label("Full name").fill("Ana")
    page.get_by_label("E-mail address").fill("ana@mail.example")
    page.get_by_label("What do you hope to learn?").fill("Kept")
    send(page, has_script=has_script)
    summary = page.get_by_role("alert")
    pain = group(page, "Is one of your knees in pain?")
    summary.get_by_role("link", name="Please answer “Is one of your knees in pain?”.").click()
    expect(pain.get_by_label("Yes")).to_be_focused()
    pain.get_by_label("Yes").check()
    group(page, "Which knee? ").get_by_label("Left knee").check()
    page.get_by_label("For how many years?").fill("many")
    send(page, has_script=has_script)
    summary.get_by_role("link", name=re.compile("with a number, such as 5")).click()
    years = page.get_by_label("For how many years?")
    expect(years).to_be_focused()
    expect(years).to_be_visible()
    expect(years).to_have_value("many")
    expect(pain.get_by_label("Yes")).to_be_checked()
    expect(page.get_by_label("What do you hope to learn?")).to_have_value("Kept")
    years.fill("3")
    fits(page)
    send(page, has_script=has_script)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")


def test_coming_back_to_a_filled_form_shows_what_was_shown(asking: Site) -> None:
    start_clock(asking)
    page = asking.open(form_path(asking), **DESKTOP)
    group(page, "Is one of your knees in pain?").get_by_label("Yes").check()
    page.goto(asking.address + "/")
    page.go_back()
    is_kept = group(page, "Is one of your knees in pain?").get_by_label("Yes").is_checked()  # browsers differ
    expect(group(page, "Which knee? ")).to_be_visible(visible=is_kept)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_questions_stand_out(asking: Site, scheme: str) -> None:
    start_clock(asking)
    page = asking.open(form_path(asking), color_scheme=scheme, **DESKTOP)
    group(page, "Is one of your knees in pain?").get_by_label("Yes").check()
    assert page.evaluate(CONTRASTS) == []


def test_every_field_has_a_name_that_is_read_out_and_descriptions_that_are_there(asking: Site) -> None:
    page = asking.open(form_path(asking), **DESKTOP)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("[name^='answers.']")]
          .filter((field) => !field.labels.length || !field.labels[0].textContent.trim())
          .map((field) => field.name)"""
    )
    missing = page.evaluate(
        """() => [...document.querySelectorAll("[aria-describedby]")]
          .flatMap((element) => element.getAttribute("aria-describedby").split(" "))
          .filter((id) => !document.getElementById(id))"""
    )
    twice = page.evaluate(
        """() => { const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
          return ids.filter((id, place) => ids.indexOf(id) !== place); }"""
    )
    assert (unnamed, missing, twice) == ([], [], [])


@pytest.mark.parametrize(("screen", "has_script"), [(PHONE, False), (DESKTOP, True)], ids=["phone", "desktop"])
def test_a_host_asks_and_reads(site: Site, screen: dict[str, Any], has_script: bool) -> None:
    make = site.make
    session_id = make.session(make.webinar(SLUG)).session.id
    password = make.host("host@clinic.example")
    page = site.open(f"/console/webinars/{SLUG}", java_script_enabled=has_script, **screen)
    page.get_by_label("E-mail address").fill("host@clinic.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Add a question").click()
    page.get_by_label("Question", exact=True).fill("Which medicines?")
    page.get_by_label("Answered with").select_option("Several lines")
    page.get_by_label("Answers tell about somebody’s health").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_have_text("Added.")
    page.get_by_role("link", name="Add a question").click()
    page.get_by_label("Question", exact=True).fill("Which knee?")
    page.get_by_label("Answered with").select_option("One of several choices")
    page.get_by_label("Choice 1", exact=True).fill("Left")
    page.get_by_label("Choice 2", exact=True).fill("Right")
    fits(page)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Up").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    with site.process.read() as work:
        side, medicines = questions.list_questions(work, SLUG)
    assert side.label == "Which knee?"
    raw = {str(side.id): "left", str(medicines.id): "Ximelagatran"}
    registered = make.registration(session_id, answers=raw)
    page.goto(f"{site.address}/console/registrations/{registered.registration.id}")
    expect(page.get_by_text("Left", exact=True)).to_be_visible()
    expect(page.get_by_text("Ximelagatran")).to_have_count(0)
    page.get_by_role("button", name="Show health answers").click()
    expect(page.get_by_text("Ximelagatran")).to_be_visible()
    fits(page)
    assert field_of(side.id) not in page.content()
