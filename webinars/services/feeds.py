"""Calendars to subscribe to: the clinic's, one topic's, a registrant's own sessions, and the hosts'.

Programs ask for them again and again, and mostly nothing has changed: then one statement answers. A feed is never the
way to say that something moved today, for Google may come by twice a day: that is what mail is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from webinars.documents.calendars import session_uid
from webinars.documents.feeds import FeedEvent, feed_file
from webinars.documents.texts import domain_of, mail_address
from webinars.errors import LinkInvalid, NotFound
from webinars.queries import catalogue as catalogue_queries
from webinars.queries import feeds as feeds_queries
from webinars.queries import hosts as hosts_queries
from webinars.queries import registrations as registrations_queries
from webinars.queries.feeds import FeedRow, OwnRow
from webinars.services import audit
from webinars.services.branding import brand_of
from webinars.services.links import VALID_AFTER_SESSION
from webinars.settings import Settings
from webinars.tables import Host, Registration
from webinars.terms import LinkPurpose, SessionStatus
from webinars.work import ReadWork, Work

KEPT_FOR = timedelta(days=30)
"""How long after its start a session stays in a feed, cancelled ones too: dropped at once, some programs keep them."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_WORDS = "This link is yours alone. Please do not pass it on."


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar file, and how a reader knows it again."""

    body: bytes
    etag: str
    """Of these very bytes, quoted as HTTP wants it."""
    modified_at: datetime


@dataclass(slots=True)
class Feeds:
    """The feeds of one process. What many people read is kept until something changes."""

    _kept: dict[str, tuple[tuple[Any, ...], Feed]] = field(default_factory=dict)

    def public(self, work: ReadWork, now: datetime, *, topic: str | None = None) -> Feed:
        """All published sessions; or those about a topic, and for an area about the conditions under it.

        Raises:
            NotFound: if there is no such topic.
        """
        settings, since = work.settings, now - KEPT_FOR
        topic_ids = catalogue_queries.topic_ids_within(work.db, topic) if topic else None
        name = brand_of(work).name
        if topic:
            name = f"{name}: {catalogue_queries.get_topic(work.db, topic).name}"
        path = f"topics/{topic}.ics" if topic else "all.ics"

        def make() -> Feed:
            rows = feeds_queries.list_rows(work.db, since, public_only=True, topic_ids=topic_ids)
            events = [_public_event(settings, row) for row in rows]
            return _feed(name, events, rows, source_url=f"{settings.base_url}/calendar/{path}")

        seen = feeds_queries.fingerprint(work.db, since, public_only=True, topic_ids=topic_ids)
        return self._known(path, (name, *seen), make)

    def of_hosts(self, work: ReadWork, token: str, now: datetime) -> Feed:
        """All sessions but drafts, for a host's own calendar.

        Raises:
            LinkInvalid: if the address was not made here, was renewed, or its host's account is closed.
        """
        _check_host(work, token)
        settings, since = work.settings, now - KEPT_FOR

        def make() -> Feed:
            rows = feeds_queries.list_rows(work.db, since, public_only=False)
            return _feed("Webinars", [_host_event(settings, row) for row in rows], rows)

        return self._known("hosts", feeds_queries.fingerprint(work.db, since, public_only=False), make)

    def own(self, work: ReadWork, token: str, now: datetime) -> Feed:
        """A registrant's sessions, with their links to join. Nothing in it names a subject.

        Raises:
            LinkInvalid: if the address was not made here, was revoked, or the person's last session is 30 days over.
        """
        registration = _registration(work, token)
        last_end = feeds_queries.last_end(work.db, registration.email_index)
        if last_end is None or now > last_end + VALID_AFTER_SESSION:
            raise LinkInvalid
        rows = feeds_queries.list_own(work.db, registration.email_index, now - KEPT_FOR)
        return _feed("My webinars", [_own_event(work, row) for row in rows], rows)

    def _known(self, key: str, seen: tuple[Any, ...], make: Callable[[], Feed]) -> Feed:
        kept = self._kept.get(key)
        if kept is not None and kept[0] == seen:
            return kept[1]
        feed = make()
        self._kept[key] = (seen, feed)
        return feed


def own_address(work: ReadWork, registration: Registration) -> str:
    """Where a registrant's own feed is: whoever knows the address may read it."""
    token = work.vault.link_token(LinkPurpose.feed, registration.id, registration.link_version)
    return f"{work.settings.base_url}/calendar/my/{token}.ics"


