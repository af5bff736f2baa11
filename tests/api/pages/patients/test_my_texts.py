"""Reminders by text message on a registrant's own page, where there is a way for texts at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_my_registration import PAGE, PathOf, opened
from tests.api.pages.patients.test_registering import rows
from tests.factories import Factory
from webinars.gateways.short_texts import SendableText
from webinars.services import registrations
from webinars.services.registering import Registered
from webinars.tables import Consent, Registration
from webinars.terms import LinkPurpose
from webinars.work import Process

TEXTS = f"{PAGE}/texts"


class NoTexts:
    """A way for texts over which nothing goes."""

    name = "webhook"

    def send(self, text: SendableText) -> str | None:
        raise AssertionError(text.message_id)

    def close(self) -> None: ...

    def check(self) -> str:
        return ""


@pytest.fixture
def ana(make: Factory) -> Registered:
    return make.registration(make.session().session.id, "ana@mail.example")


@pytest.fixture
def texting(sqlite_process: Process) -> Iterator[None]:
    sqlite_process.texts = NoTexts()
    yield
    sqlite_process.texts = None


def kept(process: Process) -> tuple[str | None, list[bool]]:
    """The number, and what was answered, oldest first."""
    (registration,) = rows(process, Registration)
    answers = sorted(rows(process, Consent), key=lambda row: row.id)
    return registrations.phone_of(process.vault, registration), [row.is_granted for row in answers]


def press(visitor: Visitor, wanted: str, **fields: str) -> str:
    """Press a button of the page; gives the page that it leads to."""
    data = {"registration": visitor.hidden(TEXTS)["registration"], "wanted": wanted} | fields
    answer = visitor.post(TEXTS, data=data)
    assert answer.status_code == 303, answer.text
    return visitor.get(answer.headers["location"]).text


@pytest.mark.usefixtures("texting")
def test_texts_are_turned_on_changed_off_and_the_number_removed(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    page = opened(visitor, path_of(LinkPurpose.manage, ana)).text
    assert "Reminders by text message: <strong>off</strong>" in page
    blank = visitor.get(TEXTS)
    assert (blank.status_code, blank.headers["cache-control"]) == (200, "no-store")
    assert "you say: “Send me reminders of this webinar by text message as well.”" in blank.text
    assert "Remove my number" not in blank.text
    page = press(visitor, "yes", phone="(303) 555-0199")
    assert "We remind you by text message as well." in page
    assert "Reminders by text message: <strong>on</strong>" in page
    assert kept(sqlite_process) == ("+13035550199", [True])
    page = visitor.get(TEXTS).text
    assert 'value="+13035550199"' in page
    assert "Save the number" in page
    press(visitor, "yes", phone="+44 20 7946 0958")
    assert kept(sqlite_process) == ("+442079460958", [True])
    assert "We send you no text messages." in press(visitor, "no")
    assert kept(sqlite_process) == ("+442079460958", [True, False])
    press(visitor, "forget")
    assert kept(sqlite_process) == (None, [True, False])


@pytest.mark.usefixtures("texting")
def test_what_is_agreed_to_in_another_language_than_that_of_the_mails_is_kept_in_it(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    opened(visitor, path_of(LinkPurpose.manage, ana))
    assert "Send me reminders" not in visitor.get(f"{TEXTS}?lang=es").text  # from now on the browser keeps Spanish
    press(visitor, "yes", phone="+1 303 555 0199")
    (registration,), (consent,) = rows(sqlite_process, Registration), rows(sqlite_process, Consent)
    assert (registration.locale, consent.locale) == ("en-US", "es")


@pytest.mark.usefixtures("texting")
def test_a_number_that_is_none_is_said_beside_it_and_kept_as_typed(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    opened(visitor, path_of(LinkPurpose.manage, ana))
    data = {"registration": str(ana.registration.id), "wanted": "yes", "phone": '020 7946 0958"><i'}
    answer = visitor.post(TEXTS, data=data)
    assert answer.status_code == 422
    assert "<title>Error: Text messages" in answer.text
    assert answer.text.count("Enter a mobile number with its country code, such as +1 303 555 0134.") == 2
    assert 'value="020 7946 0958&#34;&gt;&lt;i"' in answer.text
    assert kept(sqlite_process) == (None, [])


def test_where_there_is_no_way_for_texts_nothing_is_said_of_them(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    assert "text message" not in opened(visitor, path_of(LinkPurpose.manage, ana)).text
    assert visitor.get(TEXTS).status_code == 404
    data = {"registration": str(ana.registration.id), "wanted": "yes", "phone": "303 555 0199"}
    answer = visitor.post(TEXTS, data=data)
    assert answer.headers["location"] == f"{PAGE}?said=late"
    assert kept(sqlite_process) == (None, [])


@pytest.mark.usefixtures("texting")
def test_it_takes_the_page_and_a_form_from_here(
    visitor: Visitor, sqlite_process: Process, ana: Registered, path_of: PathOf
) -> None:
    data = {"registration": str(ana.registration.id), "wanted": "yes", "phone": "303 555 0199"}
    assert visitor.post(TEXTS, data=data).status_code == 404
    assert "press the link in your e-mail again" in visitor.get(TEXTS).text
    opened(visitor, path_of(LinkPurpose.manage, ana))
    assert visitor.post(TEXTS, data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert kept(sqlite_process) == (None, [])
