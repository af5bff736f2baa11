"""New time zone data, as after an update of the machine's."""

from __future__ import annotations

import shutil
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tzdata

from webinars.rules.sessions import forget_zones

Decree = Callable[[str, str], None]


def write_zone(folder: Path, name: str, other: str) -> None:
    """Put a zone into a folder in which the clocks show what they show in another."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(tzdata.__file__).parent / "zoneinfo" / other, target)


@contextmanager
def new_zone_data(folder: Path) -> Iterator[Decree]:
    """Gives a function which decrees that the clocks in one zone show from now on what they show in another."""

    def decree(name: str, other: str) -> None:
        write_zone(folder, name, other)
        zoneinfo.reset_tzpath([str(folder), *(path for path in zoneinfo.TZPATH if path != str(folder))])

    try:
        yield decree
    finally:
        zoneinfo.reset_tzpath()
        forget_zones()
