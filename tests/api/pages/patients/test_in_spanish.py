"""Patients' pages in Spanish: all of them, in every state, with no English word but those that hosts wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from uuid import UUID

import pytest

from tests.api.pages.patients.conftest import A_WHILE, Visitor
from tests.api.pages.patients.test_registering import rows
from tests.api.pages.test_templates import READ_OUT
from tests.factories import ACTOR, Factory
from webinars.services import questions, registrations, sessions, webinars
from webinars.services.consents import CONSENT_TEXTS
from webinars.services.registering import Registered
from webinars.services.subscriptions import page_url
from webinars.tables import Consent, Message, Registration, Subscription
from webinars.terms import LinkPurpose, MessageKind, Sensitivity
from webinars.testing import SetClock
from webinars.work import Process

PathOf = Callable[[LinkPurpose, Registered], str]
IN_SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
ENGLISH = re.compile(
    r"\b(the|you|your|we|our|is|are|was|with|for|and|please|dates?|seats?|register|webinars?|e-?mail|time|at|on|of|to|from|"
    r"see|call|yes|name|show|change|january|march|monday|minutes?|hours?|mountain|clinic|not|this|it)\b",
    re.IGNORECASE,
)
PAGE = "/my-registration"


class Reader(HTMLParser):
    """All that is read or heard of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        says = READ_OUT | {"data-wait", "data-meant", "data-use", "data-words"}
        self.texts += [value or "" for name, value in attrs if name in says]
        values = dict(attrs)
        if tag == "meta" and values.get("name", values.get("property")) in {
            "description",
            "og:title",
            "og:description",
        }:
            self.texts.append(values["content"] or "")

    def handle_data(self, data: str) -> None:
        if self._tag not in {"script", "style"}:
            self.texts.append(data)


def said_in(page: str) -> str:
    reader = Reader()
    reader.feed(page)
    return " ".join(" ".join(reader.texts).split())


def in_spanish(page: str, *words: str) -> str:
    """What a page says: these words among others, and all of it in Spanish."""
    assert '<html lang="es" dir="ltr">' in page
    said = said_in(page)
    own = said.replace("Regenerative Orthopaedics", "").replace("Google Calendar", "").replace("Outlook.com", "")
    left = [own[max(0, found.start() - 30) : found.end() + 30] for found in ENGLISH.finditer(own)]
    assert left == []
    for word in words:
        assert word in said, said
    return said


@pytest.fixture
def here(make: Factory) -> UUID:
    """A session with one seat, of a webinar whose host writes Spanish."""
    make.topic("rodilla", "Rodilla")
    make.topic("menisco", "Desgarro de menisco", parent="rodilla")
    make.presenter("maria", "María Castellán")
    texts = {"title": "Opciones para la rodilla", "summary": "Qué se puede hacer.", "asks_question": True}
    make.webinar("rodilla", topics=("rodilla",), presenters=("maria",), **texts)
    make.question("rodilla", "yes_no", "¿Le han operado?", is_required=True, sensitivity=Sensitivity.health)
    return make.session("rodilla", capacity=1).session.id


def registered(make: Factory, session_id: UUID, email: str) -> Registered:
    """Somebody whose mails are in Spanish."""
    return make.registration(session_id, email, locale="es-US", answers=answers(make, session_id))


def answers(make: Factory, session_id: UUID) -> dict[str, bool]:

    with make.process.read() as work:
        slug = sessions.get_session(work, session_id).webinar.slug
        return {str(item.id): True for item in questions.asked_of(work, webinars.get_webinar(work, slug).webinar)}


