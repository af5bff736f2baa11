"""Pages made by the server: for patients, for hosts, and the mailbox of development."""

from __future__ import annotations

from fastapi import FastAPI

from webinars.errors import SignInRequired
from webinars.work import Process


def add_pages(app: FastAPI, process: Process) -> None:
    """Hang all pages into the application."""
    # Imported here because the error pages, which api.errors needs, live in this package too.
    from api.pages import branding, console, dev_mail, patients, static_files  # noqa: PLC0415

    app.include_router(static_files.router)
    app.include_router(branding.router)
    app.include_router(patients.router)
    app.include_router(console.router)
    app.add_exception_handler(SignInRequired, console.ask_to_sign_in)
    if not process.settings.mail_url.get_secret_value():
        app.include_router(dev_mail.router)
