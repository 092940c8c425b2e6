"""Klatch as a Django app: checks and the signals that make revocation bite."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KlatchConfig(AppConfig):
    name = "klatch"
    label = "klatch"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from klatch import checks, signals

        checks.register_all()
        signals.connect()
