"""Every page in every state: what must be there first, the address, and what is pressed to come to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Page
from sqlmodel import col

from tests.browser.conftest import Site
from tests.conftest import NOW
from tests.factories import ACTOR, Factory
from tests.webinars.services.test_unsubscribing import plan
from webinars.services import moves, registrations, sessions, subscriptions
from webinars.services.consents import TOPIC_ALERTS
from webinars.services.links import link, message_token
from webinars.services.registering import Registered
from webinars.services.subscriptions import Wanted, page_url
from webinars.tables import Message, Subscription
from webinars.terms import LinkPurpose, MessageKind, RegistrationStatus
from webinars.testing import SetClock

HOST = "host@clinic.example"


@dataclass(frozen=True)
class State:
    """A page that a test looks at."""

    path: str
    status: int = 200
    press: str = ""
    """A button on the page at that address; what follows it is the state."""


@dataclass(frozen=True)
class Shown:
    """A state in a browser, and the bytes that the server made it of."""

    state: State
    page: Page
    html: str


def show(site: Site, states: list[State], *, password: str = "", **options: Any) -> Iterator[Shown]:
    """One after the other in one window; with a password as a host."""
    page = site.open("/livez", **options)
    if password:
        sign_in(page, site, password)
    for state in states:
        if state.status != 200:
            site.watch.expected_statuses.add(state.status)
        answer = page.goto(site.address + state.path)
        if state.press:
            with page.expect_navigation() as following:
                page.get_by_role("button", name=state.press, exact=True).first.click()
            answer = following.value
        assert answer is not None
        assert answer.status == state.status, state
        yield Shown(state, page, answer.text())


def sign_in(page: Page, site: Site, password: str) -> None:
    """Into the console."""
    page.goto(f"{site.address}/console/sign-in")
    page.get_by_label("E-mail address").fill(HOST)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console")


def knee(make: Factory) -> None:
    make.topic("knee", "Knee")
    make.topic("knee-1", "Meniscus tears", parent="knee")
    make.presenter()
    make.webinar(
        "knee-options",
        topics=("knee",),
        presenters=("maria-castellan",),
        summary="Options before surgery.",
        description="You learn:\n\n- one thing\n- another",
        asks_question=True,
    )


def seats_of_every_kind(make: Factory) -> dict[str, Any]:
    """Sessions of one webinar: open, few seats, full with and without a waitlist, cancelled, closed, not open yet."""
    knee(make)
    named = {
        name: make.session("knee-options", starts_in=timedelta(days=7 + number), capacity=5, waitlist_open=waitlist)
        for number, (name, waitlist) in enumerate(
            [("open", True), ("few", True), ("waitlist", True), ("full", False), ("cancelled", True), ("closed", True)]
        )
    }
    for name, count in (("few", 4), ("waitlist", 5), ("full", 5)):
        for _ in range(count):
            make.registration(named[name].session.id)
    cancel(make, named["cancelled"].session.id)
    change(make, named["closed"].session.id, registration_closes_at=make.now - timedelta(hours=1))
    later = make.session("knee-options", starts_in=timedelta(days=30))
    change(make, later.session.id, registration_opens_at=make.now + timedelta(days=1))
    return named | {"not_yet": later}


def cancel(make: Factory, session_id: Any) -> None:
    with make.process.work() as work:
        sessions.cancel_session(work, session_id, version=None, actor=ACTOR, now=make.now)


def change(make: Factory, session_id: Any, **changes: object) -> None:
    with make.process.work() as work:
        sessions.update_session(work, session_id, changes, version=None, actor=ACTOR, now=make.now)


def path_of(make: Factory, purpose: LinkPurpose, registered: Registered) -> str:
    process = make.process
    whole = link(process.settings, process.vault, purpose, registered.registration)
    return whole.removeprefix(process.settings.base_url)


def set_clock(make: Factory, after: timedelta) -> None:
    clock = make.process.clock
    assert isinstance(clock, SetClock)
    clock.set(NOW + after)


def listings(make: Factory) -> list[State]:
    seats_of_every_kind(make)
    make.topic("hip", "Hip")  # nothing on it yet
    paths = ("/", "/topics/knee", "/topics/hip", "/topics/not-sure", "/presenters/maria-castellan")
    return [*map(State, paths), State("/embed/webinars/knee-options"), State("/embed/topics/knee")]


def nothing_yet(make: Factory) -> list[State]:
    return [State("/")]


def webinars(make: Factory) -> list[State]:
    seats_of_every_kind(make)
    make.webinar("undated", title="Later")
    return [
        State("/webinars/knee-options"),
        State("/webinars/knee-options/register", 422),
        State("/webinars/knee-options/register-several", 422),
        State("/webinars/undated"),
        State("/privacy"),
        State("/nowhere", 404),
        State("/m/wrong", 404),
        State("/j/wrong", 404),
        State("/my-registration", 404),
    ]


def forms(make: Factory) -> list[State]:
    """Each kind of session, all kinds of questions, and mistakes."""
    named = seats_of_every_kind(make)
    pain = make.question("knee-options", "yes_no", "Is one of your knees in pain?", is_required=True)
    make.question("knee-options", "choices", "Which knee?", show_if={"question_id": pain, "values": [True]})
    for kind in ("choice", "number", "date", "text", "long_text"):
        make.question("knee-options", kind, f"What about the {kind}?", help="A guess will do.")
    chosen = "&".join(f"session={named[name].session.id}" for name in ("open", "few"))
    form = f"/sessions/{named['open'].session.id}/register"
    return [
        *[State(f"/sessions/{item.session.id}/register") for item in named.values()],
        State(form, 422, press="Register"),
        State(f"/webinars/knee-options/register-several?{chosen}"),
        State(f"/webinars/knee-options/register-several?{chosen}", 422, press="Register"),
    ]


def thanks(make: Factory) -> list[State]:
    named = seats_of_every_kind(make)
    path = f"/sessions/{named['open'].session.id}/registered?status="
    statuses = (RegistrationStatus.confirmed, RegistrationStatus.waitlisted, RegistrationStatus.pending)
    several = "&".join(
        f"{status.value}={named[name].session.id}" for status, name in zip(statuses, ("open", "waitlist"), strict=False)
    )
    return [
        *[State(path + status.value) for status in statuses],
        State(f"/webinars/knee-options/registered?{several}"),
    ]


def own_pages(make: Factory) -> list[State]:
    """Of registrants in each status, and what their buttons lead to."""
    knee(make)
    later = make.session("knee-options", starts_in=timedelta(days=9)).session.id
    full = make.session("knee-options", capacity=2).session.id
    confirmed, left = make.registration(full), make.registration(full)
    waiting = [make.registration(full) for _ in range(2)]
    make.webinar("asked-first", needs_approval=True)
    asked = make.session("asked-first").session.id
    pending, declined = make.registration(asked), make.registration(asked)
    cancelled = make.registration(make.session("knee-options", starts_in=timedelta(days=3)).session.id)
    moved = make.registration(make.session("knee-options", starts_in=timedelta(days=4)).session.id)
    changed = make.registration(make.session("knee-options", starts_in=timedelta(days=5)).session.id)
    with make.process.work() as work:  # whose seat goes to the first who waits, as an offer
        registrations.withdraw(work, left.registration.id, make.now)
        registrations.decline(work, declined.registration.id, make.now)
        moves.move(work, moved.registration.id, later, by_host=False, now=make.now)
    cancel(make, cancelled.registration.session_id)
    change(make, changed.registration.session_id, starts_at=make.now + timedelta(days=6))
    people = [confirmed, left, *waiting, pending, declined, cancelled, moved, changed]
    confirmed_path = path_of(make, LinkPurpose.manage, confirmed)
    return [
        *[State(path_of(make, LinkPurpose.manage, person)) for person in people],
        State(confirmed_path, press="Send me the e-mail again"),
        State(confirmed_path, press="Turn reminders off"),
        State("/my-registration/data"),
        State("/my-registration/delete"),
        State("/my-registration/delete", 422, press="Yes, delete it for good"),
    ]


def own_pages_afterwards(make: Factory) -> list[State]:
    """An offer that nobody answered, a webinar that is over, one with a replay."""
    knee(make)
    make.webinar("recorded", replay_url="https://videos.example/1")
    full = make.session("knee-options", starts_in=timedelta(days=2), capacity=1).session.id
    left, offered = make.registration(full), make.registration(full)
    with make.process.work() as work:
        registrations.withdraw(work, left.registration.id, make.now)
    over, replay = (
        make.registration(make.session(slug, starts_in=timedelta(hours=1)).session.id)
        for slug in ("knee-options", "recorded")
    )
    set_clock(make, timedelta(days=1, hours=23))
    return [State(path_of(make, LinkPurpose.manage, person)) for person in (left, offered, over, replay)]


def after(make: Factory) -> list[State]:
    """What there is when a webinar is over: with and without a replay, and its forms with mistakes and without."""
    knee(make)
    make.webinar("recorded", replay_url="https://videos.example/1")
    make.session("recorded")  # the next one
    people = [
        make.registration(make.session(slug, starts_in=timedelta(minutes=1), minutes=5).session.id)
        for slug in ("knee-options", "recorded")
    ]
    set_clock(make, timedelta(hours=1))
    with_replay = path_of(make, LinkPurpose.enter, people[1]).replace("/j/", "/after/")
    return [
        *[State(path_of(make, LinkPurpose.enter, person)) for person in people],
        State(with_replay, 422, press="Send my answer"),
        State(with_replay, 422, press="Ask for a call"),
    ]


def doors(make: Factory) -> list[State]:
    """Long before, in the last hour, at the time, without a room, afterwards, with a replay, and cancelled."""
    knee(make)
    make.webinar("recorded", replay_url="https://videos.example/1")
    long_before = make.session("knee-options", starts_in=timedelta(days=2))
    soon = make.session("knee-options", starts_in=timedelta(minutes=40))
    at_the_time = make.session("knee-options", starts_in=timedelta(minutes=10))
    without_room = make.session("knee-options", starts_in=timedelta(minutes=12), room_url="")
    over, replay, cancelled = (
        make.session(webinar, starts_in=timedelta(minutes=1), minutes=5)
        for webinar in ("knee-options", "recorded", "knee-options")
    )
    people = [make.registration(item.session.id) for item in (long_before, soon, at_the_time, without_room)]
    late = [make.registration(item.session.id) for item in (over, replay, cancelled)]
    full = make.session("knee-options", starts_in=timedelta(days=8), capacity=1).session.id
    left, offered, waiting = (make.registration(full) for _ in range(3))
    with make.process.work() as work:
        registrations.withdraw(work, left.registration.id, make.now)
    cancel(make, cancelled.session.id)
    set_clock(make, timedelta(minutes=8))
    return [State(path_of(make, LinkPurpose.enter, person)) for person in [*people, *late, left, offered, waiting]] + [
        State(f"/sessions/{at_the_time.session.id}/register"),
        State(f"/sessions/{over.session.id}/register"),
    ]


def alerts(make: Factory) -> list[State]:
    """From the form to the last button, in this order."""
    knee(make)
    wanted = Wanted("ana@mail.example", "America/Denver", "en-US", TOPIC_ALERTS.version, "0" * 64)
    with make.process.work() as work:
        subscriptions.subscribe(work, "knee", wanted, make.now)
    with make.process.read() as work:
        row = work.db.scalars(sa.select(Subscription)).one()
        page = page_url(work.settings, work.vault, row).removeprefix(work.settings.base_url)
    return [
        State("/topics/knee/alerts"),
        State("/topics/knee/alerts", 422, press="Tell me"),
        State("/topics/knee/alerts/asked"),
        State(page),
        State(page, press="Yes, write to me"),
        State(page, press="Stop these e-mails"),
        State(page, press="That was a mistake: keep writing to me"),
        State(page, press="Delete my address"),
        State(page, 404),
    ]


def unsubscribing(make: Factory) -> list[State]:
    knee(make)
    ana = make.registration(make.session("knee-options").session.id)
    states = []
    for kind, what in ((MessageKind.reminder, "reminders"), (MessageKind.follow_up, "e-mails after a webinar")):
        plan(make.process, ana, kind)
        with make.process.read() as work:
            row = work.db.scalars(sa.select(Message).where(col(Message.kind) == kind)).one()
            token = message_token(work.vault, LinkPurpose.unsubscribe, row.id, ana.registration.link_version)
        presses = ("", f"Yes, stop {what}", f"Send me {what} again")
        states += [State(f"/u/{token}", press=press) for press in presses]
    return states


GROUPS: list[Callable[[Factory], list[State]]] = [
    listings,
    nothing_yet,
    webinars,
    forms,
    thanks,
    own_pages,
    own_pages_afterwards,
    after,
    doors,
    alerts,
    unsubscribing,
]
"""The patients' pages."""


