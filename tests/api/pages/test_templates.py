"""Every word that the program itself says on a patients' page can be said in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import nodes

from api.pages.rendering import environment

TEMPLATES = Path(__file__).parents[3] / "api" / "pages" / "templates"
PATIENTS = sorted(
    [
        *(TEMPLATES / "patients").glob("*.html"),
        *(TEMPLATES / name for name in ("base.html", "error.html", "subscribe.html")),
    ]
)
READ_OUT = frozenset({"aria-label", "title", "alt", "placeholder", "label"})
"""Attributes whose value people read or hear."""
MARKS = frozenset({"gettext", "ngettext", "_"})
PROSE = re.compile(r"[A-Z][a-z]|\w[.?!]( |$)|\w+ \w+ \w+")
"""What looks like words for people, in a text inside of an expression."""
_ATTRIBUTE = re.compile(r'[a-z-]+="[^"]*"')
"""In a macro that says what stands inside of a tag."""
CLASSES = re.compile(r"(button|tag|quiet|notice)( [a-z]+)*")


class _Reader(HTMLParser):
    """What is read of a page: its text, and the attributes that say something."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += re.findall(r"[^\W\d_]{2,}", _ATTRIBUTE.sub("", data))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_OUT or name.startswith("data-words"):
                self.handle_data(value or "")


def bare(template: str) -> list[str]:
    """Words of a template that are handed to no translator: between tags, in attributes, in expressions."""
    environment_ = environment("en")
    reader = _Reader()
    reader.feed("".join(value for _, kind, value in environment_.lex(template) if kind == "data"))
    reader.close()
    return reader.words + [text for text in _texts(environment_.parse(template)) if _is_prose(text)]


def _texts(node: nodes.Node) -> Iterator[str]:
    """All texts in expressions but those that are translated."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    is_marked = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKS
    for name, value in node.iter_fields():
        if is_marked and name == "args":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, nodes.Node):
                yield from _texts(child)


def _is_prose(text: str) -> bool:
    return (
        bool(PROSE.search(text)) and not CLASSES.fullmatch(text.strip()) and not text.strip().startswith(("data-", "/"))
    )


@pytest.mark.parametrize("path", PATIENTS, ids=lambda path: path.name)
def test_no_word_of_a_patients_template_is_without_a_translation(path: Path) -> None:
    assert bare(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>{{ name }}, hello</p>", ["hello"]),
        ('<a class="button" aria-label="Close it">x</a>', ["Close", "it"]),
        ('{{ "Join now" if open else "later" }}', ["Join now"]),
        ('{% set heading = {"full": "It is full."} %}', ["It is full."]),
        ('{{ press("go", "Yes, go", "button quiet slim") }}', ["Yes, go"]),
        ('{{ _("Call %(phone)s", phone=link("The clinic", "tel:1")) }}', ["The clinic"]),
        (
            '<p class="lead" data-in="x">{{ _("All is well.") }} {{ ngettext("%(num)s day", "%(num)s days", 2) }}</p>',
            [],
        ),
        ("{# A remark for us #}<script>let words = 1;</script>", ["let", "words"]),
    ],
)
def test_control_a_bare_word_is_seen(template: str, words: list[str]) -> None:
    assert bare(template) == words
