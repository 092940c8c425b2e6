"""The standalone server as a Django app: its tables, and what it does when something happens elsewhere."""

import atexit

from django.apps import AppConfig
from django.db import connections
from django.utils.translation import gettext_lazy as _


class ServerConfig(AppConfig):
    name = "klatch.server"
    label = "klatch_server"
    verbose_name = _("Server")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from klatch.server import accounts, audit, sessions

        accounts.connect()
        audit.connect()
        sessions.connect()
        # A pool that is still open when Python ends waits seconds for threads that are gone.
        atexit.register(_close_pools)


def _close_pools() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
