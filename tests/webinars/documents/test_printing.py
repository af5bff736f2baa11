"""What is kept between mails changes nothing about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.webinars.documents.facts import FACTS
from webinars.documents import printing
from webinars.documents.mails import MailFacts, compose_mail
from webinars.terms import AttendanceState, MessageKind, RegistrationStatus

PEOPLE = [
    ("Ana Núñez", "https://clinic.example/join/" + "a" * 43),
    ("", "https://clinic.example/join/" + "b" * 43),
    ("<b>O'Brien</b> & 100 %(name)s {{ title }}", "https://clinic.example/join/x?a=1&b=2"),
    ("\ue000manage_url\ue001", "https://clinic.example/join/" + "c" * 43),
]


def everyone(kind: MessageKind, locale: str, unsubscribe_url: str | None) -> list[MailFacts]:
    waiting = kind.value in {"waitlisted", "pending", "offered", "lapsed"}
    return [
        replace(
            FACTS,
            kind=kind,
            status=RegistrationStatus(kind.value) if waiting else RegistrationStatus.confirmed,
            segment=AttendanceState.attended if kind is MessageKind.follow_up else None,
            lead=timedelta(hours=1) if kind is MessageKind.reminder else None,
            locale=locale,
            name=name,
            join_url=join_url,
            unsubscribe_url=unsubscribe_url,
        )
        for name, join_url in PEOPLE
    ]


def composable() -> list[MessageKind]:
    """Kinds that `compose_mail` has a template for."""
    listed = printing._press("plain", "en").list_templates()
    return [kind for kind in MessageKind if f"{kind}.jinja" in listed and not kind.value.startswith("alert")]


@pytest.mark.parametrize("locale", ["en-US", "es-US"])
@pytest.mark.parametrize("kind", composable())
def test_with_what_is_kept_each_mail_is_the_same_as_without(
    kind: MessageKind, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = everyone(kind, locale, "https://clinic.example/u/" + "d" * 43)
    printing._print_marked.cache_clear()
    kept = [compose_mail(each).raw for each in facts]
    assert printing._print_marked.cache_info().hits > 0
    monkeypatch.setattr(printing, "_PERSONAL", ())
    printing._print_marked.cache_clear()
    assert kept == [compose_mail(each).raw for each in facts]


def test_registrants_of_a_session_share_what_is_printed() -> None:
    printing._print_marked.cache_clear()
    for number in range(50):
        compose_mail(replace(FACTS, name=f"Ana {number}", join_url=f"https://clinic.example/join/{number}"))
    assert printing._print_marked.cache_info().misses == 1


def test_nobody_reads_what_is_anothers() -> None:
    first, second = (
        compose_mail(replace(FACTS, name=name, join_url=f"https://clinic.example/join/{name}", had_invite=False)).raw
        for name in ("Ana", "Ben")
    )
    assert b"Ana" in first
    assert b"Ana" not in second


def test_a_hosts_own_text_is_not_kept() -> None:
    """It may name the registrant anywhere, and what it says is cleaned and cut with the name in it."""
    printing._print_marked.cache_clear()
    compose_mail(replace(FACTS, own_text="Dear {name}, bring your X-rays."))
    assert printing._print_marked.cache_info().currsize == 0


def test_a_title_cannot_ask_for_somebodys_link() -> None:
    mail = compose_mail(replace(FACTS, public_title="Yours \ue000join_url\ue001"))
    assert mail.subject == "Confirmed: Yours join_url on Thu, Mar 18, 8:00 PM"
