"""The front door: the commands. The only place that sees `webinars`, `api` and `scheduler` at once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

import click
import uvicorn

from webinars.documents.sheets import MOST_BYTES
from webinars.errors import CannotStart, RowsRefused, WebinarsError
from webinars.logs import configure_logs
from webinars.rules.imports import RowProblem
from webinars.services import demo, exports, health, hosts, imports, registrants, rescheduling, schema, tokens
from webinars.settings import Environment, Settings, load_settings
from webinars.terms import Role, Scope
from webinars.work import Process

_ACTOR = "command"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webinars")
def main() -> None:
    """Webinar registration and scheduling."""
    configure_logs()


@contextmanager
def _process(settings: Settings | None = None) -> Iterator[Process]:
    """A process for one command; what it refuses is said in plain words."""
    try:
        process = Process(settings or load_settings())
        try:
            yield process
        finally:
            process.close()
    except WebinarsError as refusal:
        raise click.ClickException(refusal.detail) from None


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.  [default: WEBINARS_PORT or 8000]")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Web processes.")
@click.option("--no-scheduler", is_flag=True, help="Leave reminders and mail to `webinars work`.")
def serve(host: str, port: int | None, workers: int, no_scheduler: bool) -> None:
    """Serve the pages, the API and the console, with a scheduler beside them."""
    with _process() as process:
        _check_schema(process)
        _serve(process, host, port or process.settings.port, workers, with_scheduler=not no_scheduler)


@main.command()
@click.option("--once", is_flag=True, help="Do all that is due now, then end.")
def work(once: bool) -> None:
    """Plan reminders, settle sessions and send messages. Any number of these on PostgreSQL."""
    from scheduler.loop import Scheduler  # noqa: PLC0415 - the web process without a scheduler does without it

    with _process() as process:
        _check_schema(process)
        scheduler = Scheduler(process)
        if once:
            steps = scheduler.tick(process.clock.now())
            scheduler.stop()
            click.echo(f"{steps} steps")
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=scheduler.stop).start())
        scheduler.run()


@main.command()
def migrate() -> None:
    """Bring the database's schema to its newest form."""
    with _process() as process:
        click.echo(f"The schema is at {schema.migrate(process)}.")


@main.command()
def retime() -> None:
    """Work out anew when sessions start, after an update of the time zone data. A scheduler does so once a day."""
    with _process() as process:
        _check_schema(process)
        done = rescheduling.retime_sessions(process, process.clock.now())
    click.echo(f"{done.moved} sessions take place at another moment. Whoever is registered is told.")
    for session_id in done.unclear:
        click.echo(f"{session_id}: its wall time does not exist any more, or exists twice. Choose another.", err=True)
    if done.unclear:
        sys.exit(1)


@main.command()
def check() -> None:
    """Look at configuration, database, mail, meeting provider and clock: green or red."""
    with _process() as process:
        findings = health.check(process, process.clock.now())
    for finding in findings:
        mark = click.style("green", fg="green") if finding.is_well else click.style("red  ", fg="red")
        click.echo(f"{mark}  {finding.name}: {finding.words}")
    if not all(finding.is_well for finding in findings):
        sys.exit(1)


@main.command(name="demo")
def demo_() -> None:
    """Fill an empty database with a demo: a catalogue, sessions to come, and a past one with attendance."""
    with _process() as process:
        _check_schema(process)
        demo.load(process, process.clock.now())
        click.echo(f"The demo is there. Console: {process.settings.base_url}/console  {demo.HOST_EMAIL}")
        click.echo(demo.host_password(process))


@main.group()
def host() -> None:
    """Accounts of the console."""


@host.command(name="add")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
def add_host(email: str, role: str) -> None:
    """Make an account. Its password is the last line, shown this once."""
    with _process() as process:
        _check_schema(process)
        with process.work() as work:
            _, password = hosts.add_host(work, email, Role(role), password=None, actor=_ACTOR, now=process.clock.now())
        click.echo(f"{email} may sign in as {role} at {process.settings.base_url}/console with:")
        click.echo(password)


@main.group()
def token() -> None:
    """Keys of the JSON API."""


_SCOPE = click.Choice([scope.value for scope in Scope])


@token.command(name="create")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--scope", "scopes", type=_SCOPE, multiple=True, required=True, help="What it may do.")
@click.argument("more_scopes", type=_SCOPE, nargs=-1)
def create_token(name: str, scopes: tuple[str, ...], more_scopes: tuple[str, ...]) -> None:
    """Make a key. It is the last line, shown this once. `--scope` takes several scopes, and may be repeated."""
    scopes += more_scopes
    with _process() as process:
        _check_schema(process)
        with process.work() as work:
            secret = tokens.create_token(
                work, name, [Scope(scope) for scope in scopes], actor=_ACTOR, now=process.clock.now()
            )
        click.echo(f"The token {name!r} may: {', '.join(scopes)}.")
        click.echo(secret)


@main.group(name="import")
def import_() -> None:
    """Take in lists from elsewhere."""


