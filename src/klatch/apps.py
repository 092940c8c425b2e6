"""Klatch as a Django app: checks and the signals that make revocation bite."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KlatchConfig(AppConfig):
    name = "klatch"
    label = "klatch"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from klatch import checks, log, signals

        checks.register_all()
        signals.connect()
        signals.rights_changed.connect(log.on_rights_changed, dispatch_uid="klatch.log.rights")
        signals.session_ended.connect(log.on_session_ended, dispatch_uid="klatch.log.session")
