"""The mails to those who wait: neutral, with a way out, and the same bytes each time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.webinars.documents.facts import html_of, parsed, plain_of
from tests.webinars.documents.test_neutral import TELLING, TELLING_IN_SPANISH
from webinars.documents.alerts import AlertFacts, ListedDate, compose_alert
from webinars.terms import MessageKind

PAGE = "https://webinars.clinic.example/t/AZqCJ1N1cAC5H0mM6pK3uQAZqCJ1N1cAC5H0mM6pK3u"
FACTS = AlertFacts(
    kind=MessageKind.alert,
    email="ana@mail.example",
    timezone="America/New_York",
    locale="en-US",
    organization_name="Clinics",
    organization_phone="+1 303 555 0100",
    mail_from="webinars@clinic.example",
    sender_name="Webinars",
    return_path=None,
    page_url=PAGE,
    is_active=True,
    dates=[
        ListedDate(
            datetime(2027, 3, 19, 0, tzinfo=UTC), "America/Denver", "https://webinars.clinic.example/sessions/1"
        ),
        ListedDate(
            datetime(2027, 4, 2, 17, tzinfo=UTC), "America/New_York", "https://webinars.clinic.example/sessions/2"
        ),
    ],
    subscription_id=UUID(int=7),
    message_id="<0123@clinic.example>",
    composed_at=datetime(2027, 3, 1, 16, tzinfo=UTC),
)
CHECK = replace(FACTS, kind=MessageKind.alert_check, is_active=False, dates=())


def test_an_alert_says_when_in_their_zone_and_where_to_register() -> None:
    mail = compose_alert(FACTS)
    assert mail.subject == "New webinar dates"
    for text in (plain_of(mail), html_of(mail)):
        assert "Thursday, March 18, 2027, 8:00 PM Eastern Time (America/New_York)" in text
        assert "At the clinic: Thursday, March 18, 2027, 6:00 PM Mountain Time (America/Denver)" in text
        assert text.count("At the clinic") == 1
        assert "https://webinars.clinic.example/sessions/1" in text
        assert "https://webinars.clinic.example/sessions/2" in text


def test_an_alert_ends_by_one_click_and_the_question_has_nothing_to_end() -> None:
    alert, check = parsed(compose_alert(FACTS)), parsed(compose_alert(CHECK))
    assert alert["List-Unsubscribe"] == f"<{PAGE}/end>"
    assert alert["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (check["List-Unsubscribe"], check["List-Unsubscribe-Post"]) == (None, None)
    assert "/end" not in plain_of(compose_alert(CHECK))


def test_the_question_says_what_a_press_does_and_what_doing_nothing_does() -> None:
    text = plain_of(compose_alert(CHECK))
    assert f"Confirm:\n{PAGE}\n" in text
    assert "simply do nothing" in text


def test_who_said_yes_before_is_told_so() -> None:
    mail = compose_alert(replace(CHECK, is_active=True))
    assert mail.subject == "You are on our list"
    assert "nothing you need to do" in plain_of(mail)


@pytest.mark.parametrize(("locale", "telling"), [("en-US", TELLING), ("es-US", TELLING_IN_SPANISH)])
def test_neither_tells_what_it_is_about(locale: str, telling: re.Pattern[str]) -> None:
    for facts in (FACTS, CHECK, replace(CHECK, is_active=True)):
        mail = compose_alert(replace(facts, locale=locale))
        for text in (mail.subject, str(parsed(mail)["From"]), plain_of(mail)):
            assert not telling.search(text)


def test_in_spanish_no_word_stays_english() -> None:
    for facts in (FACTS, CHECK, replace(CHECK, is_active=True)):
        english, spanish = plain_of(compose_alert(facts)), plain_of(compose_alert(replace(facts, locale="es-US")))
        said = {line for line in english.splitlines() if " " in line and not line.startswith("http")}
        assert not said & set(spanish.splitlines())


def test_a_repeat_is_the_same_byte_for_byte() -> None:
    assert compose_alert(FACTS).raw == compose_alert(replace(FACTS)).raw


def test_it_comes_back_to_where_it_is_asked_to() -> None:
    assert compose_alert(FACTS).sender == "webinars@clinic.example"
    assert compose_alert(replace(FACTS, return_path="b+1@bounce.example")).sender == "b+1@bounce.example"


def test_a_link_that_is_none_is_not_sent() -> None:
    with pytest.raises(ValueError, match="web address"):
        compose_alert(replace(FACTS, page_url="javascript:alert(1)"))
