"""What a registrant does on their own page: taking an offered seat, letting it go, undoing, changing the date."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from tests.api.pages.patients.conftest import Visitor
from tests.api.pages.patients.test_my_registration import PAGE, PathOf, opened
from tests.api.pages.patients.test_registering import rows
from tests.factories import ACTOR, Factory
from webinars.services import erasure, moves, registrations, sessions, waitlist
from webinars.services.registering import Registered
from webinars.tables import Message, Registration
from webinars.terms import LinkPurpose, MessageKind, RegistrationStatus
from webinars.testing import SetClock
from webinars.work import Process, Work

StateOf = Callable[[Registered], RegistrationStatus]


@pytest.fixture
def here(make: Factory) -> UUID:
    """A session with one seat."""
    make.webinar("knee-options")
    return make.session("knee-options", capacity=1).session.id


@pytest.fixture
def ana(make: Factory, here: UUID) -> Registered:
    """Somebody with that seat."""
    return make.registration(here, "ana@mail.example")


@pytest.fixture
def bert(make: Factory, here: UUID, ana: Registered) -> Registered:
    """Somebody who waits for it, far away."""
    return make.registration(here, "bert@mail.example", timezone="America/New_York")


@pytest.fixture
def manage(visitor: Visitor, path_of: PathOf) -> Callable[[Registered], str]:
    """Opens somebody's page; gives what it says."""
    return lambda registered: opened(visitor, path_of(LinkPurpose.manage, registered)).text


@pytest.fixture
def state_of(sqlite_process: Process) -> StateOf:
    def state(registered: Registered) -> RegistrationStatus:
        with sqlite_process.read() as work:
            return registrations.get_registration(work, registered.registration.id)[0].status

    return state


def deed(process: Process, verb: Callable[[Work], object]) -> None:
    with process.work() as work:
        verb(work)


def withdraw(make: Factory, registered: Registered) -> None:
    deed(make.process, lambda work: registrations.withdraw(work, registered.registration.id, make.now))


def press(visitor: Visitor, verb: str, registered: Registered, **fields: str) -> str:
    """Press a button of somebody's page; gives the page that it leads to."""
    data = {"registration": str(registered.registration.id)} | fields
    answer = visitor.post(f"{PAGE}/{verb}", data=data)
    assert answer.status_code == 303, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return visitor.get(answer.headers["location"]).text


def buttons(page: str) -> list[str]:
    """The deeds that a page offers, in its order."""
    return re.findall(r'<form method="post" action="/my-registration/(\w+)"', page)


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return found[1]


