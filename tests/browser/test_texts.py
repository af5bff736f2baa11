"""A host words a mail: looks at it before saving, sees what is wrong, saves; with and without a script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("screen", [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop")])
@pytest.mark.parametrize("has_script", [pytest.param(True, id="script"), pytest.param(False, id="no-script")])
def test_a_host_words_a_mail(site: Site, screen: dict[str, Any], has_script: bool) -> None:
    site.make.host("host@clinic.example")
    site.make.webinar()
    site.watch.expected_statuses.add(422)
    page = site.open("/console/texts", java_script_enabled=has_script, **screen)
    page.get_by_label("E-mail address").fill("host@clinic.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Confirmation, Spanish").click()
    mail = page.frame_locator("iframe[name=look]")
    expect(mail.get_by_text("Gracias por inscribirse.")).to_be_visible()

    page.get_by_label("Subject").fill("Bienvenida: {{ title }}")
    page.get_by_label("Text", exact=True).fill("Nos vemos el {{ date }}, {{ nombre }}.")
    page.get_by_role("button", name="Look at it first").click()
    expect(mail.get_by_text("There is no variable {{ nombre }} here.")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("Nos vemos el {{ date }}.\n\nVea https://clinic.example/mapa.")
    page.get_by_role("button", name="Look at it first").click()
    expect(mail.get_by_text("Nos vemos el lunes, 9 de marzo de 2026.")).to_be_visible()
    expect(mail.get_by_role("link", name="https://clinic.example/mapa")).to_be_visible()
    page.get_by_role("button", name="As plain text").click()
    expect(mail.get_by_text("Bienvenida: Su seminario web")).to_be_visible()

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(mail.get_by_text("Nos vemos el lunes, 9 de marzo de 2026.")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth") if has_script else 0
    assert width <= screen["viewport"]["width"]
    page.get_by_role("button", name="Go back to the usual words").click()
    expect(page.get_by_role("status")).to_have_text("The mail says the usual words again.")
    expect(mail.get_by_text("Gracias por inscribirse.")).to_be_visible()


def test_a_reminder_is_looked_at_in_both_languages_and_added_once(site: Site) -> None:
    """A look is no sending: after it the button that sends still works, and only once."""
    site.make.host("host@clinic.example")
    webinar = site.make.webinar()
    page = site.open(f"/console/webinars/{webinar}/reminder-rules/new", **PHONE)
    page.get_by_label("E-mail address").fill("host@clinic.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.address}/console/webinars/{webinar}/reminder-rules/new")
    mail = page.frame_locator("iframe[name=look]")
    expect(mail.get_by_text("Hello Maria Example,")).to_be_visible()
    page.get_by_label("Hours").fill("3")
    page.get_by_label("In English").fill("See you soon, {{ name }}.")
    page.get_by_label("In Spanish").fill("Hasta pronto, {{ name }}.")
    for language, words in (("Spanish", "Hasta pronto, Maria Example."), ("English", "See you soon, Maria Example.")):
        page.get_by_role("button", name=f"Look at it in {language}").click()
        expect(mail.get_by_text(words)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    page.get_by_role("button", name="Add").dblclick()
    expect(page.get_by_role("status")).to_have_text("Added.")
    expect(page.locator("th", has_text="3 h before")).to_have_count(1)
