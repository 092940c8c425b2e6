"""Accounts, tokens and messages from the command line, through the same functions as the pages."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klatch.server.cli import start
from klatch.server.cli.problems import Problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def create_user(username: str, email: str, password: str, *, name: str | None, owner: bool, data: Path | None) -> None:
    start.load(data)
    from django.contrib.auth.models import User
    from django.contrib.auth.validators import UnicodeUsernameValidator
    from django.core.exceptions import ValidationError
    from django.core.management import call_command
    from django.db import transaction
    from django.utils.translation import gettext as _

    from klatch.server import accounts, audit
    from klatch.server.forms import name_field
    from klatch.server.models import Act, Workspace

    if start.pending(start.migrations()):
        call_command("migrate", verbosity=0, interactive=False)
    # A line ends with a newline; a password may end with a space.
    password = password.removesuffix("\n").removesuffix("\r")
    if not password:
        raise Problem("The password file is empty.")
    try:
        UnicodeUsernameValidator()(username)
        name = name_field().clean(name) if name is not None else username
        accounts.check(email=email, password=password, name=name)
    except ValidationError as problem:
        raise Problem(" ".join(problem.messages)) from problem
    if username.casefold() in accounts.RESERVED or User.objects.filter(username__iexact=username).exists():
        raise Problem(f"The name “{username}” is taken. Choose another.")
    person = {"name": name, "username": username, "email": email, "password": password}
    try:
        with transaction.atomic(), audit.at_command_line():
            if Workspace.current() is not None:
                user = accounts.create(owner=owner, **person)
                audit.record(Act.Kind.ACCOUNT_MADE, None, user=user)
                if owner:
                    audit.record(Act.Kind.PROMOTED, None, user=user)
            elif owner:
                accounts.found(place="Klatch", signup=Workspace.SignUp.INVITE, lobby=_("lobby"), **person)
            else:
                raise Problem("The first account must be an owner: add --owner.")
    except accounts.AlreadySetUpError as problem:
        raise Problem("Somebody set this place up at the same moment. Try again.") from problem
    click.echo(f"Made {'the owner' if owner else 'the account'} {username}.", err=True)


def token(name: str, purpose: str, scope: str, *, data: Path | None) -> None:
    start.load_existing(data)
    from klatch.actions.tokens import create_token
    from klatch.errors import KlatchError
    from klatch.server import audit

    try:
        with audit.at_command_line():
            _, secret = create_token(_user(name), purpose, scope)
    except KlatchError as problem:
        raise Problem(problem.detail) from problem
    click.echo(secret)


def post(slug: str, text: str, author: str | None, *, data: Path | None) -> None:
    start.load_existing(data)
    from django.contrib.auth.models import User

    import klatch
    from klatch.errors import KlatchError, NotFound

    user = _user(author) if author else User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None:
        raise Problem("There is no owner to post as; name somebody with --as.")
    try:
        klatch.post(slug, user, text.removesuffix("\n"))
    except NotFound as problem:
        raise Problem(f"{user.username} is in no room with the address “{slug}”.") from problem
    except KlatchError as problem:
        raise Problem(problem.detail) from problem


def _user(name: str) -> "User":
    from django.contrib.auth.models import User

    user = User.objects.filter(username__iexact=name).first()
    if user is None:
        raise Problem(f"There is nobody called “{name}” here.")
    if not user.is_active:
        raise Problem(f"The account of {user.username} is deactivated.")
    return user
