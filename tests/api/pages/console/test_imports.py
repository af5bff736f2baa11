"""Importing and exporting at the console: looked at first, told in plain words, and noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

from api.pages.console.imports import InMemoryParser
from tests.factories import Factory
from webinars.documents.sheets import MOST_BYTES
from webinars.queries.sessions import Scheduled
from webinars.services.registrants import count_by_status
from webinars.tables import AuditEntry, Message
from webinars.terms import SessionStatus
from webinars.work import Process

TWO = b"email,name,Notes\nana@mail.example,Ana,x\nben@mail.example,Ben,y\n"
BAD = b"email,name\nana@mail.example,Ana\nplanted,<b>Ben</b>\n"


@pytest.fixture
def item(sqlite_factory: Factory) -> Scheduled:
    """A session with one seat."""
    return sqlite_factory.session(capacity=1)


@pytest.fixture
def path(item: Scheduled) -> str:
    return f"/console/sessions/{item.session.id}/registrants"


def send(browser: httpx.Client, path: str, content: bytes, **fields: str) -> httpx.Response:
    return browser.post(f"{path}/import", data=fields, files={"file": ("list.csv", content, "text/csv")})


def counts(process: Process, item: Scheduled) -> dict[str, int]:
    with process.read() as work:
        return {status.value: number for status, number in count_by_status(work, item.session.id).items()}


def actions(process: Process) -> list[str]:
    with process.read() as work:
        return [
            action
            for action in work.db.scalars(sa.select(col(AuditEntry.action)).order_by(col(AuditEntry.id)))
            if action.startswith("registrations.")
        ]


def test_a_list_is_checked_then_imported(
    console: httpx.Client, sqlite_process: Process, item: Scheduled, path: str
) -> None:
    assert f'href="{path}/import"' in console.get(path).text
    form = console.get(f"{path}/import").text
    assert 'value="check" checked' in form
    assert 'enctype="multipart/form-data"' in form
    checked = send(console, path, TWO, deed="check", sends_mail="yes")
    assert checked.status_code == 200
    for words in ("The file is fine. Nobody was registered yet.", "<b>1</b> would get a seat", "columns Notes"):
        assert words in checked.text
    assert "Register 2 people" in checked.text
    assert 'value="import" checked' in checked.text
    assert (counts(sqlite_process, item), actions(sqlite_process)) == ({}, [])

    done = send(console, path, TWO, deed="import", sends_mail="yes")
    assert "2 of 2 rows were registered and are told by mail" in done.text
    assert counts(sqlite_process, item) == {"confirmed": 1, "waitlisted": 1}
    assert actions(sqlite_process) == ["registrations.import"]
    again = send(console, path, TWO, deed="import", sends_mail="yes")  # as a reload of the page would
    assert "<b>2</b> registered before" in again.text
    assert counts(sqlite_process, item) == {"confirmed": 1, "waitlisted": 1}


def test_bad_rows_are_listed_with_line_and_reason(
    console: httpx.Client, sqlite_process: Process, item: Scheduled, path: str
) -> None:
    for deed, status in (("check", 200), ("import", 422)):
        answer = send(console, path, BAD, deed=deed)
        assert answer.status_code == status
        assert "One row has" in answer.text
        assert '<th scope="row" class="number" data-label="Line">3</th>' in answer.text
        assert "Enter an e-mail address in the form name@example.com." in answer.text
        assert "planted" not in answer.text
    assert counts(sqlite_process, item) == {}


def test_rows_passed_over_say_why(console: httpx.Client, path: str) -> None:
    answer = send(console, path, TWO + b"ana@mail.example,Ana,z\n", deed="check")
    assert "The same address as in line 2, which counts." in answer.text


def test_mail_can_be_left_out(console: httpx.Client, sqlite_process: Process, path: str) -> None:
    send(console, path, TWO, deed="import")
    with sqlite_process.read() as work:
        assert work.db.scalars(sa.select(Message)).all() == []


@pytest.mark.parametrize("content", [b"", b"PK\x00", b"name\nAna\n"])
def test_what_is_no_such_file_is_told_beside_the_field(console: httpx.Client, path: str, content: bytes) -> None:
    answer = send(console, path, content, deed="import")
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'id="file-wrong"' in answer.text


def test_forms_that_are_none_do_no_harm(console: httpx.Client, path: str) -> None:
    for headers, content in (
        ({"Content-Type": "multipart/form-data"}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nnonsense"),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        ),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"file=a&deed=import"),
        ({}, b""),
    ):
        answer = console.post(f"{path}/import", headers=headers, content=content)
        assert answer.status_code == 422
        assert "Choose a file" in answer.text


def test_a_session_that_takes_nobody_says_so(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, item: Scheduled, path: str
) -> None:
    with sqlite_process.work() as work:
        session = work.db.merge(item.session)
        session.status = SessionStatus.cancelled
    answer = send(console, path, TWO, deed="import")
    assert answer.status_code == 422
    assert "This session has been cancelled." in answer.text
    assert f'href="{path}/import"' not in console.get(path).text


def test_a_list_of_5_mb_is_taken_and_a_larger_one_is_not(console: httpx.Client, path: str) -> None:
    whole = TWO + b"\n" * (MOST_BYTES - len(TWO))
    assert "The file is fine" in send(console, path, whole, deed="check").text
    assert "larger than 5 MB" in send(console, path, whole + b"\n", deed="check").text
    assert send(console, path, whole + b"\n" * 100_000, deed="check").status_code == 413


def test_strangers_may_not_send_large_bodies(visitor: httpx.Client, console: httpx.Client, path: str) -> None:
    assert send(visitor, path, TWO + b"\n" * 100_000, deed="check").status_code == 413
    assert send(visitor, path, TWO, deed="import").status_code == 303  # to the sign-in


def test_an_uploaded_list_stays_in_memory() -> None:
    """In a temporary file, names and addresses would stand on the disk in the clear."""
    assert not _is_on_disk(InMemoryParser)
    assert _is_on_disk(MultiPartParser)  # the control: the framework's own parser would write it there


def _is_on_disk(parser: type[MultiPartParser]) -> bool:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = head + b"x" * (4 * 1024 * 1024) + b"\r\n--x--\r\n"

    async def stream() -> AsyncIterator[bytes]:
        yield body

    async def parse() -> bool:
        headers = Headers({"content-type": "multipart/form-data; boundary=x"})
        form = await parser(headers, stream()).parse()  # type: ignore[arg-type]
        file = form["file"]
        assert isinstance(file, UploadFile)
        rolled = bool(file.file._rolled)  # type: ignore[attr-defined]
        await form.close()
        return rolled

    return asyncio.run(parse())


def test_an_export_is_a_file_and_noted(
    console: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, item: Scheduled, path: str
) -> None:
    assert "Export as CSV" not in console.get(path).text  # there is nobody yet
    sqlite_factory.registration(item.session.id, "ana@mail.example", name="=Ana")
    assert "Export as CSV" in console.get(path).text
    assert console.get(f"{path}/export").status_code == 405
    answer = console.post(f"{path}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="registrations-{item.session.id}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b'\xef\xbb\xbf"name","email",')
    assert '"\'=Ana","ana@mail.example",' in answer.content.decode("utf-8-sig")
    assert actions(sqlite_process) == ["registrations.export"]


def test_viewers_neither_import_nor_export(
    viewer: httpx.Client, sqlite_factory: Factory, sqlite_process: Process, item: Scheduled, path: str
) -> None:
    sqlite_factory.registration(item.session.id)
    page = viewer.get(path).text
    assert "/import" not in page
    assert "/export" not in page
    assert viewer.get(f"{path}/import").status_code == 403
    assert send(viewer, path, TWO, deed="import").status_code == 403
    assert viewer.post(f"{path}/export").status_code == 403
    assert (counts(sqlite_process, item), actions(sqlite_process)) == ({"confirmed": 1}, [])
