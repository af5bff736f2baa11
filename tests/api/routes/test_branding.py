"""How the clinic shows itself, over the API."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import NOW
from tests.factories import ACTOR
from tests.support.pictures import png
from webinars.services import branding
from webinars.work import Process

NOTHING = {
    "name": "",
    "phone": "",
    "accent": "",
    "standing_notice": {},
    "privacy_text": {},
    "has_logo": False,
    "version": 0,
}
BRAND = {
    "name": "Evergreen  Spine & Joint",
    "phone": "+1 (720) 555-0199",
    "accent": "7A1F1F",
    "standing_notice": {"en": "Education only.", "es": "Sólo educación. "},
    "privacy_text": {"en": "### Ours\r\n\r\nAsk us.", "es": " "},
}


def test_it_is_read_replaced_and_shown_and_the_logo_stays(api: httpx.Client, address: str, process: Process) -> None:
    empty = api.get("/branding")
    assert (empty.status_code, empty.headers["etag"], empty.json()) == (200, '"0"', NOTHING)
    assert api.put("/branding", json=BRAND).json()["code"] == "version_missing"
    saved = api.put("/branding", json=BRAND, headers={"If-Match": '"0"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"')
    assert saved.json() == {
        "name": "Evergreen Spine & Joint",
        "phone": "+1 (720) 555-0199",
        "accent": "#7a1f1f",
        "standing_notice": {"en": "Education only.", "es": "Sólo educación."},
        "privacy_text": {"en": "### Ours\n\nAsk us."},
        "has_logo": False,
        "version": 1,
    }
    assert "Evergreen Spine &amp; Joint" in httpx.get(address).text
    assert api.put("/branding", json=BRAND, headers={"If-Match": '"0"'}).json()["code"] == "version_mismatch"

    with process.work() as work:
        branding.save_logo(work, png(200, 100), version=1, actor=ACTOR, now=NOW)
    plain = api.put("/branding", json={}, headers={"If-Match": "*"}).json()
    assert plain == NOTHING | {"has_logo": True, "version": 3} == api.get("/branding").json()
    assert "Evergreen" not in httpx.get(address).text


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"phone": "call us"}, "phone"),
        ({"accent": "#ffff00"}, "accent"),
        ({"standing_notice": {"de": "Hallo"}}, None),
        ({"standing_notice": {"es": "x" * 501}}, None),
        ({"logo": ""}, None),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    api: httpx.Client, facts: dict[str, object], field: str | None
) -> None:
    refused = api.put("/branding", json=BRAND | facts, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json().get("field")) == (422, field)
    assert api.get("/branding").json() == NOTHING