@import_.command(name="registrations")
@click.argument("session", type=click.UUID)
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would become of the rows.")
@click.option("--no-mail", is_flag=True, help="Do not tell anybody by mail.")
def import_registrations(session: UUID, file: BinaryIO, dry_run: bool, no_mail: bool) -> None:
    """Register everybody in a CSV FILE for a SESSION (its id): all of them, or nobody if a row is bad."""
    with _process() as process:
        _check_schema(process)
        people = imports.read_people(file.read(MOST_BYTES + 1))
        try:
            with process.work() as work, _progress("Registering", len(people.newcomers)) as progress:
                done = imports.import_registrants(
                    work,
                    session,
                    people,
                    dry_run=dry_run,
                    sends_mail=not no_mail,
                    actor=_ACTOR,
                    now=process.clock.now(),
                    progress=progress,
                )
        except RowsRefused as refusal:
            _say_rows([RowProblem(**row) for row in cast(list[dict[str, Any]], refusal.facts["problems"])])
            raise
    _say_rows(done.skipped)
    _say_rows(done.problems)
    if done.unknown_columns:
        click.echo(f"Nothing was read from the columns {', '.join(done.unknown_columns)}.", err=True)
    counts = [f"{count} {status.value}" for status, count in sorted(done.decided.items())]
    counts += [f"{done.already_registered} registered before", f"{len(done.skipped)} passed over"]
    if done.bad_rows:
        counts.append(f"{done.bad_rows} to be put right")
    click.echo(f"{done.rows} rows{' (dry run)' if dry_run else ''}: {', '.join(counts)}.")
    if done.bad_rows:
        sys.exit(1)


def _say_rows(rows: Sequence[RowProblem]) -> None:
    for row in rows[: imports.MOST_SHOWN]:
        click.echo(f"line {row.line}{f', {row.column}' if row.column else ''}: {row.detail}", err=True)


@main.group(name="export")
def export() -> None:
    """Give out what is kept, as files."""


@export.command(name="registrations")
@click.argument("session", type=click.UUID)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]")
def export_registrations(session: UUID, output: Path | None) -> None:
    """All registrations of a SESSION (its id) as CSV, with names and addresses: it is noted in the audit log."""
    with _process() as process:
        _check_schema(process)
        with process.read() as work:
            length = sum(registrants.count_by_status(work, session).values())
        with _progress("Reading", length) as progress:
            content = exports.export_registrations(
                process, session, actor=_ACTOR, now=process.clock.now(), progress=progress
            )
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        _write_whole(output, content)


def _write_whole(path: Path, content: bytes) -> None:
    """A file that is there in full or not at all, and that only its owner may read: it names people."""
    part = path.with_name(f"{path.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)


@contextmanager
def _progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar beside the output, told how many are done."""
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


@main.command()
def run() -> None:
    """Everything in one process, ready to try: schema, demo, pages, console, API and scheduler."""
    with _process() as process:
        settings = process.settings
        if settings.environment is Environment.production:
            raise CannotStart("`run` is for trying things out. In production use `migrate`, then `serve`.")
        if not schema.is_current(process):
            schema.migrate(process)
        if demo.is_wanted(process):
            demo.load(process, process.clock.now())
        for line in _addresses(process):
            click.echo(line)
        _serve(process, "127.0.0.1", settings.port, 1, with_scheduler=True)


def _addresses(process: Process) -> list[str]:
    settings, password = process.settings, demo.host_password(process)
    lines = [f"  Pages    {settings.base_url}/", f"  Console  {settings.base_url}/console"]
    if password:
        lines.append(f"           sign in as {demo.HOST_EMAIL} with {password}")
    lines += [f"  API      {settings.base_url}/api/v1/openapi.json", f"  Mail     {settings.base_url}/dev/mail"]
    return ["", *lines, "", "Ctrl-C ends it.", ""]


def _check_schema(process: Process) -> None:
    if not schema.is_current(process):
        raise CannotStart("The database's schema is not the one this program needs. Run `webinars migrate` first.")


def _serve(process: Process, host: str, port: int, workers: int, *, with_scheduler: bool) -> None:
    from api.main import create_app  # noqa: PLC0415 - a worker does without the web

    if workers > 1 and process.engines.is_sqlite:
        raise CannotStart(
            "SQLite lets one process write at a time, and several would wait for each other by polling. "
            "Use --workers 1, or PostgreSQL."
        )
    target = create_app(process) if workers == 1 else "api.main:create_app_from_environment"
    config = uvicorn.Config(
        target,
        factory=workers > 1,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=process.settings.trusted_proxies,
        timeout_graceful_shutdown=20,
    )
    # Told to end, uvicorn shuts down in order and then hands the signal on: SIGTERM must not kill what is left to do.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _scheduler_beside(process, wanted=with_scheduler), suppress(KeyboardInterrupt):
        _run_uvicorn(config)


def _run_uvicorn(config: uvicorn.Config) -> None:
    if config.workers == 1:
        uvicorn.Server(config).run()
    else:
        from uvicorn.supervisors import Multiprocess  # noqa: PLC0415

        sockets = [config.bind_socket()]
        Multiprocess(config, sockets=sockets).run()


@contextmanager
def _scheduler_beside(process: Process, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    from scheduler.loop import Scheduler  # noqa: PLC0415

    scheduler = Scheduler(process)
    thread = threading.Thread(target=scheduler.run, name="scheduler")
    thread.start()
    try:
        yield
    finally:
        scheduler.stop()
        thread.join()


if __name__ == "__main__":
    main()
