"""Nothing that an operator can set or type is missing from the documents, and nothing there is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from webinars.__main__ import main
from webinars.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {name.upper() for name in Settings.model_fields}


def documents() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def commands(group: click.Group, before: str) -> Iterator[str]:
    """Every command as it is typed."""
    for name, command in group.commands.items():
        typed = f"{before} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, typed)
        else:
            yield typed


def test_every_setting_is_named() -> None:
    text = documents()
    assert {name for name in SETTINGS if not re.search(rf"\b(?:{PREFIX})?{name}\b", text)} == set()


def test_the_page_of_settings_has_just_the_settings() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE)) == SETTINGS


def test_every_command_and_option_is_named() -> None:
    text = documents()
    typed = list(commands(main, "webinars"))
    assert [command for command in typed if command not in text] == []
    options = {
        name
        for command in main.commands.values()
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--")
    }
    assert {name for name in options if name not in text} == set()


def test_the_page_of_commands_has_just_the_commands() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    typed = set(commands(main, "webinars"))
    rows = re.findall(r"^\| `(webinars [^`]+)`", page, re.MULTILINE)
    assert {next((name for name in typed if row.startswith(name)), row) for row in rows} == typed


def test_the_tests_that_documents_name_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", documents())
    assert named
    assert [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")] == []


def test_files_for_containers_set_nothing_that_is_none() -> None:
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("compose.yaml", "Dockerfile"))
    assert set(re.findall(rf"{PREFIX}([A-Z_]+?)(?:_FILE)?\b", text)) <= SETTINGS


def test_every_picture_is_there_and_all_together_are_small() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    shown = {
        (page.parent / source).resolve()
        for page in pages
        for source in re.findall(r'<img src="([^"]+)"', page.read_text(encoding="utf-8"))
    }
    assert [picture for picture in shown if not picture.exists()] == []
    taken = list((ROOT / "docs" / "images").iterdir())
    assert len(shown) > 10
    assert sum(picture.stat().st_size for picture in taken) <= 3_000_000
