"""Calendars to subscribe to: who finds what in them, and when their bytes change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.factories import ACTOR, Factory
from webinars.errors import LinkInvalid, NotFound
from webinars.queries import feeds as feeds_queries
from webinars.queries import hosts as hosts_queries
from webinars.rules.registrations import same_person
from webinars.services import catalogue, erasure, feeds, registrations, sessions, webinars
from webinars.services.feeds import Feed, Feeds
from webinars.tables import Host, Registration
from webinars.terms import LinkPurpose, PublicationStatus
from webinars.testing import SetClock
from webinars.work import Process

Read = Callable[..., Feed]


@pytest.fixture
def shelf() -> Feeds:
    return Feeds()


@pytest.fixture
def public(process: Process, shelf: Feeds) -> Read:
    def read(topic: str | None = None) -> Feed:
        with process.read() as work:
            return shelf.public(work, process.clock.now(), topic=topic)

    return read


@pytest.fixture
def own(process: Process, shelf: Feeds) -> Read:
    def read(registration: Registration) -> Feed:
        with process.read() as work:
            token = feeds.own_address(work, registration).rpartition("/")[2].removesuffix(".ics")
            return shelf.own(work, token, process.clock.now())

    return read


def summaries(feed: Feed) -> list[str]:
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(feed.body).walk("VEVENT")]


def events(feed: Feed) -> dict[str, Any]:
    return {str(event["UID"]): event for event in Calendar.from_ical(feed.body).walk("VEVENT")}


def change(process: Process, session_id: Any, **changes: Any) -> None:
    with process.work() as work:
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=process.clock.now())


def test_the_public_feed_has_every_published_session_by_start(factory: Factory, public: Read) -> None:
    knee = factory.webinar("knee", title="Knee pain")
    factory.session(knee, starts_in=timedelta(days=9))
    factory.session(factory.webinar("hip", title="Hip pain"), starts_in=timedelta(days=3))
    factory.session(factory.webinar("secret", title="Secret", status=PublicationStatus.draft))
    assert summaries(public()) == ["Hip pain", "Knee pain"]


def test_a_topics_feed_has_the_conditions_under_it(factory: Factory, public: Read) -> None:
    factory.topic("knee", "Knee")
    factory.topic("meniscus", "Torn meniscus", parent="knee")
    factory.topic("hip", "Hip")
    factory.session(factory.webinar("a", title="Meniscus", topics=("meniscus",)))
    factory.session(factory.webinar("b", title="Hips", topics=("hip",)))
    assert summaries(public("knee")) == summaries(public("meniscus")) == ["Meniscus"]
    assert "X-WR-CALNAME:Example Joint & Spine Clinics: Knee" in public("knee").body.decode()
    with pytest.raises(NotFound):
        public("nothing")


def test_nothing_changed_is_the_same_bytes_even_for_another_process(factory: Factory, process: Process) -> None:
    for days in range(3, 8):
        factory.session(starts_in=timedelta(days=days))
    factory.process.clock.advance(timedelta(hours=5))  # type: ignore[attr-defined]
    with process.read() as work:
        first, second = (Feeds().public(work, process.clock.now()) for _ in range(2))
    assert first == second


def test_nothing_changed_is_answered_without_reading_the_sessions(
    factory: Factory, public: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = factory.session()
    first = public()
    monkeypatch.setattr(feeds_queries, "list_rows", lambda *_, **__: pytest.fail("read again"))
    factory.registration(item.session.id)  # seats are no part of a feed
    assert public() is first


def test_every_change_that_shows_is_another_feed(
    factory: Factory, process: Process, public: Read, clock: SetClock
) -> None:
    """The clock stands still in between: the newest moment alone would miss some of these."""
    factory.topic("knee", "Knee")
    slug = factory.webinar("knee-pain", title="Knee pain", topics=("knee",))
    item = factory.session(slug)
    now = process.clock.now()

    def rename(work: Any) -> None:
        webinars.update_webinar(
            work, slug, {"title": "Knees"}, topics=None, presenters=None, version=None, actor=ACTOR, now=now
        )

    def untie(work: Any) -> None:
        webinars.update_webinar(work, slug, {}, topics=[], presenters=None, version=None, actor=ACTOR, now=now)

    deeds: list[Callable[[Any], object]] = [
        lambda _: factory.session(slug, starts_in=timedelta(days=9)),
        rename,
        lambda work: sessions.update_session(
            work, item.session.id, {"duration_minutes": 30}, version=None, actor=ACTOR, now=now
        ),
        lambda work: sessions.cancel_session(work, item.session.id, version=None, actor=ACTOR, now=now),
        lambda work: catalogue.update_topic(work, "knee", {"name": "The knee"}, version=None, actor=ACTOR, now=now),
        untie,
    ]
    seen = [public("knee").etag]
    for number, deed in enumerate(deeds):
        if number == 0:
            deed(None)
        else:
            with process.work() as work:
                deed(work)
        seen.append(public("knee").etag)
    assert len(set(seen)) == len(seen)
    before = public().etag
    clock.advance(timedelta(days=38))
    assert public().etag != before, "what is long over has left the feed"


def test_what_was_cancelled_stays_for_thirty_days_and_says_so(
    factory: Factory, process: Process, public: Read, clock: SetClock
) -> None:
    item = factory.session(factory.webinar("knee", title="Knee pain"))
    with process.work() as work:
        sessions.cancel_session(work, item.session.id, version=None, actor=ACTOR, now=process.clock.now())
    (event,) = events(public()).values()
    assert (event["SUMMARY"], event["STATUS"], event["SEQUENCE"]) == ("Cancelled: Knee pain", "CANCELLED", 1)
    clock.set(item.session.starts_at + timedelta(days=30))
    assert len(events(public())) == 1
    clock.advance(timedelta(seconds=1))
    assert not events(public())


def test_ones_own_feed_has_all_ones_seats_and_names_no_subject(factory: Factory, own: Read) -> None:
    mine = factory.session(factory.webinar("knee", title="Knee pain", public_title="Your webinar"))
    also = factory.session(starts_in=timedelta(days=3))
    factory.session(starts_in=timedelta(days=4))
    full = factory.session(capacity=1)
    factory.registration(full.session.id, "other@mail.example")
    registered = factory.registration(mine.session.id, "ana@mail.example").registration
    factory.registration(also.session.id, "Ana@mail.example")
    factory.registration(full.session.id, "ana@mail.example")  # on the waitlist: no seat, no entry
    factory.registration(mine.session.id, "bo@mail.example")
    feed = own(registered)
    assert [uid[4:40] for uid in events(feed)] == [str(also.session.id), str(mine.session.id)]
    assert set(summaries(feed)) == {"Your webinar"}
    assert b"Knee" not in feed.body
    assert b"ATTENDEE" not in feed.body
    assert b"@mail.example" not in feed.body


def test_ones_own_feed_has_the_link_to_join_but_none_to_cancel(factory: Factory, process: Process, own: Read) -> None:
    registered = factory.registration(factory.session().session.id).registration
    (event,) = events(own(registered)).values()
    token = process.vault.link_token(LinkPurpose.enter, registered.id, registered.link_version)
    assert event["URL"] == f"{process.settings.base_url}/j/{token}"
    assert "/m/" not in str(event["DESCRIPTION"])


def test_who_leaves_or_is_erased_leaves_the_feed(factory: Factory, process: Process, own: Read) -> None:
    one, two = (factory.session(starts_in=timedelta(days=days)) for days in (3, 4))
    first = factory.registration(one.session.id, "ana@mail.example").registration
    second = factory.registration(two.session.id, "ana@mail.example").registration
    now = process.clock.now()
    with process.work() as work:
        registrations.withdraw(work, first.id, now)
    assert [uid[4:40] for uid in events(own(second))] == [str(two.session.id)]
    with process.work() as work:
        erasure.erase(work, second.id, actor=ACTOR, now=now)
    with pytest.raises(LinkInvalid):
        own(second)
    assert not events(own(first))


def test_ones_own_feed_ends_thirty_days_after_the_last_session(factory: Factory, own: Read, clock: SetClock) -> None:
    early, late = (factory.session(starts_in=timedelta(days=days)) for days in (3, 60))
    registered = factory.registration(early.session.id, "ana@mail.example").registration
    factory.registration(late.session.id, "ana@mail.example")
    clock.set(early.session.ends_at + timedelta(days=40))
    assert len(events(own(registered))) == 1, "the address goes on for the later session"
    clock.set(late.session.ends_at + timedelta(days=30, seconds=1))
    with pytest.raises(LinkInvalid):
        own(registered)


def test_a_link_for_something_else_opens_no_feed(factory: Factory, process: Process, shelf: Feeds) -> None:
    registered = factory.registration(factory.session().session.id).registration
    token = process.vault.link_token(LinkPurpose.manage, registered.id, registered.link_version)
    with process.read() as work, pytest.raises(LinkInvalid):
        shelf.own(work, token, process.clock.now())


def test_a_host_sees_all_but_drafts_until_the_address_is_renewed(
    factory: Factory, process: Process, shelf: Feeds
) -> None:
    factory.session(factory.webinar("knee", title="Knee pain", status=PublicationStatus.draft))
    factory.host("host@clinic.example")
    now = process.clock.now()

    def read(token: str) -> Feed:
        with process.read() as work:
            return shelf.of_hosts(work, token, now)

    def token_now() -> str:
        with process.read() as work:
            return feeds.host_address(work, host.id).rpartition("/")[2].removesuffix(".ics")

    with process.read() as work:
        found = hosts_queries.find_host(work.db, process.vault.index("email", same_person("host@clinic.example")))
    assert found is not None
    host = found
    old = token_now()
    assert summaries(read(old)) == ["Knee pain"]
    with process.work() as work:
        feeds.renew_host_address(work, host.id, actor=ACTOR, now=now)
    with pytest.raises(LinkInvalid):
        read(old)
    assert summaries(read(token_now())) == ["Knee pain"]
    with process.work() as work:
        _disable(work.db.get(Host, host.id))
    with pytest.raises(LinkInvalid):
        read(token_now())


def _disable(host: Host | None) -> None:
    assert host is not None
    host.is_disabled = True