def host_address(work: ReadWork, host_id: UUID) -> str:
    """Where a host's feed is: whoever knows the address may read it.

    Raises:
        NotFound: if there is no such host.
    """
    host = hosts_queries.get_host(work.db, host_id)
    token = work.vault.link_token(LinkPurpose.host_feed, host.id, host.feed_version)
    return f"{work.settings.base_url}/calendar/host/{token}.ics"


def renew_host_address(work: Work, host_id: UUID, *, actor: str, now: datetime) -> None:
    """Give a host's feed a new address; the old one ends at once.

    Raises:
        NotFound: if there is no such host.
    """
    host = hosts_queries.get_host(work.db, host_id)
    host.feed_version += 1
    audit.note(work, actor, "host.renew_feed", now, subject_id=host.id)


def _check_host(work: ReadWork, token: str) -> Host:
    try:
        host = hosts_queries.get_host(work.db, work.vault.read_link(token))
    except NotFound:
        raise LinkInvalid from None
    work.vault.check_link(LinkPurpose.host_feed, token, host.feed_version)
    if host.is_disabled:
        raise LinkInvalid
    return host


def _registration(work: ReadWork, token: str) -> Registration:
    try:
        registration = registrations_queries.get_registration(work.db, work.vault.read_link(token))
    except NotFound:
        raise LinkInvalid from None
    work.vault.check_link(LinkPurpose.feed, token, registration.link_version)
    return registration


def _feed(name: str, events: list[FeedEvent], rows: list[FeedRow] | list[OwnRow], **options: str) -> Feed:
    body = feed_file(name, events, **options)
    changes = [max(row.updated_at, row.webinar_updated_at) for row in rows]
    return Feed(body, f'"{sha256(body).hexdigest()[:32]}"', max(changes, default=_BEGINNING))


def _public_event(settings: Settings, row: FeedRow) -> FeedEvent:
    """What the clinic offers is no secret: it has its title."""
    url = f"{settings.base_url}/sessions/{row.session_id}/register"
    return _event(settings, row, summary=row.title, description=f"Register: {url}", url=url)


def _host_event(settings: Settings, row: FeedRow) -> FeedEvent:
    url = f"{settings.base_url}/console/sessions/{row.session_id}"
    return _event(settings, row, summary=row.title, description=f"Console: {url}", url=url)


def _own_event(work: ReadWork, row: OwnRow) -> FeedEvent:
    token = work.vault.link_token(LinkPurpose.enter, row.registration_id, row.link_version)
    url = f"{work.settings.base_url}/j/{token}"
    return _event(
        work.settings,
        row,
        summary=row.public_title,
        description=f"Join: {url}\n{_OWN_WORDS}",
        url=url,
        revision=row.revision,
        updated_at=row.registration_updated_at,
        is_private=True,
    )


def _event(
    settings: Settings,
    row: FeedRow,
    *,
    summary: str,
    description: str,
    url: str,
    revision: int = 0,
    updated_at: datetime = _BEGINNING,
    is_private: bool = False,
) -> FeedEvent:
    return FeedEvent(
        uid=session_uid(row.session_id, domain_of(mail_address(settings.mail_from))),
        sequence=row.sequence + revision,
        updated_at=max(row.updated_at, row.webinar_updated_at, updated_at),
        created_at=row.created_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=summary,
        description=description,
        url=url,
        organizer_name=settings.sender_name,
        organizer_email=settings.mail_from,
        is_private=is_private,
        is_cancelled=row.status is SessionStatus.cancelled,
    )
