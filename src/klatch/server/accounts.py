"""Accounts of the server: who may sign up, what a new account gets, the first owner. Pages and CLI both come here.

Rooms are changed through Klatch's actions only.
"""

import logging
import re
import unicodedata
from ipaddress import IPv6Address, ip_address
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_reset, user_signed_up
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from klatch.actions import members, rooms, tokens
from klatch.models import Room
from klatch.server import audit, throttle
from klatch.server.models import Act, Workspace

# What means somebody or everybody in a mention, or would look like the place itself speaking.
RESERVED = frozenset({"all", "admin", "channel", "everybody", "everyone", "here", "klatch", "me", "room", "system"})


logger = logging.getLogger("klatch.server")


class AlreadySetUpError(Exception):
    """Somebody was first."""


def connect() -> None:
    user_signed_up.connect(_admitted, dispatch_uid="klatch.server.admitted")
    password_reset.connect(_reset_by_mail, dispatch_uid="klatch.server.reset")


def _admitted(sender: Any, *, user: User, **kwargs: Any) -> None:
    members.admit(user)


def _reset_by_mail(sender: Any, *, request: HttpRequest, user: User, **kwargs: Any) -> None:
    password_was_reset(request, user, by=user)


def password_was_reset(request: HttpRequest, user: User, *, by: Any) -> int:
    """Somebody else may have had the old one: what they could have left behind ends. Returns how many tokens did.

    The sessions have ended with the old password itself. Who merely changes it, knowing the old one, keeps tokens.
    """
    audit.record(Act.Kind.PASSWORD_SET, by, user=user)
    throttle.forgive(request, user)
    return tokens.revoke_all(user, by=by)


def handle_for(name: str) -> str:
    """A free username made from a person's name, in their own script: “Rosa Lindqvist” → rosa, then rosa2."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    words = re.findall(r"[\w.-]+", folded)
    base = (words[0].strip(".-_")[:24] if words else "") or "guest"
    names = get_user_model()._default_manager
    for number in range(1, 10_000):
        handle = base if number == 1 else f"{base}{number}"
        if handle not in RESERVED and not names.filter(username__iexact=handle).exists():
            return handle
    raise ValidationError(_("There are too many people of that name here. Choose another."))


def email_taken(email: str, besides: User | None = None) -> bool:
    found = User.objects.filter(email__iexact=email)
    return found.exclude(pk=besides.pk).exists() if besides else found.exists()


def check(*, email: str, password: str, name: str = "") -> None:
    """Raises ``ValidationError`` with one entry for each field that will not do."""
    wrong: dict[str, Any] = {}
    try:
        validate_email(email)
        if email_taken(email):
            wrong["email"] = [_("There is an account with this e-mail address already.")]
    except ValidationError as problem:
        wrong["email"] = problem.messages
    try:
        validate_password(password, User(first_name=name, email=email))
    except ValidationError as problem:
        wrong["password"] = problem.messages
    if wrong:
        raise ValidationError(wrong)


def create(*, name: str, email: str, password: str, username: str = "", owner: bool = False) -> User:
    """An account that was checked, in every room that is for everybody. Keeps no act: its caller knows whose it is."""
    user = User(
        username=username or handle_for(name),
        first_name=name,
        email=email.lower(),
        is_staff=owner,
        is_superuser=owner,
    )
    user.set_password(password)
    user.save()
    members.admit(user)
    return user


def found(*, place: str, signup: str, lobby: str, **person: Any) -> tuple[User, Room]:
    """The first owner, the workspace and its lobby. Raises ``AlreadySetUpError``; two at once make one owner."""
    try:
        with transaction.atomic():
            # The row's fixed key is what the second of two loses on, in every database.
            Workspace.objects.create(name=place, signup=signup)
            if User.objects.exists():
                raise AlreadySetUpError
            owner = create(owner=True, **person)
            room = rooms.create_room(owner, name=lobby, slug="lobby", kind=Room.Kind.OPEN, everybody=True)
            audit.record(Act.Kind.SET_UP, owner, user=owner, words=place)
    except IntegrityError as problem:
        if Workspace.current() is None:
            raise
        raise AlreadySetUpError from problem
    return owner, room


def _login(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "")


def _place() -> str:
    place = Workspace.current()
    return place.name if place else "Klatch"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What allauth asks about this place."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Without an invite: join pages do not come through here, they check the invite itself."""
        place = Workspace.current()
        return place is not None and place.signup == Workspace.SignUp.OPEN

    def populate_username(self, request: HttpRequest, user: User) -> None:
        user.username = handle_for(user.first_name)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The ASGI server has already looked behind trusted proxies, and only behind those. Always an address."""
        try:
            address = ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0])
        except ValueError:  # a socket of this machine
            return "0.0.0.0"  # noqa: S104 (says that there is none)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return str(address)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take the attempt before the password is looked at; allauth gives it back when the password is right."""
        action, key = throttle.whose(request, _login(credentials))
        self._login_failed_rl_usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        throttle.remember(request, response, user)
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("server:account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the name of the place. A mail server that is away must not turn a sign-up into an error page."""
        host = urlsplit(settings.KLATCH_ORIGINS[0]).netloc
        try:
            super().send_mail(
                template_prefix, email, {**context, "current_site": SimpleNamespace(name=_place(), domain=host)}
            )
        except OSError:  # every SMTP error is one
            logger.exception("A mail could not be sent (%s)", template_prefix)

    def format_email_subject(self, subject: str) -> str:
        return f"{_place()}: {subject}"

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """That one has logged in is plain to see; only what is not is said."""
        if message_template == "account/messages/password_changed.txt":
            messages.success(request, _("Your password is changed. You are logged out on all other devices."))
