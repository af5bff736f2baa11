"""`make bench`: every figure beside its raw limit, measured in alternation in this very run."""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import composing, feeds, growth, listing, messages, registration, wakeup
from benchmarks.report import HEADER, Row


def main() -> None:
    arguments = _arguments()
    print(f"Python {platform.python_version()}, {platform.machine()}; {arguments.rounds} rounds in alternation\n")
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for row in _rows(arguments, Path(folder)):
            print(row, flush=True)


def _rows(arguments: argparse.Namespace, folder: Path) -> Iterator[Row]:
    rounds, seconds = arguments.rounds, arguments.seconds
    if "composing" in arguments.only:
        yield from composing.measure(rounds=rounds)
    for name in ("PostgreSQL", "SQLite"):
        if "registration" in arguments.only:
            yield from registration.measure(name, folder, rounds=rounds, seconds=seconds)
        if "growth" in arguments.only:
            yield from growth.measure(name, folder, rounds=rounds)
        if "messages" in arguments.only:
            yield messages.measure(name, folder, rounds=rounds, count=arguments.messages)
        if "wakeup" in arguments.only:
            yield wakeup.measure(name, folder, rounds=rounds)
        if "listing" in arguments.only:
            yield from listing.measure(name, folder, rounds=rounds, seconds=seconds)
        if "feeds" in arguments.only:
            yield from feeds.measure(name, folder, rounds=rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ["composing", "registration", "growth", "messages", "wakeup", "listing", "feeds"]
    parser.add_argument("only", nargs="*", default=kinds, help=f"any of: {', '.join(kinds)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in each round")
    parser.add_argument("--messages", type=int, default=10_000, help="due in each round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