def test_what_is_offered(visitor: Visitor, make: Factory, here: UUID) -> None:
    full = make.session("rodilla", starts_in=timedelta(days=14), capacity=1).session.id
    registered(make, full, "bea@mail.example")
    cancelled = make.session("rodilla", starts_in=timedelta(days=21)).session.id
    with make.process.work() as work:
        sessions.cancel_session(work, cancelled, version=None, actor=ACTOR, now=make.now)
    for path, words in (
        ("/", ["¿Dónde le duele?", "lunes, 9 de marzo de 2026", "9:00 a.m.", "Hay lugares", "60 minutos"]),
        ("/topics/rodilla", ["con María Castellán, MD", "1 fecha más", "Horas indicadas en: la hora local de cada"]),
        ("/topics/not-sure?timezone=America/New_York", ["¿No lo sabe? Empiece aquí"]),
        ("/presenters/maria", ["Quién es María Castellán"]),
        (
            "/webinars/rodilla",
            ["¿Qué fecha le conviene?", "Completo: entre en la lista de espera", "Cancelado", "hora de las"],
        ),
        ("/webinars/rodilla/register", ["Error: Opciones", "Hay un problema", "Elija una fecha."]),
        ("/embed/webinars/rodilla", ["Inscribirse para el lunes, 9 de marzo de 2026"]),
        ("/embed/topics/rodilla", ["Seminarios web: Rodilla", "Verlos en nuestro sitio"]),
        (f"/sessions/{cancelled}/register", ["Esta fecha se canceló"]),
        ("/privacy", ["Qué guardamos"]),
        ("/nowhere", ["No encontramos esta página", "Ver todos los seminarios web"]),
        ("/j/wrong", ["Este enlace ya no funciona"]),
    ):
        answer = visitor.get(path, headers=IN_SPANISH)
        in_spanish(answer.text, *words)
        assert "Accept-Language" in answer.headers["vary"], path
        assert ">English</a>" in answer.text or path.startswith("/embed")
        assert ENGLISH.search(said_in(visitor.get(path).text)), path  # the control


def test_registering_with_mistakes_and_without(
    visitor: Visitor, make: Factory, here: UUID, sqlite_process: Process, clock: SetClock
) -> None:
    dates = [make.session("rodilla", starts_in=timedelta(days=days)).session.id for days in (8, 9)]
    visitor.headers.update(IN_SPANISH)
    path = f"/sessions/{here}/register"
    in_spanish(
        visitor.get(path).text, "Nombre completo", "¿Le han operado?", "se guarda cifrada", "Hora de las Montañas"
    )
    nothing = visitor.register(here, name="", email="ana@", question="x" * 1001)
    assert nothing.status_code == 422
    words = [
        "Error: Inscribirse",
        "Escriba su nombre.",
        "con la forma nombre@ejemplo.com",
        "de 1000 caracteres como máximo",
    ]
    in_spanish(nothing.text, *words, "Por favor, responda a “¿Le han operado?”.")
    hasty = visitor.post(
        path, data=visitor.hidden(path) | {"name": "Ana", "email": "ana@mail.example", **typed(make, here)}
    )
    in_spanish(hasty.text, "Ya casi está", "Comprobamos que es una persona")
    done = visitor.register(here, consent_topic_alerts="yes", **typed(make, here))
    assert done.status_code == 303, said_in(done.text)
    in_spanish(visitor.get(done.headers["location"]).text, "Gracias. Su lugar está reservado", "Qué sigue ahora")
    (registration,) = rows(sqlite_process, Registration)
    assert registration.locale == "es-MX"  # its mails are in Spanish, and their dates as in Mexico
    (text,) = [text for text in CONSENT_TEXTS if text.purpose == "topic_alerts"]
    (consent,) = [row for row in rows(sqlite_process, Consent) if row.purpose == "topic_alerts"]
    assert consent.text_hash == text.digest_in("es") != text.digest_in("en")  # of the words that were read
    file = visitor.get(f"/sessions/{here}/calendar.ics").text.replace("\r\n ", "")
    assert "Su enlace personal para entrar" in file
    assert "SUMMARY:Su seminario web" in file
    waiting = visitor.register(here, email="bea@mail.example", **typed(make, here))
    in_spanish(visitor.get(waiting.headers["location"]).text, "Gracias. Está en la lista de espera")
    several = f"/webinars/rodilla/register-several?session={dates[0]}&session={dates[1]}"
    in_spanish(visitor.get(several).text, "Inscribirse en 2 fechas")
    hidden = visitor.hidden(several)
    clock.advance(A_WHILE)
    sent = visitor.post(several, data=hidden | {"name": "Ana", "email": "eva@mail.example"} | typed(make, here))
    in_spanish(visitor.get(sent.headers["location"]).text, "Gracias. Sus lugares están reservados")


