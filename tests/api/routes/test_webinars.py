from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Caller
from tests.factories import Factory
from webinars.terms import PublicationStatus, Scope

OPTIONS = {"slug": "knee-options", "title": "Knee pain: options", "topics": ["knee"], "presenters": ["maria"]}


@pytest.fixture(autouse=True)
def parts(factory: Factory) -> None:
    factory.topic("knee")
    factory.topic("acl", "ACL tear", parent="knee")
    factory.presenter("maria")
    factory.presenter("theo", "Theo Lindqvist")


def test_a_webinar_is_a_draft_until_it_is_published(api: httpx.Client, public: httpx.Client) -> None:
    made = api.post("/webinars", json=OPTIONS)
    detail = made.json()
    assert (made.status_code, made.headers["etag"], detail["status"]) == (201, '"1"', "draft")
    assert public.get("/webinars").json()["items"] == []
    assert public.get("/webinars/knee-options").status_code == 404
    assert api.get("/webinars").json() == {"items": [detail], "next": None, "limit": 200}
    assert api.get("/webinars/knee-options").json() == detail

    published = api.patch("/webinars/knee-options", json={"status": "published"}, headers={"If-Match": '"1"'})
    assert published.json() == detail | {"status": "published", "version": 2}
    shown = public.get("/webinars/knee-options")
    only_hosts = {
        "public_title",
        "frees_declined_seats",
        "replay_url",
        "packet_url",
        "version",
        "created_at",
        "updated_at",
    }
    assert shown.json() == {name: value for name, value in published.json().items() if name not in only_hosts}
    assert shown.headers["etag"] == '"2"'
    assert public.get("/webinars").json()["items"] == [shown.json()]


def test_a_token_without_the_scope_sees_what_the_public_sees(caller: Caller, factory: Factory) -> None:
    factory.webinar("shown")
    factory.webinar("hidden", status=PublicationStatus.draft)
    other = caller(*(scope for scope in Scope if scope is not Scope.catalogue_write))
    assert [item["slug"] for item in other.get("/webinars").json()["items"]] == ["shown"]
    control = caller(Scope.catalogue_write)
    assert [item["slug"] for item in control.get("/webinars").json()["items"]] == ["hidden", "shown"]


def test_topics_and_presenters_are_replaced_only_where_named(api: httpx.Client) -> None:
    api.post("/webinars", json=OPTIONS)

    def change(**body: object) -> tuple[list[str], list[str]]:
        answer = api.patch("/webinars/knee-options", json=body, headers={"If-Match": "*"}).json()
        return answer["topics"], answer["presenters"]

    assert change(presenters=["theo", "maria"]) == (["knee"], ["theo", "maria"])
    assert change(topics=[]) == ([], ["theo", "maria"])
    assert change(title="Knees") == ([], ["theo", "maria"])


def test_a_topic_finds_the_webinars_of_its_conditions(public: httpx.Client, factory: Factory) -> None:
    factory.webinar("about-knees", topics=("knee",))
    factory.webinar("about-acl", topics=("acl",))
    factory.webinar("about-hips")

    def about(topic: str) -> list[str]:
        return [item["slug"] for item in public.get("/webinars", params={"topic": topic}).json()["items"]]

    assert about("knee") == ["about-acl", "about-knees"]
    assert about("acl") == ["about-acl"]
    assert public.get("/webinars", params={"topic": "nothing"}).status_code == 404


def test_what_is_not_known_cannot_be_named(api: httpx.Client) -> None:
    refused = api.post("/webinars", json=OPTIONS | {"presenters": ["nobody"]})
    assert (refused.status_code, refused.json()["field"]) == (422, "presenters")
    assert api.get("/webinars").json()["items"] == []


def test_a_replay_is_https(api: httpx.Client) -> None:
    for url in ("http://video.example/1", "javascript:alert(1)", "https://", "https://a@b.example"):
        assert api.post("/webinars", json=OPTIONS | {"replay_url": url}).json()["code"] == "invalid_request"
    assert api.post("/webinars", json=OPTIONS | {"replay_url": "https://b.example/1"}).status_code == 201


def test_a_packet_is_an_address_that_a_mail_can_hold(api: httpx.Client) -> None:
    for url in (
        "http://a.example/1",
        "https://a.example/ü",
        "https://a.example/a b",
        "https://a@b.example/",
        "https://",
    ):
        assert api.post("/webinars", json=OPTIONS | {"packet_url": url}).json()["code"] == "invalid_request", url
    packet = {"packet_url": "https://b.example/packet-1.pdf?v=2"}
    assert api.post("/webinars", json=OPTIONS | packet).json()["packet_url"] == packet["packet_url"]


def test_a_webinar_with_sessions_is_archived_not_deleted(api: httpx.Client, factory: Factory) -> None:
    factory.session(factory.webinar("with-session"))
    factory.webinar("without")
    assert api.delete("/webinars/with-session").status_code == 422
    assert api.delete("/webinars/without").status_code == 204
    assert [item["slug"] for item in api.get("/webinars").json()["items"]] == ["with-session"]
