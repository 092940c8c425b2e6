"""Announcements to host projects, after commit where nothing else is said, and the login facts that reach open sockets.

Our own message flow never depends on them.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal

room_created = Signal()  # sender=Room, room=…
# A person's logins may have ended (password change, deactivation): their sockets must be looked at again.
rights_changed = Signal()  # sender=None, user_id=…
# Exactly this session has ended.
session_ended = Signal()  # sender=None, session_key=…
# These sessions hold open sockets; every few seconds, from a thread that may use the database.
sessions_used = Signal()  # sender=None, keys=[…]
# Something that lets people in or out, for who keeps a record. Sent inside the transaction that does it.
administered = (
    Signal()
)  # sender=None, act="token.made", actor=…, user=whom it is about, words="its name", number=its id


def connect() -> None:
    """Watch the host's user model."""
    user_logged_out.connect(_logged_out, dispatch_uid="klatch.logged_out")
    post_save.connect(_user_saved, sender=get_user_model(), dispatch_uid="klatch.user_saved")
    post_delete.connect(_user_saved, sender=get_user_model(), dispatch_uid="klatch.user_deleted")


def _logged_out(sender: Any, *, request: Any = None, **kwargs: Any) -> None:
    # Django sends this before it deletes the session, so the session is named: looking it up could still find it.
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        session_ended.send(sender=None, session_key=key)


def _user_saved(sender: Any, *, instance: Any, update_fields: Any = None, created: bool = False, **kwargs: Any) -> None:
    if not created and (update_fields is None or {"password", "is_active"} & set(update_fields)):
        rights_changed.send(sender=None, user_id=instance.pk)
