"""Personal links: a registrant's way in without an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from webinars.errors import LinkInvalid, NotFound, RegistrationErased
from webinars.queries import registrations as registrations_queries
from webinars.queries import sessions as sessions_queries
from webinars.queries import suppressions as suppressions_queries
from webinars.queries.messages import Addressee
from webinars.queries.registrations import Place
from webinars.queries.sessions import Scheduled
from webinars.queries.suppressions import Posted
from webinars.settings import Settings
from webinars.tables import Registration
from webinars.terms import LinkPurpose
from webinars.translations import in_language, language_of
from webinars.vault import Vault
from webinars.work import ReadWork

VALID_AFTER_SESSION = timedelta(days=30)
_PATHS = {LinkPurpose.manage: "m", LinkPurpose.change: "m", LinkPurpose.enter: "j"}


def link(settings: Settings, vault: Vault, purpose: LinkPurpose, registration: Registration | Place | Addressee) -> str:
    """The address that opens a registration for one purpose."""
    token = vault.link_token(purpose, registration.id, registration.link_version)
    return f"{settings.base_url}/{_PATHS[purpose]}/{token}"


def public_link(settings: Settings, path: str, locale: str) -> str:
    """The address of a page for everybody, in the language of whoever is given it."""
    return f"{settings.base_url}{in_language(path, language_of(locale))}"


def open_link(work: ReadWork, purpose: LinkPurpose, token: str, now: datetime) -> tuple[Registration, Scheduled]:
    """The registration behind a personal link, with its session.

    Raises:
        LinkInvalid: if the link was not made here, was revoked, or expired 30 days after the session.
        RegistrationErased: if it was good until the person was erased.
    """
    registration_id: UUID = work.vault.read_link(token)
    try:
        registration = registrations_queries.get_registration(work.db, registration_id)
    except NotFound:
        raise LinkInvalid from None
    if registration.erased_at is not None:
        work.vault.check_link(purpose, token, registration.link_version - 1)  # erasing ended the one before
        raise RegistrationErased
    work.vault.check_link(purpose, token, registration.link_version)
    item = sessions_queries.get_session(work.db, registration.session_id)
    if now > item.session.ends_at + VALID_AFTER_SESSION:
        raise LinkInvalid
    return registration, item


def open_own(work: ReadWork, token: str, now: datetime) -> tuple[Registration, Scheduled, LinkPurpose]:
    """The registration behind the link of a mail or of a calendar entry, with its session; and which of both it was.

    Raises:
        LinkInvalid, RegistrationErased: as above.
    """
    try:
        return *open_link(work, LinkPurpose.manage, token, now), LinkPurpose.manage
    except LinkInvalid:
        return *open_link(work, LinkPurpose.change, token, now), LinkPurpose.change


def message_token(vault: Vault, purpose: LinkPurpose, message_id: UUID, link_version: int) -> str:
    """The secret that speaks for one mail: of whatever comes back, and of the wish to get no more like it."""
    return vault.link_token(purpose, message_id, link_version)


def open_posted(work: ReadWork, purpose: LinkPurpose, token: str) -> Posted:
    """The mail that a token speaks for.

    Raises:
        LinkInvalid: if it was not made here, or its address was corrected since.
    """
    posted = suppressions_queries.find_posted(work.db, work.vault.read_link(token))
    if posted is None:
        raise LinkInvalid
    work.vault.check_link(purpose, token, posted.link_version)
    return posted
