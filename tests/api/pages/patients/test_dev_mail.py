"""The mailbox of a development machine."""

from __future__ import annotations

from tests.api.pages.patients.conftest import Visitor
from tests.factories import Factory
from webinars.gateways.captured import DirTransport
from webinars.services.delivery import Sender
from webinars.work import Process


def test_mails_can_be_read_and_their_html_can_do_nothing(
    visitor: Visitor, make: Factory, sqlite_process: Process
) -> None:
    assert "Nothing yet" in visitor.get("/dev/mail").text
    sqlite_process.mail = DirTransport(sqlite_process.settings.var_dir / "mail")
    make.registration(make.session().session.id, "ana@mail.example", name="<b>Ana")
    sender = Sender(sqlite_process)
    sender.send_due(make.now)
    sender.stop()
    listed = visitor.get("/dev/mail").text
    assert "ana@mail.example" in listed
    (kept,) = (sqlite_process.settings.var_dir / "mail").glob("*.eml")
    page = visitor.get(f"/dev/mail/{kept.name}")
    assert "BEGIN:VCALENDAR" in page.text
    assert '<a href="http://127.0.0.1:8000/j/' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    html = visitor.get(f"/dev/mail/{kept.name}/html")
    assert "sandbox; default-src 'none'" in html.headers["content-security-policy"]
    assert visitor.get("/dev/mail/nothing.eml").status_code == 404
    assert visitor.get("/dev/mail/..%2Fsecret.key").status_code == 404
