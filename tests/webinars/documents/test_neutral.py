"""No mail tells a bystander what it is about: a name beside a clinic and a body area is health information."""

from __future__ import annotations

import re
from pathlib import Path

import webinars.documents.mails as mails_module
from tests.webinars.documents.facts import calendar_of, composed, every_variant, html_of, parsed, plain_of
from tests.webinars.test_translations import said
from webinars.terms import MessageKind
from webinars.translations import words_of

# Every area and condition of the demo catalogue, word by word, and what its patients ask about.
TELLING = re.compile(
    r"\b("
    "shoulder|neck|cervical|spine|lumbar|back|knees?|hands?|wrist|elbow|hips?|foot|feet|ankle|joints?|"
    "rotator|cuff|tears?|tendinitis|tendonitis|tendon|instability|slap|labral|labrum|arthritis|osteoarthritis|"
    "degenerative|overuse|injury|injuries|herniated|bulging|protruding|discs?|disk|disease|pinched|nerves?|si|"
    "sciatica|pain|meniscus|acl|ligament|carpal|tunnel|trigger|finger|thumb|basal|cmc|golfer|tennis|ulnar|collateral|"
    "bursitis|sprains?|inflammation|plantar|fasciitis|surgery|surgical|cartilage|bone|mri|fracture|tibial|cells?|"
    "regenerative|orthopaedics|orthopedics|treatment|condition|symptoms|medical|patients?"
    r")\b",
    re.IGNORECASE,
)
TELLING_IN_SPANISH = re.compile(
    r"\b("
    "hombros?|cuello|cervical|columna|vértebras?|lumbar|espalda|rodillas?|manos?|muñecas?|codos?|caderas?|pies?|"
    "tobillos?|articulaci(ón|ones)|manguito|desgarros?|tendinitis|tend(ón|ones)|inestabilidad|labrum|artritis|artrosis|"
    "osteoartritis|desgaste|lesi(ón|ones)|hernias?|discos?|nervios?|ciática|dolor(es)?|duele|meniscos?|ligamentos?|"
    "carpiano|túnel|dedos?|pulgar|golfista|tenista|bursitis|esguinces?|inflamaci(ón|ones)|fascitis|cirugías?|cartílago|"
    "huesos?|resonancia|fracturas?|células?|regenerativa|ortopedia|ortopédic[oa]s?|tratamientos?|síntomas?|médic[oa]s?|"
    r"pacientes?|enfermedad(es)?)\b",
    re.IGNORECASE,
)


def test_no_mail_tells_what_it_is_about() -> None:
    unsubscribe = {"unsubscribe_url": "https://clinic.example/u/c"}  # brings the List-* headers along
    mails = [(mail, TELLING) for mail in every_variant(**unsubscribe)]
    mails += [(mail, TELLING_IN_SPANISH) for mail in every_variant(locale="es-US", **unsubscribe)]
    for mail, telling in mails:
        shown = [mail.subject, str(parsed(mail).items()), plain_of(mail), html_of(mail)]
        shown += [(calendar_of(mail) or b"").decode(), str([part.get_filename() for part in parsed(mail).walk()])]
        for text in shown:
            words = re.sub(r"https://\S+|<style>.*?</style>|style=\"[^\"]*\"", "", text, flags=re.DOTALL)
            assert not telling.search(words), telling.search(words)


def test_no_template_tells_what_it_is_about() -> None:
    templates = sorted((Path(mails_module.__file__).parent / "templates" / "kinds").glob("*.jinja"))
    assert {path.stem for path in templates} == set(MessageKind)
    for path in templates:
        assert not TELLING.search(path.read_text(encoding="utf-8")), path


def test_no_word_of_a_mail_tells_what_it_is_about_in_spanish() -> None:
    words = words_of("es")
    messages = said(Path(mails_module.__file__).parent)
    assert len(messages) > 100
    for message in messages:
        forms = [words.gettext(message)] if isinstance(message, str) else [words.ngettext(*message, 2)]
        assert not TELLING_IN_SPANISH.search(forms[0]), forms
    assert TELLING_IN_SPANISH.search(words.gettext("Where does it hurt?"))  # the control: pages may tell


def test_control_the_lint_sees_a_telling_title() -> None:
    assert TELLING.search(composed(public_title="Knee osteoarthritis").subject)
    for title in ("Artrosis de rodilla", "¿Le duele la espalda?", "Dolor de hombro", "Síndrome del túnel carpiano"):
        assert TELLING_IN_SPANISH.search(composed(public_title=title, locale="es-US").subject), title


def test_a_specialists_name_stays_in_the_body() -> None:
    mail = composed(organization_name="Mile High Spine Center")
    assert "Spine" in plain_of(mail)
    assert "Spine" not in str(parsed(mail).items())
    assert b"Spine" not in (calendar_of(mail) or b"")