def typed(make: Factory, session_id: UUID) -> dict[str, str]:
    return {f"answers.{question}": "yes" for question in answers(make, session_id)}


def test_the_language_of_the_address_stays_without_cookies(
    visitor: Visitor, make: Factory, here: UUID, sqlite_process: Process
) -> None:
    """As from a frame on another site: a link leads to the form, which leads to the thanks."""
    frame = visitor.get("/embed/webinars/rodilla?lang=es&src=blog")
    assert "set-cookie" not in frame.headers
    form = re.search(rf'href="(/sessions/{here}/register[^"]*)"', frame.text)
    assert form
    query = form[1].partition("?")[2].replace("&amp;", "&")
    assert query == "src=blog&lang=es"
    opened = visitor.get(f"/sessions/{here}/register?{query}")
    assert opened.headers["set-cookie"].startswith("language=es;")
    visitor.cookies.clear()
    hidden = visitor.hidden(f"/sessions/{here}/register?{query}")
    visitor.cookies.clear()
    done = visitor.post(
        f"/sessions/{here}/register?{query}",
        data=hidden | {"name": "Ana", "email": "ana@mail.example", "opened_at": "1"} | typed(make, here),
    )
    assert done.headers["location"].endswith("?status=confirmed&lang=es")
    in_spanish(visitor.get(done.headers["location"]).text)
    (registration,) = rows(sqlite_process, Registration)
    assert (registration.locale, registration.source["last"]) == ("es-US", {"src": "blog"})


def test_a_chosen_language_stays_and_wins_over_the_browsers_and_the_mails(
    visitor: Visitor, make: Factory, here: UUID, path_of: PathOf
) -> None:
    ana = registered(make, here, "ana@mail.example")
    door = path_of(LinkPurpose.enter, ana)
    in_spanish(visitor.get(door).text, "Su seminario web todavía no ha comenzado")
    assert 'href="/privacy?lang=es"' in visitor.get(door).text  # on this device nobody has asked for Spanish yet
    assert 'href="/privacy"' in visitor.get(door, headers=IN_SPANISH).text
    english = re.search(r'<a href="([^"]*)" lang="en" hreflang="en">English</a>', visitor.get(door).text)
    assert english
    assert english[1] == f"{door}?lang=en"
    assert "Your webinar has not started yet" in visitor.get(english[1]).text
    for path in (door, "/"):
        assert '<html lang="en"' in visitor.get(path, headers=IN_SPANISH).text
    visitor.get("/nowhere?lang=es")
    in_spanish(visitor.get("/").text)


def test_my_registration_in_every_state(
    visitor: Visitor, make: Factory, here: UUID, path_of: PathOf, clock: SetClock
) -> None:
    ana, bea = registered(make, here, "ana@mail.example"), registered(make, here, "bea@mail.example")
    other = make.session("rodilla", starts_in=timedelta(days=9)).session.id

    def page(whose: Registered) -> str:
        visitor.get(path_of(LinkPurpose.manage, whose))
        return visitor.get(PAGE).text

    def press(verb: str, whose: Registered, **fields: str) -> str:
        sent = visitor.post(f"{PAGE}/{verb}", data={"registration": str(whose.registration.id)} | fields)
        return visitor.get(sent.headers["location"]).text

    in_spanish(page(ana), "Su inscripción está hecha", "La sala se abre el lunes, 9 de marzo de 2026, 8:45 a.m.,")
    in_spanish(press("reminders", ana, wanted="no"), "Recordatorios por correo: desactivados")
    in_spanish(page(bea), "Está en la lista de espera", "Cambiarse a esta fecha")
    in_spanish(press("cancel", bea), "Ha salido de la lista de espera", "¿Fue un error?")
    in_spanish(press("undo", bea), "Se ha deshecho")
    with make.process.work() as work:
        registrations.withdraw(work, ana.registration.id, make.now)
    in_spanish(page(bea), "Hay un lugar libre para usted", "Sí, tomar el lugar", "hasta el ")
    in_spanish(visitor.get(path_of(LinkPurpose.enter, bea)).text, "Hay un lugar libre para usted")
    in_spanish(press("accept", bea), "El lugar es suyo.")
    in_spanish(press("move", bea, session=str(other)), "Se ha cambiado a esta fecha.")
    clock.advance(timedelta(days=9) - timedelta(minutes=10))
    in_spanish(page(bea), "Se ha cambiado a otra fecha")
    visitor.cookies.clear()
    in_spanish(visitor.get(PAGE, headers=IN_SPANISH).text, "Por favor, pulse otra vez el enlace de su correo")


