"""Settings of the tutorial project: a new Django project with Channels and a Valkey channel layer, and nothing else."""

import os
from pathlib import Path

SECRET_KEY = "only-for-the-benchmark"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "site_urls"
ASGI_APPLICATION = "site_asgi.application"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(os.environ["TUTORIAL_FOLDER"]) / "db.sqlite3"}
}

_valkey = os.environ["TUTORIAL_VALKEY"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # redis-py 8 gives up reading after five seconds, which is just as long as the layer waits for a message.
            "hosts": [{"address": _valkey, "socket_timeout": None}],
            # The layer drops what exceeds 100 waiting messages. Raised, so that the flood is measured and not the loss.
            "capacity": 100_000,
        },
    }
    if os.environ["TUTORIAL_LAYER"] == "core"
    else {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_valkey]}}
}
