"""The forms of the server's pages: what is asked, in which words, and what is wrong with an answer.

They save nothing, except where allauth has a form save.
"""

from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from klatch.models import Token
from klatch.server import accounts, audit
from klatch.server.models import Act, Workspace


def name_field(label: Any = None, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label or _("Your name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name", **attrs}),
    )


def email_field() -> forms.EmailField:
    return forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


def new_password_field(label: Any = None) -> forms.CharField:
    return forms.CharField(
        label=label or _("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, and not a common one."),
    )


class SetUpForm(forms.Form):
    place = forms.CharField(
        label=_("Name of the place"),
        max_length=80,
        help_text=_("A team, a club, a family. You can change it later."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    name = name_field()
    email = email_field()
    password = new_password_field()
    signup = forms.ChoiceField(
        label=_("Who may make an account"),
        choices=Workspace.SignUp.choices,
        initial=Workspace.SignUp.INVITE,
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        _check_password(self, "password", User(first_name=data.get("name", ""), email=data.get("email", "")))
        return data


def _check_password(form: forms.Form, field: str, user: User) -> None:
    if password := form.cleaned_data.get(field):
        try:
            validate_password(password, user)
        except ValidationError as problem:
            form.add_error(field, problem)


class LogInForm(allauth.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail address or username")
        self.fields["login"].widget.attrs = {
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        }
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""


class SignUpForm(allauth.SignupForm):  # type: ignore[misc]
    """Name, e-mail, password. The username is made from the name."""

    name = name_field()
    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].label = _("Password")
        self.fields["password1"].help_text = _("At least 8 characters, and not a common one.")
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        # allauth spells the field its own way; the adapter reads it there.
        data["first_name"] = data.get("name", "")
        return data

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            user: User = super().save(request)
            audit.record(Act.Kind.ACCOUNT_MADE, user, user=user)
        return user

    def clean_email(self) -> str:
        email = str(super().clean_email())
        if accounts.email_taken(email):
            raise ValidationError(_("There is an account with this e-mail address already."))
        return email


class ChangePasswordForm(allauth.ChangePasswordForm):  # type: ignore[misc]
    """Once is enough: whoever mistypes can have it reset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        for name, label in (("oldpassword", _("Current password")), ("password1", _("New password"))):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)
            self.fields[name].help_text = ""
        self.fields["password1"].help_text = _("At least 8 characters, and not a common one.")

    def clean(self) -> Any:
        return forms.Form.clean(self)


class ResetForm(forms.Form):
    """Behind a link made by an owner: one field, no old password."""

    new_password = new_password_field(_("New password"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        _check_password(self, "new_password", self.user)
        return data

    def save(self) -> User:
        self.user.set_password(self.cleaned_data["new_password"])
        self.user.save(update_fields=["password"])
        return self.user


class ProfileForm(forms.Form):
    """Whoever finds a browser open must not get the account: a password could be reset through a new address."""

    name = name_field(pgettext_lazy("of a person", "Name"))
    email = email_field()
    password = forms.CharField(
        label=_("Current password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Only to change the e-mail address."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.initial = {"name": user.first_name, "email": user.email}

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if accounts.email_taken(email, besides=self.user):
            raise ValidationError(_("There is an account with this e-mail address already."))
        return email

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("email", self.user.email) != self.user.email.lower():
            password = data.get("password")
            # A wrong one counts like a failed log-in; too many raise ``ValidationError``.
            if not password or not get_adapter().reauthenticate(self.user, password):
                self.add_error("password", _("To change your e-mail address, type your password."))
        return data


class LanguageForm(forms.Form):
    # Each language names itself, so that whoever is lost in the wrong one finds the way out.
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select(attrs={"autocomplete": "language"})
    )


class TokenForm(forms.Form):
    """Its page has another field called name: ids of its own keep each label with its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "token_%s", **kwargs})

    name = forms.CharField(
        label=_("What is it for?"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    scope = forms.ChoiceField(
        label=_("What may it do?"), choices=Token.Scope, initial=Token.Scope.WRITE, widget=forms.RadioSelect
    )


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Workspace
        fields = ["name", "signup"]
        widgets = {"signup": forms.RadioSelect, "name": forms.TextInput(attrs={"autocomplete": "off"})}


class InviteForm(forms.Form):
    room = forms.ChoiceField(label=_("Room"))

    def __init__(self, rooms: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["room"].choices = rooms  # type: ignore[attr-defined]