def test_an_offer_says_until_when_in_their_zone_and_is_taken_by_a_press(
    visitor: Visitor,
    make: Factory,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    withdraw(make, ana)
    page = manage(bert)
    assert heading(page) == "A seat is free for you"
    assert "kept for you until <strong>Tuesday, March 3, 2026, 10:00 AM Eastern Time (America/New_York)" in page
    assert "Yes, take the seat" in page
    assert "No, let it go" in page
    assert buttons(page)[:2] == ["accept", "cancel"]
    assert state_of(bert) is RegistrationStatus.offered  # looking took nothing
    page = press(visitor, "accept", bert)
    assert heading(page) == "You are registered"
    assert "The seat is yours." in page
    assert "accept" not in buttons(page)
    again = press(visitor, "accept", bert)
    assert "The seat is yours." in again
    kinds = [row.kind for row in rows(make.process, Message) if row.registration_id == bert.registration.id]
    assert kinds.count(MessageKind.confirmation) == 1


def test_an_offer_that_is_let_go_goes_on(
    visitor: Visitor,
    make: Factory,
    here: UUID,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    cleo = make.registration(here, "cleo@mail.example")
    withdraw(make, ana)
    manage(bert)
    page = press(visitor, "cancel", bert)
    assert heading(page) == "You have let the seat go"
    assert (state_of(bert), state_of(cleo)) == (RegistrationStatus.withdrawn, RegistrationStatus.offered)
    page = press(visitor, "undo", bert)  # the seat has gone to Cleo: nobody takes it from her
    assert "you are back on the waitlist, ahead of everybody who came after you" in page
    assert (state_of(bert), state_of(cleo)) == (RegistrationStatus.waitlisted, RegistrationStatus.offered)


def test_an_offer_that_is_over_is_said_kindly(
    visitor: Visitor,
    make: Factory,
    here: UUID,
    clock: SetClock,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    withdraw(make, ana)
    manage(bert)
    clock.advance(timedelta(hours=24))
    unswept = manage(bert)  # nothing has ended the offer yet
    assert heading(unswept) == "The time to answer has passed"
    assert buttons(unswept) == []
    page = press(visitor, "accept", bert)
    assert "We are sorry: the seat has gone to somebody else" in page
    waitlist.end_offers(make.process, clock.now())
    page = manage(bert)
    assert heading(page) == "The time to answer has passed"
    assert "We kept a seat for you until Tuesday, March 3, 2026, 10:00 AM Eastern Time (America/New_York)" in page
    assert f"/sessions/{here}/register" in page
    assert "We are sorry" in press(visitor, "accept", bert)
    assert state_of(bert) is RegistrationStatus.lapsed


def test_in_the_last_hours_a_free_seat_is_for_the_first_to_take_it(
    visitor: Visitor,
    make: Factory,
    here: UUID,
    clock: SetClock,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    cleo = make.registration(here, "cleo@mail.example")
    clock.advance(timedelta(days=6, hours=21))
    assert heading(manage(bert)) == "You are on the waitlist"
    withdraw(make, ana)
    for waiting in (bert, cleo):
        page = manage(waiting)
        assert heading(page) == "A seat is free: take it"
        assert "accept" in buttons(page)
    assert heading(press(visitor, "accept", cleo)) == "You are registered"
    manage(bert)
    page = press(visitor, "accept", bert)
    assert "the seat has gone to somebody else in the meantime. You keep your place on the waitlist." in page
    assert (state_of(bert), state_of(cleo)) == (RegistrationStatus.waitlisted, RegistrationStatus.confirmed)


def test_cancelling_is_undone_for_ten_minutes(
    visitor: Visitor, clock: SetClock, ana: Registered, manage: Callable[[Registered], str], state_of: StateOf
) -> None:
    manage(ana)
    page = press(visitor, "cancel", ana)
    assert "You can undo it until <strong>8:10 AM Mountain Time (America/Denver)</strong>" in page
    assert "a free seat is offered to the next person on the waitlist at once" in page
    assert buttons(page) == ["undo"]
    clock.advance(timedelta(minutes=9))
    for _ in range(2):
        page = press(visitor, "undo", ana)
        assert "It is undone: everything is as it was before." in page
        assert heading(page) == "You are registered"
    press(visitor, "cancel", ana)
    clock.advance(timedelta(minutes=10))
    assert buttons(visitor.get(PAGE).text) == []
    page = press(visitor, "undo", ana)
    assert "The ten minutes to undo this are over." in page
    assert state_of(ana) is RegistrationStatus.withdrawn


def test_changing_to_a_date_with_seats_goes_on_with_that(
    visitor: Visitor,
    make: Factory,
    here: UUID,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    there = make.session("knee-options", starts_in=timedelta(days=14)).session.id
    page = manage(ana)
    assert "Change to another date" in page
    assert f'name="session" value="{there}"' in page
    assert "Change to this date<span" in page
    page = press(visitor, "move", ana, session=str(there))
    assert heading(page) == "You are registered"
    assert "You have changed to this date." in page
    assert "Monday, March 16, 2026" in page
    assert (state_of(ana), state_of(bert)) == (RegistrationStatus.withdrawn, RegistrationStatus.offered)
    (new,) = [row for row in rows(make.process, Registration) if row.session_id == there]
    assert new.status is RegistrationStatus.confirmed
    assert str(new.id) in page  # the buttons are about the new one

    page = manage(ana)
    assert heading(page) == "You have changed to another date"
    assert "Monday, March 16, 2026" in page
    assert buttons(page) == []
    page = press(visitor, "move", ana, session=str(there))  # pressed again in an old tab: still the new one
    assert "You have changed to this date." in page
    assert len(rows(make.process, Registration)) == 3


def test_changing_to_a_full_date_keeps_this_one_until_there_is_a_seat(
    visitor: Visitor,
    make: Factory,
    sqlite_process: Process,
    ana: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    there = make.session("knee-options", starts_in=timedelta(days=14), capacity=1).session.id
    taken = make.registration(there)
    assert "Wait for this date<span" in manage(ana)
    for _ in range(2):
        page = press(visitor, "move", ana, session=str(there))
        assert "All seats of that date are taken, so you wait for one there. Your place here is kept." in page
        assert heading(page) == "You are registered"
    later = visitor.get(PAGE).text
    assert "You wait for another date: <strong>Monday, March 16, 2026, 9:00 AM Mountain Time" in later
    assert f'value="{there}"' not in later
    (new,) = [row for row in rows(sqlite_process, Registration) if row.replaces_id == ana.registration.id]
    waiting = visitor.get(f"/m/{sqlite_process.vault.link_token(LinkPurpose.manage, new.id, new.link_version)}")
    assert waiting.status_code == 303
    assert "You keep your place on <strong>Monday, March 9, 2026" in visitor.get(PAGE).text
    withdraw(make, taken)
    assert "There is a seat for you on <strong>Monday, March 16, 2026" in manage(ana)
    deed(sqlite_process, lambda work: waitlist.accept(work, new.id, make.now))
    assert heading(manage(ana)) == "You have changed to another date"
    assert state_of(ana) is RegistrationStatus.withdrawn


def test_a_couple_is_told_where_seats_do_not_suffice(
    visitor: Visitor, make: Factory, manage: Callable[[Registered], str]
) -> None:
    make.webinar("knee-options")
    couple = make.registration(make.session("knee-options").session.id, "ana@mail.example", seats=2)
    make.session("knee-options", starts_in=timedelta(days=14), capacity=1)
    page = manage(couple)
    assert "Not enough seats for two" in page
    assert "Wait for this date<span" in page


def test_dates_that_cannot_be_had_change_nothing(
    visitor: Visitor, make: Factory, ana: Registered, manage: Callable[[Registered], str], state_of: StateOf
) -> None:
    full, taken, soon = (make.session("knee-options", capacity=1, waitlist_open=False).session.id for _ in range(3))
    make.registration(full)
    make.registration(taken, "ana@mail.example")
    changes = {"registration_opens_at": make.now + timedelta(days=1)}
    deed(
        make.process,
        lambda work: sessions.update_session(work, soon, changes, version=None, actor=ACTOR, now=make.now),
    )
    foreign = make.session().session.id
    page = manage(ana)
    assert "Change to another date" not in page
    for session, words in (
        (str(full), "that date takes no more registrations"),
        (str(soon), "that date takes no more registrations"),
        (str(taken), "you are registered for that date already"),
        (str(foreign), "That was not possible any more"),
        (str(ana.registration.id), "That was not possible any more"),
        ("nothing", "That was not possible any more"),
        ("", "That was not possible any more"),
    ):
        assert words in press(visitor, "move", ana, session=session)
    assert state_of(ana) is RegistrationStatus.confirmed


def test_no_deed_is_done_to_another_registration_than_the_one_shown(
    visitor: Visitor,
    make: Factory,
    ana: Registered,
    bert: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
) -> None:
    withdraw(make, ana)
    there = make.session("knee-options").session.id
    manage(bert)
    for verb in ("accept", "cancel", "undo", "move", "resend"):
        assert "Nothing was changed: you have opened another" in press(visitor, verb, ana, session=str(there))
    assert (state_of(ana), state_of(bert)) == (RegistrationStatus.withdrawn, RegistrationStatus.offered)


def test_every_deed_needs_a_form_from_here(
    visitor: Visitor, make: Factory, ana: Registered, bert: Registered, manage: Callable[[Registered], str]
) -> None:
    withdraw(make, ana)
    manage(bert)
    data = {"registration": str(bert.registration.id)}
    for verb in ("accept", "cancel", "undo", "move", "resend"):
        foreign = visitor.post(f"{PAGE}/{verb}", data=data, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
        for method in ("GET", "HEAD"):
            assert visitor.request(method, f"{PAGE}/{verb}").status_code in {404, 405}
    assert heading(visitor.get(PAGE).text) == "A seat is free for you"


def test_a_page_says_only_what_is_true(
    visitor: Visitor, ana: Registered, bert: Registered, manage: Callable[[Registered], str]
) -> None:
    """The code in the address is anybody's to write."""
    manage(bert)
    for said in ("taken", "too_late", "nonsense", "<b>"):
        assert 'role="status"' not in visitor.get(PAGE, params={"said": said}).text
    manage(ana)
    assert 'role="status"' not in visitor.get(PAGE, params={"said": "gone"}).text


def test_a_refusal_half_way_leaves_nothing_behind(
    visitor: Visitor,
    make: Factory,
    ana: Registered,
    manage: Callable[[Registered], str],
    state_of: StateOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def half(work: Work, registration_id: UUID, now: object) -> None:
        withdrawn = registrations.get_registration(work, registration_id)[0]
        withdrawn.status = RegistrationStatus.withdrawn
        work.db.flush()
        raise waitlist.OfferGone

    manage(ana)
    monkeypatch.setattr(waitlist, "accept", half)
    press(visitor, "accept", ana)
    assert state_of(ana) is RegistrationStatus.confirmed


def test_who_was_erased_has_no_page_any_more(
    visitor: Visitor, make: Factory, ana: Registered, manage: Callable[[Registered], str], path_of: PathOf
) -> None:
    manage(ana)
    deed(make.process, lambda work: erasure.erase(work, ana.registration.id, actor=ACTOR, now=make.now))
    for answer in (visitor.get(PAGE), visitor.get(path_of(LinkPurpose.manage, ana))):
        assert answer.status_code == 410
        assert "ana@mail.example" not in answer.text


def test_a_move_by_the_clinic_shows_on_the_old_page(
    visitor: Visitor, make: Factory, ana: Registered, manage: Callable[[Registered], str]
) -> None:
    there = make.session("knee-options", starts_in=timedelta(days=14)).session.id
    deed(make.process, lambda work: moves.move(work, ana.registration.id, there, by_host=True, now=make.now))
    assert heading(manage(ana)) == "You have changed to another date"


def test_somebody_is_brought_along_where_there_is_a_seat(
    visitor: Visitor, make: Factory, manage: Callable[[Registered], str]
) -> None:
    make.webinar("knee-options")
    session_id = make.session("knee-options", capacity=2).session.id
    ana = make.registration(session_id, "ana@mail.example")
    assert "Change to two seats" in manage(ana)
    page = press(visitor, "seats", ana, wanted="2")
    assert "Your seats are changed." in page
    assert "<dt>Seats</dt><dd>2</dd>" in page
    assert "Keep one seat" in page
    assert "<dt>Seats</dt><dd>1</dd>" in press(visitor, "seats", ana, wanted="1")
    make.registration(session_id)
    page = press(visitor, "seats", ana, wanted="2")
    assert "there is no second seat at the moment" in page
    assert "<dt>Seats</dt><dd>1</dd>" in page
