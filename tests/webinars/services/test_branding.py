"""How the clinic shows itself: saved with a version and a note, seen by other processes within a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import NOW, make_settings
from tests.factories import ACTOR, Factory
from tests.support.pictures import jpeg, png
from webinars.errors import InvalidField, VersionMismatch
from webinars.rules.branding import MOST_LOGO_BYTES, Brand
from webinars.services import branding, programme
from webinars.services.delivery import Sender
from webinars.tables import AuditEntry
from webinars.tables import Branding as Row
from webinars.testing import MemoryMailer, SetClock
from webinars.work import Process

CHANGES: dict[str, Any] = {
    "name": "Evergreen Spine & Joint",
    "phone": "+1 720 555 0199",
    "accent": "#7a1f1f",
    "standing_notice": {"es": "Esto es educación."},
    "privacy_text": {"en": "We are **here**."},
}


def save(process: Process, version: int | None = None, **changes: Any) -> None:
    with process.work() as work:
        branding.save_branding(work, changes or CHANGES, version=version, actor=ACTOR, now=NOW)


def seen(process: Process) -> Brand:
    with process.read() as work:
        return branding.brand_of(work)


@pytest.fixture
def other(process: Process, database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Process]:
    """Another process on the same database."""
    other = Process(make_settings(database_url, tmp_path), clock=clock, mail=MemoryMailer())
    yield other
    other.close()


def test_without_any_the_settings_hold(process: Process) -> None:
    assert seen(process) == Brand("Example Joint & Spine Clinics", "+1 303 555 0100")


def test_what_is_saved_is_seen_at_once_and_what_is_empty_is_the_settings(process: Process) -> None:
    assert seen(process).version == 0
    save(process, version=0)
    brand = seen(process)
    assert (brand.name, brand.phone, brand.accent) == (CHANGES["name"], CHANGES["phone"], CHANGES["accent"])
    assert (brand.notices, brand.privacy) == (CHANGES["standing_notice"], CHANGES["privacy_text"])
    save(process, version=1, name="", phone="")
    assert (seen(process).name, seen(process).phone) == ("Example Joint & Spine Clinics", "+1 303 555 0100")
    assert seen(process).accent == CHANGES["accent"], "what a change does not name stays"


def test_to_replace_it_empties_what_is_not_said_and_leaves_the_logo(process: Process) -> None:
    save(process, logo=png(40, 40), logo_type="image/png")
    facts = dict.fromkeys(CHANGES, "") | {"standing_notice": {"es": " Hola.\r\nAquí. ", "en": " "}, "privacy_text": {}}
    with process.work() as work:
        branding.replace_branding(work, facts | {"name": " Spine  "}, version=1, actor=ACTOR, now=NOW)
    brand = seen(process)
    assert (brand.name, brand.accent, brand.notices, brand.privacy) == ("Spine", "", {"es": "Hola.\nAquí."}, {})
    assert brand.logo is not None
    wrong = {"accent": "#ffff00", "phone": "x", "standing_notice": {"en": "x" * 501}, "privacy_text": {"de": "x"}}
    for name, value in wrong.items():
        with pytest.raises(InvalidField) as refused, process.work() as work:
            branding.replace_branding(work, facts | {name: value}, version=None, actor=ACTOR, now=NOW)
        assert str(refused.value.facts["field"]).partition(".")[0] == name
    assert seen(process).version == 2


def test_who_comes_second_is_refused_the_first_time_too(process: Process) -> None:
    save(process, version=0)
    for version in (0, 2, 9):
        with pytest.raises(VersionMismatch):
            save(process, version=version)
    save(process, version=1)
    assert seen(process).version == 2


def test_of_two_first_ones_one_is_refused(process: Process) -> None:
    """They have both looked before either has saved."""
    together, outcomes = threading.Barrier(4), []

    def run() -> None:
        together.wait()
        try:
            save(process, version=0)
        except VersionMismatch:
            outcomes.append("refused")
        else:
            outcomes.append("saved")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 3 + ["saved"]
    with process.read() as work:
        assert work.db.scalar(sa.select(sa.func.count()).select_from(Row)) == 1


def test_who_changed_what_is_noted_without_what_it_says(process: Process) -> None:
    save(process)
    with process.read() as work:
        (entry,) = work.db.scalars(sa.select(AuditEntry)).all()
    assert (entry.actor, entry.action, entry.fields) == (ACTOR, "branding.save", sorted(CHANGES))


def test_another_process_sees_it_within_a_second(process: Process, other: Process) -> None:
    assert seen(other).version == 0
    save(process)
    assert seen(other).version == 0, "it looked a moment ago"
    other.brand.looked_at -= branding.FRESH_S
    assert seen(other).name == CHANGES["name"]


def test_kept_pages_know_of_it_and_nobody_waits_for_who_looks(process: Process, other: Process) -> None:
    with other.read() as work:
        before = programme.appearance(work, NOW)
    save(process)
    other.brand.forget()
    with other.brand.looking:  # somebody else is looking
        assert seen(other).version == 0
    with other.read() as work:
        assert programme.appearance(work, NOW) != before
    assert branding.known_brand(other).version == 1, "whatever page is made next shows it"


def test_a_page_that_must_not_need_the_database_has_what_is_known(process: Process) -> None:
    assert branding.known_brand(process).name == "Example Joint & Spine Clinics"
    save(process)
    branding.look_ahead(process)
    assert branding.known_brand(process).name == CHANGES["name"]


def test_a_database_that_is_away_keeps_nobody_from_starting(tmp_path: Path) -> None:
    process = Process(make_settings(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path), mail=MemoryMailer())
    branding.look_ahead(process)
    assert branding.known_brand(process).version == 0
    process.close()


def test_a_logo_is_kept_as_it_came_and_taken_away(process: Process) -> None:
    picture = png(300, 100)
    with process.work() as work:
        branding.save_logo(work, picture, version=0, actor=ACTOR, now=NOW)
    logo = seen(process).logo
    assert logo is not None
    assert (logo.content, logo.media_type, logo.is_wide) == (picture, "image/png", True)
    save(process, name="New")
    assert seen(process).logo == logo
    with process.work() as work:
        branding.remove_logo(work, version=2, actor=ACTOR, now=NOW)
    assert seen(process).logo is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG, a JPEG or a WebP"),
        (b"email,name\nana@mail.example,Ana\n", "PNG, a JPEG or a WebP"),
        (jpeg(100, 50) + bytes(MOST_LOGO_BYTES), "larger than 200 KB"),
        (png(900, 10), "8 times"),
    ],
)
def test_what_cannot_be_a_logo_is_refused(process: Process, content: bytes, words: str) -> None:
    with pytest.raises(InvalidField, match=words) as refusal, process.work() as work:
        branding.save_logo(work, content, version=0, actor=ACTOR, now=NOW)
    assert refusal.value.facts == {"field": "logo"}
    assert seen(process).version == 0


def test_mails_name_the_clinic_and_its_telephone(
    process: Process, factory: Factory, sender: Sender, mailer: MemoryMailer
) -> None:
    session = factory.session().session
    factory.registration(session.id, "ana@mail.example")
    sender.send_due(NOW)
    save(process)
    factory.registration(session.id, "bo@mail.example")
    sender.send_due(NOW)
    first, second = (mailer.to(f"{who}@mail.example")[0].raw for who in ("ana", "bo"))
    assert b"+1 720 555 0199" not in first
    assert b"+1 720 555 0199" in second
    assert b"Evergreen Spine & Joint" in second
