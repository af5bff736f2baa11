"""Personal links: one registration, one purpose, until 30 days after the session."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from webinars.errors import LinkInvalid, RegistrationErased
from webinars.services import erasure
from webinars.services.links import link, message_token, open_link, open_own, open_posted, public_link
from webinars.services.registering import Registered
from webinars.tables import Message, Registration
from webinars.terms import LinkPurpose
from webinars.work import Process

OWN_PAGES = (LinkPurpose.manage, LinkPurpose.enter)


@pytest.fixture
def registered(factory: Factory) -> Registered:
    return factory.registration(factory.session().session.id)


def token(process: Process, registered: Registered, purpose: LinkPurpose) -> str:
    return link(process.settings, process.vault, purpose, registered.registration).rpartition("/")[2]


def test_a_link_leads_to_its_page(process: Process, registered: Registered) -> None:
    urls = [link(process.settings, process.vault, purpose, registered.registration) for purpose in OWN_PAGES]
    assert [url.rpartition("/")[0] for url in urls] == ["http://127.0.0.1:8000/m", "http://127.0.0.1:8000/j"]
    assert all(registered.registration.id.hex not in url for url in urls)


@pytest.mark.parametrize(("locale", "end"), [("es-MX", "/?lang=es"), ("en-US", "/"), ("fr", "/"), ("", "/")])
def test_a_public_page_is_linked_to_in_the_readers_language(process: Process, locale: str, end: str) -> None:
    assert public_link(process.settings, "/", locale) == f"http://127.0.0.1:8000{end}"


@pytest.mark.parametrize("purpose", OWN_PAGES)
def test_a_link_opens_its_registration_for_its_purpose_alone(
    process: Process, registered: Registered, purpose: LinkPurpose
) -> None:
    own = token(process, registered, purpose)
    with process.read() as work:
        found, item = open_link(work, purpose, own, NOW)
    assert (found.id, item.session.id) == (registered.registration.id, found.session_id)
    for other in set(LinkPurpose) - {purpose}:
        with pytest.raises(LinkInvalid), process.read() as work:
            open_link(work, other, own, NOW)


def test_a_mails_token_speaks_for_that_mail_and_purpose_alone(process: Process, registered: Registered) -> None:
    with process.read() as work:
        message = work.db.scalars(sa.select(Message)).one()
        own = message_token(process.vault, LinkPurpose.bounce, message.id, 0)
        posted = open_posted(work, LinkPurpose.bounce, own)
        assert (posted.message_id, posted.registration_id) == (message.id, registered.registration.id)
    wrong = [
        (LinkPurpose.unsubscribe, own),
        (LinkPurpose.bounce, message_token(process.vault, LinkPurpose.bounce, message.id, 1)),
        (LinkPurpose.bounce, message_token(process.vault, LinkPurpose.bounce, registered.registration.id, 0)),
        (LinkPurpose.bounce, "x"),
    ]
    for purpose, attempt in wrong:
        with pytest.raises(LinkInvalid), process.read() as work:
            open_posted(work, purpose, attempt)


def test_a_link_ends_30_days_after_the_session(process: Process, registered: Registered) -> None:
    own, ends_at = token(process, registered, LinkPurpose.manage), registered.scheduled.session.ends_at
    with process.read() as work:
        open_link(work, LinkPurpose.manage, own, ends_at + timedelta(days=30))
    with pytest.raises(LinkInvalid), process.read() as work:
        open_link(work, LinkPurpose.manage, own, ends_at + timedelta(days=30, seconds=1))


def test_what_stands_in_a_calendar_opens_the_registration_and_says_that_it_does(
    process: Process, registered: Registered
) -> None:
    with process.read() as work:
        for purpose in (LinkPurpose.manage, LinkPurpose.change):
            found, _, opened_by = open_own(work, token(process, registered, purpose), NOW)
            assert (found.id, opened_by) == (registered.registration.id, purpose)
        with pytest.raises(LinkInvalid):
            open_own(work, token(process, registered, LinkPurpose.enter), NOW)
        with pytest.raises(LinkInvalid):
            open_link(work, LinkPurpose.manage, token(process, registered, LinkPurpose.change), NOW)


def test_a_revoked_link_and_one_of_nobody_open_nothing(process: Process, registered: Registered) -> None:
    own = token(process, registered, LinkPurpose.manage)
    with process.work() as work:
        work.db.execute(sa.update(Registration).values(link_version=1))
    with pytest.raises(LinkInvalid), process.read() as work:
        open_link(work, LinkPurpose.manage, own, NOW)
    with process.work() as work:
        work.db.execute(sa.text("DELETE FROM messages"))
        work.db.execute(sa.text("DELETE FROM registrations"))
    with pytest.raises(LinkInvalid), process.read() as work:
        open_link(work, LinkPurpose.manage, own, NOW)


def test_the_link_of_an_erased_person_says_so_and_others_open_nothing(
    process: Process, factory: Factory, registered: Registered
) -> None:
    mine, foreign = (token(process, registered, purpose) for purpose in OWN_PAGES)
    revoked = process.vault.link_token(LinkPurpose.manage, registered.registration.id, 7)
    with process.work() as work:
        erasure.erase(work, registered.registration.id, actor=ACTOR, now=NOW)
    with process.read() as work:
        with pytest.raises(RegistrationErased):
            open_link(work, LinkPurpose.manage, mine, NOW)
        for wrong in (foreign, revoked):
            with pytest.raises(LinkInvalid):
                open_link(work, LinkPurpose.manage, wrong, NOW)
