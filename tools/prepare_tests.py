"""Gets what the tests need beyond PyPI: Chromium, Thunderbird, and calendar readers in C and JavaScript. Quick when
they are there; `make test` runs it every time.

With `CI=true` or `--strict`, what could not be had is an error, so that no test is ever left out unseen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-liberation", "fonts-noto-core")
LIBICAL_PACKAGES = ("gir1.2-ical-3.0", "python3-gi")
THUNDERBIRD_PACKAGES = ("thunderbird",)
NODE_PACKAGES = ("nodejs", "npm")
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's libical speaks to that one alone."""
READERS = Path(__file__).parents[1] / "tests" / "interop"
"""Where the JavaScript readers' package.json is."""
JUDGES = Path(__file__).parents[1] / "tests" / "browser"
"""Where the package.json of what judges pages is."""
PLAYWRIGHT_CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
PLAYWRIGHT_PATHS = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
PATIENCE_S = 900


class InstallError(Exception):
    """Something could not be installed; the text is the reason, in one line."""


def find_chromium() -> str | None:
    """The Chromium to drive: the system's, else the one Playwright downloaded."""
    installed = next(filter(None, map(shutil.which, NAMES)), None)
    if installed:
        return installed
    own_cache = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    for cache in [own_cache] if own_cache else PLAYWRIGHT_CACHES:
        for pattern in PLAYWRIGHT_PATHS:
            for path in sorted(Path(cache).expanduser().glob(pattern), reverse=True):
                return str(path)
    return None


def install_chromium() -> str:
    """Installs Chromium and returns its path.

    Raises:
        InstallError: when no way worked.
    """
    reasons = []
    for way in (_from_the_system, _from_playwright):
        try:
            way()
        except InstallError as error:
            reasons.append(str(error))
            continue
        path = find_chromium()
        if path and _starts(path):  # Ubuntu's package is only a pointer to a snap
            return path
        reasons.append(f"{path or 'what was installed'} does not start")
    raise InstallError("; ".join(reasons))


def has_libical() -> bool:
    """Whether calendar files can be read with libical."""
    return Path(SYSTEM_PYTHON).exists() and _runs(
        [SYSTEM_PYTHON, "-c", "import gi; gi.require_version('ICalGLib', '3.0')"]
    )


def has_javascript_readers() -> bool:
    """Whether calendar files can be read with ical.js and node-ical."""
    return shutil.which("node") is not None and all(
        (READERS / "node_modules" / name).is_dir() for name in ("ical.js", "node-ical")
    )


def has_thunderbird() -> bool:
    """Whether invites can be handled by Thunderbird."""
    path = shutil.which("thunderbird")
    return path is not None and _starts(path)


def install_libical() -> None:
    """Raises:
    InstallError: when it could not be had.
    """
    _from_the_system(LIBICAL_PACKAGES)
    if not has_libical():
        raise InstallError("it does not load")


def install_thunderbird() -> None:
    """Raises:
    InstallError: when it could not be had.
    """
    _from_the_system(THUNDERBIRD_PACKAGES)
    if not has_thunderbird():  # Ubuntu's package is only a pointer to a snap
        raise InstallError("it does not start")


def install_javascript_readers() -> None:
    """Raises:
    InstallError: when they could not be had.
    """
    _npm_install(READERS)


def has_page_judges() -> bool:
    """Whether pages can be judged with html-validate and Lighthouse."""
    return shutil.which("node") is not None and all(
        (JUDGES / "node_modules" / name).is_dir() for name in ("html-validate", "lighthouse")
    )


def install_page_judges() -> None:
    """Raises:
    InstallError: when they could not be had.
    """
    _npm_install(JUDGES)


def _npm_install(folder: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        _from_the_system(NODE_PACKAGES)
    _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)])


def _from_the_system(packages: Sequence[str] = PACKAGES) -> None:
    if not shutil.which("apt-get"):
        raise InstallError("no apt-get here")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and not shutil.which("sudo"):
        raise InstallError("apt-get needs root")
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    try:
        _run(install)
    except InstallError:  # package lists that are missing or too old are the usual reason
        _run([*apt, "update"])
        _run(install)


def _from_playwright() -> None:
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _starts(executable: str) -> bool:
    return _runs([executable, "--version"])


def _runs(command: list[str]) -> bool:
    try:
        _run(command)
    except InstallError:
        return False
    return True


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"{command[0]} took longer than {PATIENCE_S} s") from None
    except OSError as error:
        raise InstallError(str(error)) from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith(("E:", "Error", "sudo:"))), lines[-1] if lines else "")
        raise InstallError(said or f"{command[0]} ended with status {done.returncode}")


WANTED: tuple[tuple[str, str, Callable[[], object], Callable[[], object]], ...] = (
    ("Chromium", "browser tests", find_chromium, install_chromium),
    ("libical", "a part of the calendar tests", has_libical, install_libical),
    ("ical.js and node-ical", "a part of the calendar tests", has_javascript_readers, install_javascript_readers),
    ("html-validate and Lighthouse", "a part of the browser tests", has_page_judges, install_page_judges),
    ("Thunderbird", "a part of the calendar tests", has_thunderbird, install_thunderbird),
)
"""What, for which tests, how it is found, and how it is had."""


def main() -> int:
    is_missing = False
    for what, tests, find, install in WANTED:
        if find():
            continue
        print(f"Installing {what} for {tests}", flush=True)
        try:
            install()
        except InstallError as error:
            print(f"not run: {tests} ({what}: not here, and could not be installed: {error})")
            is_missing = True
    return 1 if is_missing and ("--strict" in sys.argv[1:] or os.environ.get("CI") == "true") else 0


if __name__ == "__main__":
    sys.exit(main())
