"""The one class that a host project subclasses: who people are and what they may do. Holds no state, writes nothing."""

from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model
from django.core.signals import setting_changed
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from klatch.conf import conf


class Adapter:
    """Subclass it and name it in ``KLATCH["ADAPTER"]``. Called for each of many people: make no queries."""

    def name(self, user: Any) -> str:
        """What people read beside a message."""
        return str(user.get_full_name() or user.get_username())

    def avatar(self, user: Any) -> str | None:
        """The address of a picture, or None for coloured initials."""
        return None

    def may_create_rooms(self, user: Any) -> bool:
        return True

    def may_moderate_everything(self, user: Any) -> bool:
        """Owners of the place: moderate and own any room that they are a member of."""
        return bool(user.is_superuser)

    def may_invite_strangers(self, user: Any) -> bool:
        """Who may make invite links."""
        return True

    def people(self, user: Any, q: str) -> QuerySet[Any]:
        """Whom ``user`` may find, invite and write to: active accounts whose name matches ``q``, in a stable order."""
        found = get_user_model()._default_manager.filter(is_active=True)
        if q:
            matches = Q(**{f"{get_user_model().USERNAME_FIELD}__icontains": q})
            for field in ("first_name", "last_name"):
                if any(f.name == field for f in get_user_model()._meta.get_fields()):
                    matches |= Q(**{f"{field}__icontains": q})
            found = found.filter(matches)
        return found.order_by(get_user_model().USERNAME_FIELD)


@lru_cache(maxsize=1)
def adapter() -> Adapter:
    """The project's adapter."""
    made = import_string(conf().adapter)()
    assert isinstance(made, Adapter)
    return made


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "KLATCH":
        adapter.cache_clear()


setting_changed.connect(_forget, dispatch_uid="klatch.adapter")
