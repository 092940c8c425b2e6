"""The command line: `klatch`. Each command loads what it needs, so that `--help` is instant."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from klatch import __version__
from klatch.server.cli.problems import EXIT_CODES


def with_data[F: Callable[..., Any]](command: F) -> F:
    """The option that every command has."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Where everything is kept: database, secrets, files.  [env: KLATCH_DATA; default: ./data]",
    )(command)


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="klatch")
def cli() -> None:
    """Klatch: your own chat on your own machine.

    Start with `klatch serve` and open the address that it prints.
    """


@cli.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for the whole network."
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--browser/--no-browser", default=True, help="Open the set-up page of a new place in a browser.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; needs PostgreSQL."
)
@click.option("--database-url", metavar="URL", help="postgres://user:password@host/name.  [env: KLATCH_DATABASE_URL]")
@click.option("--relay-url", metavar="URL", help="Valkey between workers: redis://….  [env: KLATCH_RELAY_URL]")
@with_data
def serve(
    host: str,
    port: int,
    browser: bool,
    workers: int,
    database_url: str | None,
    relay_url: str | None,
    data: Path | None,
) -> None:
    """Run the server.

    Makes the data folder and its secrets, brings the database up to date, prints the address and serves until it is
    told to stop (Ctrl+C or SIGTERM): then it finishes what it has begun and sends everybody away to come back, one by
    one where another process takes them in. One server for each folder; several processes with --workers, which SIGHUP
    replaces one by one.

    Settings come from the environment: KLATCH_URL (the address people use, needed behind a proxy),
    KLATCH_DATABASE_URL, KLATCH_RELAY_URL, KLATCH_TRUSTED_PROXIES, KLATCH_EMAIL_URL, KLATCH_EMAIL_FROM,
    KLATCH_SECRET_KEY, KLATCH_LANGUAGE, KLATCH_TIME_ZONE, KLATCH_RATE_LIMIT, KLATCH_DEBUG.
    """
    from klatch.server import environment
    from klatch.server.cli.serving import run

    environment.use("DATABASE_URL", database_url)
    environment.use("RELAY_URL", relay_url)
    run(host, port, data, browser=browser, count=workers)


@cli.command("create-user")
@click.argument("name")
@click.option("--name", "full_name", metavar="TEXT", help="What others read beside messages; without it, NAME.")
@click.option("--email", required=True, help="E-mail address; people log in with it.")
@click.option("--owner", is_flag=True, help="May do everything; the first account must be one.")
@click.option(
    "--password-file",
    required=True,
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="Where the password is read from; - is standard input.",
)
@with_data
def create_user(
    name: str, full_name: str | None, email: str, owner: bool, password_file: Any, data: Path | None
) -> None:
    """Make an account with the username NAME.

    The password never stands on the command line, where other users of the machine could read it:

        echo "$PASSWORD" | klatch create-user rosa --email rosa@example.org --password-file -
    """
    from klatch.server.cli.people import create_user as run

    run(name, email, password_file.read(), name=full_name, owner=owner, data=data)


@cli.command()
@click.argument("name")
@click.option(
    "--for", "purpose", default="command line", show_default=True, help="What the token is for, to recognise it by."
)
@click.option(
    "--scope",
    type=click.Choice(["read", "write"]),
    default="write",
    show_default=True,
    help="Whether it may only read, or all that NAME may.",
)
@with_data
def token(name: str, purpose: str, scope: str, data: Path | None) -> None:
    """Print a new API token of the user NAME, and nothing else."""
    from klatch.server.cli.people import token as run

    run(name, purpose, scope, data=data)


@cli.command()
@click.argument("room")
@click.argument("text")
@click.option("--as", "author", metavar="NAME", help="Who says it; without it, the first owner.")
@with_data
def post(room: str, text: str, author: str | None, data: Path | None) -> None:
    """Post TEXT into the room with the address ROOM; - reads the text from standard input.

    Works while a server runs on the same folder: members see it within seconds.
    """
    from klatch.server.cli.people import post as run

    run(room, sys.stdin.read() if text == "-" else text, author, data=data)


@cli.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@with_data
def backup(file: Path | None, data: Path | None) -> None:
    """Write the whole place to FILE, a zip; works while the server runs.

    Everything in it is of one moment. It holds every message and the password hashes: keep it as safe as the place
    itself. Not in it: log-ins and the secret key.
    """
    from klatch.server.cli.archive import backup as run

    run(file, data)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_data
def restore(file: Path, data: Path | None) -> None:
    """Bring a place back from FILE, while its server is stopped.

    A damaged or foreign FILE changes nothing. On SQLite the database of before is kept beside the new one; on
    PostgreSQL the database must be empty. Everybody logs in again.
    """
    from klatch.server.cli.archive import restore as run

    run(file, data)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that `serve` listens on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Its port.")
@with_data
def doctor(host: str, port: int, data: Path | None) -> None:
    """Look for what could go wrong, and say how to mend it.

    Prints one line for each thing: ✓ is well, ! is worth knowing, ✗ is wrong. Changes nothing. Exit code 1 if any is ✗.
    """
    from klatch.server.cli.doctor import run

    run(host, port, data)


def main() -> None:
    """The entry point."""
    try:
        cli()
    except BrokenPipeError:
        raise SystemExit(0) from None
