"""The programme as visitors see it: what is offered, when, and whether there are seats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from webinars.documents.calendars import session_file, session_uid
from webinars.documents.mails import shown_title
from webinars.documents.texts import domain_of, mail_address
from webinars.phrases import Phrase
from webinars.queries import programme as programme_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries.programme import ComingRow
from webinars.queries.sessions import Scheduled
from webinars.rules.availability import Availability, availability
from webinars.services import branding, catalogue, sessions, webinars
from webinars.services.catalogue import Area
from webinars.services.links import public_link
from webinars.services.webinars import Offer
from webinars.settings import Settings
from webinars.tables import Presenter, Topic, Webinar, WebinarSession
from webinars.terms import SessionStatus
from webinars.translations import words_of
from webinars.work import ReadWork

_MOST = 200
_READ_FOR_ONE = 5
"""How many sessions are read for each that is to be shown: some have free seats that others wait for."""
IN_THE_MAIL = Phrase("Your personal link to join is in the e-mail you get from us.")
"""What calendar entries say that anybody may have made: they hold no secret."""


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session with its offer, as somebody may choose it."""

    session: WebinarSession
    offer: Offer
    availability: Availability

    @property
    def seats_left(self) -> int:
        return max(0, self.session.capacity - self.session.seats_taken)


@dataclass(frozen=True, slots=True)
class ListedOffer:
    """A webinar with its next session, if there is one, and how many follow."""

    offer: Offer
    following: ListedSession | None
    more: int


@dataclass(frozen=True, slots=True)
class TopicPage:
    """All about one area."""

    area: Area
    offers: Sequence[ListedOffer]


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """A page for everybody, and when it last changed, where that is known."""

    path: str
    changed_at: datetime | None = None


def list_offers(work: ReadWork, now: datetime, *, topic: str | None = None) -> list[ListedOffer]:
    """Webinars by their next session; those without one come last.

    Raises:
        NotFound: if there is no such topic.
    """
    offers = webinars.list_webinars(work, topic=topic)
    coming: dict[UUID, list[Scheduled]] = defaultdict(list)
    for item in sessions.list_sessions(work, topic=topic, starts_from=now, limit=_MOST).items:
        if item.session.status is SessionStatus.scheduled:
            coming[item.webinar.id].append(item)
    listed = [_listed_offer(offer, coming[offer.webinar.id], now) for offer in offers]
    dated = [item for item in listed if item.following is not None]
    dated.sort(key=lambda item: item.following.session.starts_at if item.following else now)
    return dated + [item for item in listed if item.following is None]


def list_general_offers(work: ReadWork, now: datetime) -> list[ListedOffer]:
    """Webinars that are about no area in particular: for whoever is not sure."""
    return [item for item in list_offers(work, now) if not item.offer.topics]


def get_topic_page(work: ReadWork, slug: str, now: datetime) -> TopicPage:
    """An area with its webinars; a condition leads to the area it belongs to.

    Raises:
        NotFound: if there is no such topic.
    """
    topic = catalogue.get_topic(work, slug)
    areas = catalogue.list_areas(work)
    area = next(area for area in areas if area.topic.id in {topic.id, topic.parent_id})
    return TopicPage(area, list_offers(work, now, topic=area.topic.slug))


def get_presenter_page(work: ReadWork, slug: str, now: datetime) -> tuple[Presenter, list[ListedOffer]]:
    """A presenter with their published webinars.

    Raises:
        NotFound: if there is no such presenter.
    """
    presenter = catalogue.get_presenter(work, slug)
    theirs = [item for item in list_offers(work, now) if presenter.id in {one.id for one in item.offer.presenters}]
    return presenter, theirs


def list_addresses(work: ReadWork) -> list[PublicAddress]:
    """All pages that search engines should know: home, areas, published webinars, who presents them."""
    offers = webinars.list_webinars(work)
    presenters = {presenter.id: presenter for offer in offers for presenter in offer.presenters}
    return [
        PublicAddress("/"),
        PublicAddress("/topics/not-sure"),
        PublicAddress("/privacy"),
        *(PublicAddress(f"/topics/{area.topic.slug}") for area in catalogue.list_areas(work)),
        *(PublicAddress(f"/webinars/{offer.webinar.slug}", offer.webinar.updated_at) for offer in offers),
        *(PublicAddress(f"/presenters/{item.slug}", item.updated_at) for item in presenters.values()),
    ]


def list_sessions_of(work: ReadWork, slug: str, now: datetime) -> tuple[Offer, list[ListedSession]]:
    """A webinar and its sessions to come, cancelled ones too, so that nobody wonders where one went.

    Raises:
        NotFound: if there is no such webinar, or none that the public may see.
    """
    offer = webinars.get_webinar(work, slug)
    coming = sessions.list_sessions(work, webinar=slug, starts_from=now, limit=_MOST).items
    return offer, [_listed(item, offer, now) for item in coming]


