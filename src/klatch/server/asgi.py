"""The ASGI application of the server, for `klatch serve` and for anybody's own ASGI server."""

import os

from klatch.server import folder
from klatch.server.environment import environment

folder.prepare(environment().data)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

_django = get_asgi_application()

import klatch  # noqa: E402

application = klatch.asgi(_django)
