"""Django's admin on the server: acts to look at, accounts to change, and every such change is an act."""

from typing import Any

from allauth.core import context
from allauth.usersessions import admin as _usersessions  # registered first, so that it can be taken out
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from klatch.admin import ReadOnly
from klatch.server import accounts, audit
from klatch.server.models import Act

__all__ = ["_usersessions"]

RIGHTS = {"is_staff", "groups", "user_permissions"}


@admin.register(Act)
class ActAdmin(ReadOnly):
    list_display = ["at", "kind", "actor", "command_line", "address", "user", "words", "number"]
    list_filter = ["kind", "at"]
    list_select_related = ["actor", "user"]
    search_fields = ["words", "actor__username", "user__username", "address"]
    ordering = ["-pk"]


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    def save(self, commit: bool = True) -> Any:
        with transaction.atomic():
            user = super().save(commit)
            accounts.password_was_reset(context.request, user, by=context.request.user)
        return user


class PeopleAdmin(auth.UserAdmin):  # type: ignore[type-arg]
    change_password_form = PasswordForm

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = set(form.changed_data)
        if not change:
            audit.record(Act.Kind.ACCOUNT_MADE, request.user, user=obj)
        elif "is_active" in changed:
            kind = Act.Kind.ACCOUNT_OPENED if obj.is_active else Act.Kind.ACCOUNT_CLOSED
            audit.record(kind, request.user, user=obj)
        if "is_superuser" in changed:
            audit.record(Act.Kind.PROMOTED if obj.is_superuser else Act.Kind.DEMOTED, request.user, user=obj)
        if changed & RIGHTS:
            audit.record(Act.Kind.RIGHTS_CHANGED, request.user, user=obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        audit.record(Act.Kind.ACCOUNT_DELETED, request.user, words=obj.username, number=obj.pk)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            for user in queryset:
                audit.record(Act.Kind.ACCOUNT_DELETED, request.user, words=user.username, number=user.pk)
            super().delete_queryset(request, queryset)


admin.site.unregister([User, UserSession])
admin.site.register(User, PeopleAdmin)
