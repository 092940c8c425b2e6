"""Settings of the tutorial project: a new Django project with Channels and a channel layer, and nothing else."""

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
_layers = {
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # redis-py 8 gives up reading after five seconds, which is just as long as the layer waits for a message.
            "hosts": [{"address": _valkey, "socket_timeout": None}],
            # The layer drops what exceeds 100 waiting messages. Raised, so that the flood is measured and not the loss.
            "capacity": 100_000,
        },
    },
    "pubsub": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_valkey]}},
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 100_000}},
}
CHANNEL_LAYERS = {"default": _layers[os.environ["TUTORIAL_LAYER"]]}
