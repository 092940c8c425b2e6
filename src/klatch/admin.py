"""Klatch in Django's admin: for looking. Nothing is written here: it would go around the event log."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from klatch.models import Ban, Event, Invite, Membership, Message, Reaction, Room, Token


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may view the model sees it; nobody changes it here."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Room)
class RoomAdmin(ReadOnly):
    list_display = ["name", "slug", "kind", "everybody", "members", "count", "active_at", "archived_at"]
    list_filter = ["kind", "everybody", ("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "description"]
    ordering = ["-active_at"]


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ["user", "room", "role", "read", "joined_at"]
    list_filter = ["role"]
    list_select_related = ["user", "room"]
    search_fields = ["user__username", "room__name", "room__slug"]
    ordering = ["-joined_at"]


@admin.register(Ban)
class BanAdmin(ReadOnly):
    list_display = ["user", "room", "by", "at"]
    list_select_related = ["user", "room", "by"]
    search_fields = ["user__username", "room__name"]


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Who wrote when and where, never what: an owner of the place is not thereby in its private rooms."""

    list_display = ["room", "position", "author", "at", "edited_at", "deleted_at"]
    list_filter = ["at", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["room", "author"]
    search_fields = ["author__username", "room__name"]
    exclude = ["body", "html"]
    ordering = ["-pk"]


@admin.register(Reaction)
class ReactionAdmin(ReadOnly):
    list_display = ["emoji", "user", "message"]
    list_select_related = ["user", "message"]
    search_fields = ["emoji", "user__username"]


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["room", "seq", "kind", "actor", "user", "at"]
    list_filter = ["kind", "at"]
    list_select_related = ["room", "actor", "user"]
    search_fields = ["room__name", "actor__username", "user__username"]
    ordering = ["-pk"]


@admin.register(Invite)
class InviteAdmin(ReadOnly):
    list_display = ["pk", "room", "created_by", "created_at", "expires_at", "uses", "max_uses", "revoked_at"]
    list_filter = ["created_at", "expires_at", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["room", "created_by"]
    search_fields = ["room__name", "created_by__username"]
    exclude = ["hash"]
    ordering = ["-pk"]


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ["hint", "name", "user", "scope", "created_at", "revoked_at"]
    list_filter = ["scope", "created_at", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "hint"]
    exclude = ["hash"]
    ordering = ["-pk"]
