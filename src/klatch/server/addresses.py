"""Addresses that leave this server: in links, codes and the terminal."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def public(request: HttpRequest, path: str) -> str:
    """``path`` as others reach it. Behind a proxy the request itself may know neither scheme nor port."""
    origins: list[str] = settings.KLATCH_ORIGINS
    here = request.get_host()
    for origin in origins:
        if urlsplit(origin).netloc == here:
            return origin + path
    return origins[0] + path if origins else request.build_absolute_uri(path)
