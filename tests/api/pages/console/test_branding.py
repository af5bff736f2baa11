"""The clinic's own look at the console: saved, refused with values kept, a picture put up and taken down."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.api.pages.console.conftest import SignIn
from tests.support.pictures import png, webp
from webinars.rules.branding import MOST_LOGO_BYTES
from webinars.services import branding
from webinars.terms import Role
from webinars.work import Process

PAGE = "/console/branding"
FORM = {
    "version": "0",
    "name": "Evergreen <Spine> & Joint",
    "phone": "+1 (720) 555-0199",
    "accent": "7A1F1F",
    "notice_en": "Education only.",
    "notice_es": "Sólo educación.",
    "privacy_en": "### Ours\n\nAsk *us*. <script>alert(1)</script>",
    "privacy_es": "",
}


def saved(process: Process) -> branding.Brand:
    with process.read() as work:
        return branding.look(work)


def upload(client: httpx.Client, content: bytes, version: int = 0, name: str = "logo.png") -> httpx.Response:
    return client.post(f"{PAGE}/logo", data={"version": str(version)}, files={"logo": (name, content, "image/svg+xml")})


def test_what_is_saved_is_what_patients_see(console: httpx.Client, visitor: httpx.Client) -> None:
    assert "Evergreen" not in visitor.get("/").text
    assert console.post(PAGE, data=FORM).headers["location"] == f"{PAGE}?done=saved"
    for path in ("/", "/privacy", "/nowhere", "/m/wrong", "/console/sign-in"):
        page = visitor.get(path).text
        assert "Evergreen &lt;Spine&gt; &amp; Joint" in page, path
        assert re.search(r'<link rel="stylesheet" href="/brand/7a1f1f-[0-9a-f]{12}\.css" media="screen">', page), path
        if not path.startswith("/console"):
            assert '<a href="tel:+17205550199">+1 (720) 555-0199</a>' in page, path
            assert '<a href="/privacy">' in page, path
    assert "Education only." in visitor.get("/").text
    assert "Sólo educación." in visitor.get("/", params={"lang": "es"}).text
    form = console.get(PAGE).text
    assert 'value="#7a1f1f"' in form
    assert 'name="version" value="1"' in form


def test_a_colour_that_cannot_be_read_is_refused_with_a_better_one_and_all_values_kept(
    console: httpx.Client, sqlite_process: Process
) -> None:
    refused = console.post(PAGE, data=FORM | {"accent": "#f5c518", "phone": "call me"})
    assert refused.status_code == 422
    page = refused.text
    assert page.index("<title>Error: ") > 0
    words = re.search(r"White text on this colour reads 1\.6:1; 4\.5:1 is needed\. A darker one: (#[0-9a-f]{6})", page)
    assert words
    assert f'fill="{words[1]}"' in page, "the better one is shown"
    assert "Write the number with digits" in page
    for kept in ("Evergreen &lt;Spine&gt; &amp; Joint", "#f5c518", "call me", "Education only.", "Sólo educación."):
        assert kept in page
    assert saved(sqlite_process).version == 0
    assert console.post(PAGE, data=FORM | {"accent": words[1]}).status_code == 303


def test_a_look_saves_nothing(console: httpx.Client, sqlite_process: Process) -> None:
    page = console.post(PAGE, data=FORM | {"deed": "look"})
    assert page.status_code == 200
    assert 'fill="#7a1f1f"' in page.text
    assert "Education only." in page.text
    assert saved(sqlite_process).version == 0


def test_who_comes_second_compares_and_a_form_without_its_version_does_nothing(
    console: httpx.Client, sqlite_process: Process
) -> None:
    console.post(PAGE, data=FORM)
    late = console.post(PAGE, data=FORM | {"name": "Mine"})
    assert late.status_code == 422
    assert "Somebody changed this in the meantime" in late.text
    assert 'name="version" value="1"' in late.text
    assert 'value="Mine"' in late.text
    for without in ({}, {"name": "Mine"}, {"version": "<i7x>"}):
        assert console.post(PAGE, data=without).status_code == 404
    assert saved(sqlite_process).name == FORM["name"]


def test_texts_have_an_end(console: httpx.Client) -> None:
    refused = console.post(PAGE, data=FORM | {"notice_es": "x" * 501, "privacy_en": "x" * 10_001, "name": "x" * 121})
    for words in ("at most 500", "at most 10000", "at most 120"):
        assert words in refused.text


def test_the_clinics_own_words_on_privacy_follow_ours_and_bring_no_markup(
    console: httpx.Client, visitor: httpx.Client
) -> None:
    usual = visitor.get("/privacy").text
    console.post(PAGE, data=FORM)
    page = visitor.get("/privacy").text
    assert "90 days after the webinar" in usual
    assert "90 days after the webinar" in page
    assert page.index("90 days") < page.index("<h3>Ours</h3>") < page.index("<em>us</em>")
    assert "<script>alert" not in page
    in_spanish = visitor.get("/privacy", params={"lang": "es"}).text
    assert '<div lang="en"><h3>Ours</h3>' in in_spanish, "theirs in English is better than nothing of theirs"


@pytest.mark.parametrize(("content", "kind"), [(png(300, 100), "image/png"), (webp(90, 80), "image/webp")])
def test_a_logo_is_put_up_for_ever_and_taken_down(
    console: httpx.Client, visitor: httpx.Client, content: bytes, kind: str
) -> None:
    assert upload(console, content).headers["location"] == f"{PAGE}?done=saved"
    address = re.search(r'src="(/brand/logo-[0-9a-f]{16}\.\w+)" width="(\d+)"', visitor.get("/").text)
    assert address
    shown = visitor.get(address[1])
    assert (shown.content, shown.headers["content-type"]) == (content, kind), "not what the browser called it"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "Remove the logo" in console.get(PAGE).text
    assert console.post(f"{PAGE}/logo/remove", data={"version": "0"}).headers["location"].endswith("version_mismatch")
    assert console.post(f"{PAGE}/logo/remove", data={"version": "1"}).status_code == 303
    assert "/brand/logo" not in visitor.get("/").text
    assert visitor.get(address[1]).status_code == 404


def test_a_wide_logo_stands_for_the_name_and_another_one_beside_it(
    console: httpx.Client, visitor: httpx.Client
) -> None:
    name = "Example Joint &amp; Spine Clinics"
    upload(console, png(300, 100))
    assert f'alt="{name}"' in visitor.get("/").text
    assert f"<span>{name}</span>" not in visitor.get("/").text
    upload(console, png(100, 100), version=1)
    assert 'alt=""' in visitor.get("/").text
    assert f"<span>{name}</span>" in visitor.get("/").text


def test_what_is_no_logo_is_refused(console: httpx.Client, sqlite_process: Process) -> None:
    for content, status, words in (
        (b"", 422, "Choose a file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 422, "PNG, a JPEG or a WebP"),
        (png(10, 10) + bytes(MOST_LOGO_BYTES), 422, "larger than 200 KB"),
        (bytes(300 * 1024), 413, "more than we can take"),
    ):
        refused = upload(console, content)
        assert (refused.status_code, words in refused.text) == (status, True), words
    assert saved(sqlite_process).version == 0


def test_a_picture_without_its_version_or_in_no_such_form_is_not_taken(
    console: httpx.Client, sqlite_process: Process
) -> None:
    for answer in (
        console.post(f"{PAGE}/logo", files={"logo": ("a.png", png(10, 10))}),
        upload(console, png(10, 10), version=7),
        console.post(f"{PAGE}/logo", data={"version": "0"}),
        console.post(f"{PAGE}/logo", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}),
        console.post(f"{PAGE}/logo", content=b"x", headers={"Content-Type": "multipart/form-data"}),
    ):
        assert answer.status_code in {400, 422}
    assert saved(sqlite_process).version == 0


def test_it_is_for_who_manages(signed_in: SignIn, viewer: httpx.Client) -> None:
    host = signed_in(Role.host)
    for client in (viewer, host):
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, data=FORM).status_code == 403
        assert upload(client, png(10, 10)).status_code == 403
        assert "Your clinic" not in client.get("/console").text
