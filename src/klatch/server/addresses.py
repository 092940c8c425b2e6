"""Addresses under which others reach this server: in links, codes and the terminal."""

import socket
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from klatch.server.environment import handed_down

# Where this server is reached from the network, when it listens there; set by `klatch serve`, for its workers too.
on_network: list[str] = handed_down()


def public(request: HttpRequest, path: str) -> str:
    """``path`` as others reach it. Behind a proxy the request itself may know neither scheme nor port."""
    origins: list[str] = settings.KLATCH_ORIGINS
    for origin in origins:
        if urlsplit(origin).netloc == request.get_host():
            return origin + path
    if origins:
        return origins[0] + path
    link = request.build_absolute_uri(path)
    # Whoever sits at the machine itself would send others to their own machines.
    return on_network[0] + path if on_network and here_only(link) else link


def here_only(link: str) -> bool:
    """Whether an address means the machine that asks."""
    return loopback(urlsplit(link).hostname or "")


def loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def of_this_machine() -> list[str]:
    """Its names on the network: what the system would send from. Sends nothing."""
    found = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            name = probe.getsockname()[0]
            if not ip_address(name).is_loopback and not ip_address(name).is_link_local:
                found.append(f"[{name}]" if family == socket.AF_INET6 else name)
    return found