def console_sessions(make: Factory) -> list[State]:
    """A host's pages about a session and its people; she is signed in."""
    named = seats_of_every_kind(make)
    person = make.registration(named["open"].session.id, "ana@mail.example")
    session = f"/console/sessions/{named['open'].session.id}"
    tabs = ("", "/registrants", "/messages", "/reminders", "/attendance", "/survey", "/follow-ups")
    deeds = ("/room", "/move", "/cancel", "/registrants/new", "/registrants/import", "/reminder-rules/new")
    return [
        State("/console"),
        *[State(session + page) for page in (*tabs, *deeds)],
        State(f"/console/registrations/{person.registration.id}"),
        State("/console/nowhere", 404),
    ]


def console_catalogue(make: Factory) -> list[State]:
    """A host's pages about what is offered, and about the clinic."""
    make.session(make.webinar(topics=(make.topic(),), presenters=(make.presenter(),)))
    question = make.question("knee-options", "choice", "Which knee?")
    webinar = "/console/webinars/knee-options"
    lists = ("webinars", "presenters", "topics", "texts", "messages", "calendar", "embed", "branding", "calls")
    more = ("", "/edit", "/questions/new", f"/questions/{question}/edit", "/series/new", "/reminder-rules/new")
    return [
        *[State(f"/console/{page}") for page in lists],
        *[State(webinar + page) for page in more],
        State("/console/texts/confirmation/en"),
        State("/console/webinars/new", 422, press="Create as a draft"),
        State(f"{webinar}/sessions/new", 422, press="Schedule"),
    ]


CONSOLE_GROUPS: list[Callable[[Factory], list[State]]] = [console_sessions, console_catalogue]
