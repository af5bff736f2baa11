"""Frames for other sites: who may show them, and what is in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.conftest import make_settings
from tests.factories import Factory
from webinars.terms import PublicationStatus
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process


@pytest.fixture
def knee(make: Factory) -> Factory:
    make.topic()
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.webinar("knee-options", topics=("knee",))
    return make


def test_a_frame_shows_dates_whose_links_say_where_they_stood(visitor: Visitor, knee: Factory) -> None:
    item = knee.session("knee-options")
    full = knee.session("knee-options", capacity=1, waitlist_open=False)
    knee.registration(full.session.id)
    page = visitor.get("/embed/webinars/knee-options?src=blog&page=https://blog.example/knees?who=ana")
    assert f'href="/sessions/{item.session.id}/register?src=blog&amp;page=https://blog.example/knees"' in page.text
    assert f"/sessions/{full.session.id}/register" not in page.text
    assert "who=" not in page.text
    assert '<base target="_top">' in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("path", ["/embed/topics/knee", "/embed/topics/knee-1"])
def test_an_area_as_a_frame(visitor: Visitor, knee: Factory, path: str) -> None:
    assert "No date yet" in visitor.get(path).text
    knee.session("knee-options")
    page = visitor.get(f"{path}?src=blog").text
    assert 'href="/webinars/knee-options?src=blog"' in page
    assert 'href="/topics/knee?src=blog"' in page


def test_what_is_not_public_is_in_no_frame(visitor: Visitor, knee: Factory) -> None:
    knee.webinar("hidden", status=PublicationStatus.draft)
    assert visitor.get("/embed/webinars/hidden").status_code == 404
    assert visitor.get("/embed/topics/nothing").status_code == 404


def test_only_these_pages_can_be_framed_and_only_by_named_sites(
    sqlite_url: str, tmp_path: Path, clock: SetClock, serve: Callable[[Process], str]
) -> None:
    settings = make_settings(sqlite_url, tmp_path, embed_origins="https://a.example, https://*.b.example:8443")
    process = Process(settings, clock=clock, mail=MemoryMailer())
    Factory(process).webinar("knee-options")
    with httpx.Client(base_url=serve(process)) as client:
        policies = {
            path: client.get(path).headers["content-security-policy"]
            for path in ("/embed/webinars/knee-options", "/", "/webinars/knee-options", "/console/sign-in", "/nowhere")
        }
    framed = policies.pop("/embed/webinars/knee-options")
    assert "frame-ancestors 'self' https://a.example https://*.b.example:8443" in framed
    assert "frame-ancestors 'none'" not in framed
    assert all("frame-ancestors 'none'" in policy for policy in policies.values())
    process.close()


def test_the_script_may_be_used_by_other_sites_and_is_not_kept_for_long(visitor: Visitor) -> None:
    answer = visitor.get("/embed.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=3600"