def get_listed(work: ReadWork, session_id: UUID, now: datetime) -> ListedSession:
    """A session that the public may see.

    Raises:
        NotFound: if there is none.
    """
    item = sessions.get_session(work, session_id)
    return _listed(item, webinars.offers_of(work, [item.webinar])[item.webinar.id], now)


def list_other_sessions(
    work: ReadWork, listed: ListedSession, now: datetime, *, with_seats: bool = False
) -> list[ListedSession]:
    """Sessions of the same webinar that still take registrations; or only those with free seats."""
    _, coming = list_sessions_of(work, listed.offer.webinar.slug, now)
    return [
        other
        for other in coming
        if other.session.id != listed.session.id
        and other.availability.takes_registrations
        and not (with_seats and other.availability is Availability.waitlist)
    ]


def areas_of(work: ReadWork, webinar: Webinar) -> list[Area]:
    """The areas that a webinar is about, or is about a condition of."""
    own = {topic.id for topic in webinars.offers_of(work, [webinar])[webinar.id].topics}
    return [
        area
        for area in catalogue.list_areas(work)
        if not own.isdisjoint({area.topic.id, *(condition.id for condition in area.conditions)})
    ]


def list_related(
    work: ReadWork, webinar: Webinar, areas: Sequence[Area], now: datetime, *, most: int
) -> list[ListedSession]:
    """The next sessions of a webinar, and of others in these areas, that still take registrations. Everybody asks for
    them when a session ends, so little more is read than is shown."""
    topic_ids = [topic.id for area in areas for topic in (area.topic, *area.conditions)]
    read = sessions_queries.list_related(work.db, webinar.id, topic_ids, now, limit=_READ_FOR_ONE * most)
    open_ones = [item for item in read if standing_of(item.session, now).takes_registrations][:most]
    offers = webinars.offers_of(work, list({item.webinar.id: item.webinar for item in open_ones}.values()))
    return [_listed(item, offers[item.webinar.id], now) for item in open_ones]


def conditions_of(work: ReadWork, offer: Offer) -> list[Area]:
    """What a webinar covers: its areas with their conditions, or the conditions it names itself."""
    own = {topic.id for topic in offer.topics}
    found = []
    for area in catalogue.list_areas(work):
        named: list[Topic] = [condition for condition in area.conditions if condition.id in own]
        if area.topic.id in own or named:
            found.append(Area(area.topic, named or area.conditions))
    return found


def calendar_file(settings: Settings, listed: ListedSession, language: str) -> bytes:
    """A session as a calendar file that names neither its subject nor a registrant."""
    session = listed.session
    return session_file(
        uid=session_uid(session.id, domain_of(mail_address(settings.mail_from))),
        sequence=session.schedule_version + session.details_version,
        updated_at=session.updated_at,
        created_at=session.created_at,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=shown_title(listed.offer.webinar.public_title, language),
        organizer_name=settings.sender_name,
        organizer_email=settings.mail_from,
        description=words_of(language).say(IN_THE_MAIL),
        url=public_link(settings, f"/sessions/{session.id}/register", language),
        cancelled=session.status is SessionStatus.cancelled,
    )


def appearance(work: ReadWork, now: datetime) -> tuple[Any, ...]:
    """What differs whenever a public page would: hosts' changes, the sessions that are to come, and how each stands.
    Exact numbers of seats are not in it, for pages show none.
    """
    coming = (
        (row.id, row.version, row.schedule_version, row.details_version, row.updated_at, standing_of(row, now))
        for row in programme_queries.list_coming(work.db, now)
    )
    return (branding.look(work).version, programme_queries.catalogue_mark(work.db), *coming)


def _listed_offer(offer: Offer, coming: Sequence[Scheduled], now: datetime) -> ListedOffer:
    following = _listed(coming[0], offer, now) if coming else None
    return ListedOffer(offer, following, max(0, len(coming) - 1))


def _listed(item: Scheduled, offer: Offer, now: datetime) -> ListedSession:
    return ListedSession(item.session, offer, standing_of(item.session, now))


def standing_of(session: WebinarSession | ComingRow, now: datetime) -> Availability:
    """How a session stands for somebody who is not registered."""
    return availability(
        session.status,
        session.starts_at,
        session.ends_at,
        capacity=session.capacity,
        seats_taken=session.seats_taken,
        waitlisted=session.waitlisted,
        waitlist_open=session.waitlist_open,
        opens_at=session.registration_opens_at,
        closes_at=session.registration_closes_at,
        now=now,
    )