def test_alerts_and_unsubscribing(
    visitor: Visitor, make: Factory, here: UUID, sqlite_process: Process, clock: SetClock
) -> None:
    visitor.headers.update(IN_SPANISH)
    form = "/topics/rodilla/alerts"
    in_spanish(visitor.get(form).text, "Avisarme de nuevos seminarios web: Rodilla")
    hidden = visitor.hidden(form)
    clock.advance(A_WHILE)
    in_spanish(visitor.post(form, data=hidden).text, "Marque la casilla si podemos escribirle.")
    sent = visitor.post(form, data=hidden | {"email": "ana@mail.example", "consent_topic_alerts": "yes"})
    in_spanish(visitor.get(sent.headers["location"]).text, "Por favor, mire su correo")
    (subscription,) = rows(sqlite_process, Subscription)
    assert subscription.locale == "es-MX"
    del visitor.headers["Accept-Language"]  # another device, whose browser is in English
    path = page_url(make.process.settings, make.process.vault, subscription).removeprefix(
        make.process.settings.base_url
    )
    in_spanish(visitor.get(path).text, "¿Quiere que le avisemos de nuevos seminarios web?")
    visitor.post(f"{path}/confirm", data={"topic": "rodilla"})
    in_spanish(visitor.get(f"{path}?said=confirmed").text, "A partir de ahora le escribiremos")
    in_spanish(visitor.post(f"{path}/end").text, "Ya no le escribimos")
    in_spanish(visitor.post(f"{path}/forget").text, "Su dirección está borrada")
    ana = registered(make, here, "eva@mail.example")
    mail = next(row for row in rows(sqlite_process, Message) if row.registration_id == ana.registration.id)
    with make.process.work() as work:
        reminder = work.db.get_one(Message, mail.id)
        reminder.kind = MessageKind.reminder
        work.db.flush()
        from webinars.services.unsubscribing import unsubscribe_url

        url = unsubscribe_url(work.settings, work.vault, reminder, ana.registration.link_version)
    assert url
    stop = url.removeprefix(make.process.settings.base_url)
    in_spanish(visitor.get(stop).text, "¿Dejar de recibir recordatorios?")
    in_spanish(visitor.post(stop, data={"List-Unsubscribe": "One-Click"}).text, "Ya no recibirá recordatorios")
    in_spanish(visitor.post(stop, data={"again": "yes"}).text, "Vuelve a recibir recordatorios")


def test_after_the_webinar_and_ones_own_data(
    visitor: Visitor, make: Factory, here: UUID, path_of: PathOf, clock: SetClock
) -> None:
    make.session("rodilla", starts_in=timedelta(days=9))
    ana = registered(make, here, "ana@mail.example")
    visitor.get(path_of(LinkPurpose.manage, ana))
    in_spanish(visitor.get(f"{PAGE}/data").text, "Sus datos", "Descargar mis datos")
    in_spanish(visitor.get(f"{PAGE}/delete").text, "¿Qué debemos borrar?", "Solo este seminario web")
    in_spanish(
        visitor.post(f"{PAGE}/delete", data={"registration": str(ana.registration.id)}).text, "Elija qué debemos"
    )
    clock.advance(timedelta(days=7, hours=1))
    after = path_of(LinkPurpose.enter, ana).replace("/j/", "/after/")
    in_spanish(visitor.get(after).text, "Después de su seminario web", "¿Qué le pareció?", "una resonancia magnética")
    wrong = visitor.post(f"{after}/evaluation", data={"phone": "x"})
    in_spanish(wrong.text, "Error: Después", "Hay un problema", "Elija una de las tres respuestas.")
    in_spanish(visitor.post(f"{after}/survey", data={}).text, "Elija un número del 1 al 5.")
