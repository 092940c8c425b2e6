"""The ways a command can fail that are nobody's bug: one sentence and an exit code each, never a traceback."""

from typing import IO, Any

import click


class Problem(click.ClickException):
    """Exit codes are documented in ``klatch --help``; 2 is click's own for a wrong command line."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"klatch: {self.format_message()}", err=True, file=file)


class BadSettings(Problem):
    exit_code = 3


class BadFolder(Problem):
    exit_code = 4


class PortTaken(Problem):
    exit_code = 5


class AlreadyRunning(Problem):
    exit_code = 6


class NewerDatabase(Problem):
    exit_code = 7


class NoDatabase(Problem):
    exit_code = 8


EXIT_CODES = """Exit codes: 0 done, 1 it did not work, 2 wrong command line, 3 a setting cannot be read, 4 the data
folder cannot be used, 5 the port is taken, 6 a server already runs on this folder, 7 the database is newer than this
Klatch, 8 the database cannot be reached."""
