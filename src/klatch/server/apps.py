"""The standalone server as a Django app: its one table, and what happens when somebody signs up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServerConfig(AppConfig):
    name = "klatch.server"
    label = "klatch_server"
    verbose_name = _("Server")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from klatch.server import accounts

        accounts.connect()
