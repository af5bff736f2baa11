"""Texts of mails at the console: what there is, writing, looking, trying out, testing, going back."""

from __future__ import annotations

import httpx
import pytest

from tests.factories import Factory
from webinars.gateways.mail import MailTransportDown
from webinars.testing import MemoryMailer

PAGE = "/console/texts/confirmation/en"
WORDS = {"subject": "Welcome: {{ title }}", "body": "Dear {{ name }}.\n\nSee https://clinic.example.", "version": "0"}


@pytest.fixture
def webinar(sqlite_factory: Factory) -> str:
    sqlite_factory.topic()
    return sqlite_factory.webinar(topics=("knee",))


def test_the_list_says_whose_words_each_mail_says(console: httpx.Client, webinar: str) -> None:
    page = console.get("/console/texts").text
    assert "The usual words" in page
    assert "Your own words" not in page
    assert console.post(PAGE, data=WORDS).headers["location"] == f"{PAGE}?done=text_saved"
    assert "Your own words" in console.get("/console/texts").text
    of_webinar = console.get(f"/console/texts?webinar={webinar}").text
    assert "As for all webinars" in of_webinar
    assert f"{PAGE}?webinar={webinar}" in of_webinar
    assert f"/console/texts?webinar={webinar}" in console.get(f"/console/webinars/{webinar}").text


def test_words_are_saved_for_one_webinar_and_taken_away(console: httpx.Client, webinar: str) -> None:
    path = f"{PAGE}?webinar={webinar}"
    assert "{{ presenters }}" in console.get(path).text
    assert console.post(path, data=WORDS).status_code == 303
    page = console.get(path).text
    assert "Welcome: {{ title }}" in page
    assert "Welcome: Your webinar" in page
    assert "These are your own words." not in console.get(PAGE).text
    back = console.post(f"{PAGE}/reset?webinar={webinar}", data={"version": "1"})
    assert back.headers["location"] == f"{path}&done=text_reset"
    assert "These are your own words." not in console.get(path).text


def test_what_is_wrong_is_said_beside_the_field_and_kept(console: httpx.Client, webinar: str) -> None:
    path = f"{PAGE}?webinar={webinar}"
    refused = console.post(path, data=WORDS | {"subject": "Your knee"})
    assert refused.status_code == 422
    assert "This subject names “knee”" in refused.text
    assert "See https://clinic.example." in refused.text
    refused = console.post(path, data=WORDS | {"body": "<b>{{ nmae }}</b>"})
    assert "There is no variable {{ nmae }} here." in refused.text
    assert "&lt;b&gt;" in refused.text
    assert "<b>{{ nmae }}" not in refused.text
    named = console.post(path, data=WORDS | {"body": "All about your knee."})
    assert named.headers["location"].endswith("done=text_saved_telling")


def test_who_comes_second_is_asked_to_compare(console: httpx.Client) -> None:
    console.post(PAGE, data=WORDS)
    late = console.post(PAGE, data=WORDS | {"subject": "Mine"})
    assert late.status_code == 422
    assert "Somebody changed this in the meantime" in late.text
    assert 'name="version" value="1"' in late.text


def test_a_mail_is_looked_at_in_a_frame_that_may_do_nothing(console: httpx.Client, webinar: str) -> None:
    page = console.get(PAGE)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert f'src="{PAGE}/look"' in page.text
    for shown in (console.get(f"{PAGE}/look"), console.post(f"{PAGE}/look/html", data=WORDS)):
        policy = shown.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "frame-ancestors 'self'" in policy
        assert shown.headers["cache-control"] == "no-store"
    assert "Dear Maria Example." in shown.text
    plain = console.post(f"{PAGE}/look/plain?webinar={webinar}", data=WORDS)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert plain.text.startswith("Welcome: Your webinar\n\nHello Maria Example,\n\nDear Maria Example.")
    wrong = console.post(f"{PAGE}/look/html", data=WORDS | {"body": "<script>{{ x }}</script>"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    assert "Thank you for registering" in console.post(f"{PAGE}/look/html", data={"version": "0"}).text
    assert "Your own words" not in console.get("/console/texts").text


def test_a_test_goes_to_the_hosts_own_address(console: httpx.Client, mailer: MemoryMailer) -> None:
    console.post(PAGE, data=WORDS)
    assert console.post(f"{PAGE}/test").headers["location"] == f"{PAGE}?done=test_sent"
    (mail,) = mailer.mails
    assert (mail.recipient, mail.subject) == ("manager@clinic.example", "Welcome: Your webinar")
    mailer.failures.append(MailTransportDown("down"))
    assert console.post(f"{PAGE}/test").headers["location"] == f"{PAGE}?done=test_not_sent"


def test_who_may_only_look_sees_no_form(viewer: httpx.Client) -> None:
    page = viewer.get(PAGE).text
    assert "<textarea" not in page
    assert "/test" not in page
    assert viewer.get(f"{PAGE}/look").status_code == 200
    for deed in ("", "/look/html", "/test", "/reset"):
        assert viewer.post(f"{PAGE}{deed}", data={"version": "0"}).status_code == 403


def test_what_is_not_there_is_not_found(console: httpx.Client) -> None:
    for path in ("/console/texts/nothing/en", "/console/texts/confirmation/de", f"{PAGE}?webinar=nothing"):
        assert console.get(path).status_code == 404, path
    assert console.get("/console/texts/alert/en").status_code in {404, 422}
