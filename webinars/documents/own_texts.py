"""The hosts' own words for mails: paragraphs of plain text with a few variables, which are known by name.

Nothing a host writes is run: a variable is looked up in a short list and put in as it is, and whatever else looks like
a template is refused when it is saved (services/texts.py), and printed as it stands should it get here all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webinars.documents.texts import one_line, printable, web_address

VARIABLES = {
    "name": "the registrant's name",
    "title": "the title in mails, which names no condition",
    "when": "day, time and zone, as the registrant's clock shows them",
    "date": "the day alone",
    "time": "the time of day alone",
    "minutes": "how long the session takes",
    "presenters": "who presents, with credentials",
    "organization": "the organization's name",
    "phone": "the number to call with questions",
}
"""What may stand between `{{` and `}}` in a body, with what it is, for hosts."""
SUBJECT_VARIABLES = ("title", "when", "date", "time", "minutes")
"""Those fit for a subject: it is read on lock screens, and the name of a specialist would say too much."""

_VARIABLE = re.compile(r"\{\{[ \t]*([A-Za-z_]+)[ \t]*\}\}")
_LOOKS_LIKE_A_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
_LINK = re.compile(r"https://[!#-;=?-\[\]_a-z~%]+")
_NO_END_OF_A_LINK = ".,;:!?)]'"
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_BEFORE_A_MARK = re.compile(r"[ \t]+(?=[,.!?;:])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line: text, or the address of a link, which is its own label."""

    text: str
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What stands between two blank lines."""

    lines: tuple[tuple[Piece, ...], ...]

    @property
    def plain(self) -> str:
        return "\n".join("".join(piece.text for piece in line) for line in self.lines)


def unknown_variables(text: str, known: Mapping[str, str] | tuple[str, ...]) -> list[str]:
    """What stands in braces and is not `known`, or is no variable at all, as it was typed."""
    unknown = [match[0] for match in _VARIABLE.finditer(text) if match[1] not in known]
    return unknown + _LOOKS_LIKE_A_TEMPLATE.findall(_VARIABLE.sub("", text))


def uses(text: str, variable: str) -> bool:
    """Whether a text has this variable in it."""
    return any(match[1] == variable for match in _VARIABLE.finditer(text))


def own_subject(text: str, values: Mapping[str, str]) -> str:
    """A subject as one clean line; empty if nothing is left of it."""
    return one_line(_filled(text, {name: values[name] for name in SUBJECT_VARIABLES}))


def own_paragraphs(text: str, values: Mapping[str, str]) -> list[Paragraph]:
    """The paragraphs of a body. Only what the host spelled out becomes a link, never what a variable brings along."""
    clean = printable(text).strip()
    return [
        Paragraph(tuple(_pieces(line, values) for line in paragraph.split("\n")))
        for paragraph in _PARAGRAPHS.split(clean)
        if paragraph.strip()
    ]


def _pieces(line: str, values: Mapping[str, str]) -> tuple[Piece, ...]:
    pieces, done = [], 0
    for match in _LINK.finditer(line):
        address = match[0].rstrip(_NO_END_OF_A_LINK)
        if not _is_address(address):
            continue
        pieces += [Piece(_filled(line[done : match.start()], values)), Piece(address, is_link=True)]
        done = match.start() + len(address)
    return tuple(piece for piece in [*pieces, Piece(_filled(line[done:], values))] if piece.text)


def _is_address(text: str) -> bool:
    try:
        return bool(web_address(text))
    except ValueError:
        return False


def _filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables; where one is empty, no blank is left before the mark that follows it."""
    if "{{" not in text:
        return text
    filled = _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)
    return _BEFORE_A_MARK.sub("", filled) if "" in values.values() else filled
