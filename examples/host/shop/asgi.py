"""The shop as an ASGI application, with Klatch around it."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

django = get_asgi_application()

import klatch  # noqa: E402 (after Django)

if settings.DEBUG:
    # As `runserver` does it. In production a web server or a package like ServeStatic has the static files.
    django = ASGIStaticFilesHandler(django)

application = klatch.asgi(django)
