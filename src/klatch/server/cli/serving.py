"""`klatch serve`: everything between the command and a listening socket, in the order in which it can go wrong."""

import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click
import uvicorn

from klatch.server import folder
from klatch.server.cli import start, workers
from klatch.server.cli.problems import AlreadyRunning, PortTaken, Problem
from klatch.server.environment import Environment, hand_down, unknown_names


def run(host: str, port: int, data: Path | None, *, browser: bool, count: int = 1) -> None:
    env = start.read(data)
    workers.check(env, count)
    for name in unknown_names():
        click.echo(f"klatch: {name} is not a setting of Klatch; it does nothing.", err=True)
    if env.open_relay:
        click.echo(f"klatch: {env.open_relay}", err=True)
    listener = _bind(host, port)
    start.load(data)
    with _only_server(env):
        _bring_up_to_date(env)
        address = _address(env, host, listener.getsockname()[1])
        setup = _setup_link(env, host, address)
        if not env.database:
            _serve(env, listener, host, address, setup, browser=browser, count=count)
    if env.database:
        # Several servers may share a PostgreSQL database; only the preparations must not meet.
        _serve(env, listener, host, address, setup, browser=browser, count=count)


def _bind(host: str, port: int) -> socket.socket:
    """The port is ours from here on; connections are taken once everything is ready."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as problem:
        raise Problem(f"{host} is not an address of this machine.") from problem
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        # Two sockets may be bound to one port until one listens: taking it means listening.
        listener.listen(2048)
    except OSError as problem:
        listener.close()
        raise _not_ours(problem, host, port) from problem
    return listener


def _not_ours(problem: OSError, host: str, port: int) -> Problem:
    if problem.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Port {port} is taken. Is Klatch running already? Otherwise choose another: --port {port + 1}"
        )
    if problem.errno == errno.EACCES:
        return PortTaken(f"Port {port} needs more rights than you have. Choose one above 1023: --port 8000")
    if problem.errno == errno.EADDRNOTAVAIL:
        return Problem(f"{host} is not an address of this machine.")
    return Problem(f"{host}:{port} cannot be listened on: {problem.strerror}.")


@contextmanager
def _only_server(env: Environment) -> Iterator[None]:
    try:
        with folder.locked(env.data):
            yield
    except folder.InUseError:
        raise AlreadyRunning(
            f"A Klatch already runs on {env.data}. Stop it first, or choose another folder with --data."
        ) from None


def _bring_up_to_date(env: Environment) -> None:
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from klatch.server import sessions, statics

    if start.pending(start.migrations()):
        call_command("migrate", verbosity=0, interactive=False)
    SessionStore.clear_expired()
    sessions.forget_ended()
    statics.collect(env.data)
    # Threads of the server open their own.
    from django.db import connections

    connections.close_all()


def _address(env: Environment, host: str, port: int) -> str:
    if env.origins:
        return env.origins[0]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 (a comparison)
    return f"http://{name}:{port}"


def _setup_link(env: Environment, host: str, address: str) -> str:
    """Where a fresh place is set up, or nothing. Whoever is not at this machine needs the code."""
    from django.contrib.auth.models import User
    from django.db import connections

    from klatch.server.addresses import here_only, loopback

    fresh = not User.objects.exists()
    connections.close_all()
    file = folder.setup_code_file(env.data)
    local = loopback(host) and not env.trusted_proxies and here_only(address)
    if fresh and not local:
        return f"{address}/setup/?code={folder.keep_secret(file, 12)}"
    file.unlink(missing_ok=True)
    return f"{address}/setup/" if fresh else ""


def _serve(
    env: Environment, listener: socket.socket, host: str, address: str, setup: str, *, browser: bool, count: int
) -> None:
    from klatch.server import addresses

    config = uvicorn.Config(
        "klatch.server.asgi:application",
        http="klatch.server.http:HttpProtocol",
        ws="klatch.server.websocket:WebSocketProtocol",
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(env.trusted_proxies),
        forwarded_allow_ips=list(env.trusted_proxies),
        timeout_graceful_shutdown=5,
        backlog=2048,
        workers=count,
    )
    if host in ("0.0.0.0", "::"):  # noqa: S104 (a comparison)
        port = listener.getsockname()[1]
        addresses.on_network = [f"http://{name}:{port}" for name in addresses.of_this_machine()]
        hand_down(addresses.on_network)
    say = partial(_announce, listener, host, address, setup, browser=browser)
    if count > 1:
        workers.run(config, listener, say)
        return
    # uvicorn stops in good order, then raises the signal once more: told to stop, having stopped, is success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _Announcing(config, say)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        raise Problem("The server could not start; see above.")


class _Announcing(uvicorn.Server):
    """Says that it is ready when it is."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.announce()


def _announce(listener: socket.socket, host: str, address: str, setup: str, *, browser: bool) -> None:
    from klatch.server import addresses

    port = listener.getsockname()[1]
    here = "" if address.endswith(f":{port}") else f" (listening on {host}:{port})"
    click.echo(f"Klatch is ready: {address}{here}")
    for other in addresses.on_network:
        click.echo(f"On this network: {other}")
    if setup:
        click.echo(f"Set it up here: {setup}")
        for other in addresses.on_network:
            click.echo(f"or, from another device: {setup.replace(address, other)}")
        if browser and sys.stdout.isatty():
            click.launch(setup)
    sys.stdout.flush()
