"""Every file that decides something has a test file of its own name, so that one knows where to look."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MIRRORED = ("webinars", "webinars/rules", "webinars/services", "webinars/documents", "webinars/gateways", "scheduler")

SEEN_ELSEWHERE = {
    "webinars/__main__.py": ("tests/webinars/test_main.py", "tests/faults/test_signals.py"),
    "webinars/errors.py": ("tests/architecture/test_errors.py",),
    "webinars/logs.py": ("tests/webinars/test_main.py",),
    "webinars/testing.py": ("tests/webinars/test_clock.py", "tests/webinars/gateways/test_mail.py"),
    "webinars/gateways/captured.py": ("tests/webinars/gateways/test_mail.py",),
    "webinars/gateways/mail_errors.py": ("tests/webinars/gateways/test_smtp.py",),
    "webinars/gateways/sendable.py": ("tests/webinars/gateways/test_mail.py",),
    # Without a rule of their own: what they put together is looked at where it is shown.
    "webinars/services/audit.py": ("tests/webinars/services/test_sessions.py",),
    "webinars/services/corrections.py": ("tests/api/routes/test_registrations.py",),
    "webinars/services/demo_catalogue.py": ("tests/webinars/services/test_demo.py",),
    "webinars/services/mailbox.py": ("tests/api/pages/patients/test_dev_mail.py",),
    "webinars/services/programme.py": ("tests/api/pages/patients/test_listing.py",),
}
"""Where files without a twin are tested. Queries are seen through the services that use them, tables through both."""


def without_twin() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for folder in MIRRORED
        for path in (ROOT / folder).glob("*.py")
        if path.name != "__init__.py" and not (ROOT / "tests" / folder / f"test_{path.name}").exists()
    }


def test_every_file_has_a_twin_or_is_known_to_be_seen_elsewhere() -> None:
    assert without_twin() == set(SEEN_ELSEWHERE)


def test_elsewhere_is_a_place() -> None:
    assert [place for places in SEEN_ELSEWHERE.values() for place in places if not (ROOT / place).exists()] == []
