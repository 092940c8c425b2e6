"""`klatch` with faults: `python -m tests.faults.server serve …`, and FAULT in the environment says what breaks.

Only tests can start it: the product has no switch for any of this. FAULT is a list of name or name=value, by commas.
"""

import os
import signal
import sys
import threading
import time
from typing import Any


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_ack(value: str) -> None:
    """Killed when a message that says [die] is on disk, before anybody is told."""
    from klatch.realtime import writer

    tell = writer._tell

    def dying(batch: Any, results: Any) -> None:
        if any(job.draft is not None and "[die]" in job.draft.body for job in batch):
            _die()
        tell(batch, results)

    writer._tell = dying


def die_before_fan_out(value: str) -> None:
    """A batch that says [die] is acknowledged but told to nobody; then the process is killed."""
    from klatch.realtime.node import Node
    from klatch.relay.remote import RemoteRelay

    receive, publish = Node.receive, RemoteRelay.publish

    def deaf(self: Any, envelopes: Any) -> None:
        if any("[die]" in (envelope.text or "") for envelope in envelopes):
            threading.Timer(0.3, _die).start()
            return
        receive(self, envelopes)

    def mute(self: Any, envelopes: Any) -> None:
        if any("[die]" in (envelope.text or "") for envelope in envelopes):
            threading.Timer(0.3, _die).start()
            return
        publish(self, envelopes)

    Node.receive, RemoteRelay.publish = deaf, mute  # type: ignore[method-assign]


def mute_relay(value: str) -> None:
    """What says [hush] is not carried to any process, this one included."""
    from klatch.relay.memory import MemoryRelay
    from klatch.relay.remote import RemoteRelay

    for kind in (MemoryRelay, RemoteRelay):
        publish = kind.publish

        def mute(self: Any, envelopes: Any, publish: Any = publish) -> None:
            if not any("[hush]" in (envelope.text or "") for envelope in envelopes):
                publish(self, envelopes)

        kind.publish = mute  # type: ignore[method-assign]


def slow_commits(value: str) -> None:
    """Every other batch waits this many seconds between its last statement and its commit."""
    from klatch import log

    save = log.Record.save
    turn = [0]

    def slow(self: Any) -> None:
        save(self)
        turn[0] += 1
        if turn[0] % 2:
            time.sleep(float(value))

    log.Record.save = slow  # type: ignore[method-assign]


def never_sync(value: str) -> None:
    """SQLite does not wait for the disk."""
    from django.db.backends.signals import connection_created

    def hasty(connection: Any, **_: Any) -> None:
        connection.cursor().execute("PRAGMA synchronous=OFF")

    connection_created.connect(hasty, weak=False)


def lossy_relay(value: str) -> None:
    """What other processes tell comes late, twice, in another order, or not at all."""
    import random

    from klatch.relay.remote import RemoteRelay

    chance = random.Random(int(value or 7))
    take = RemoteRelay._take

    def careless(self: Any, payload: bytes) -> None:
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            self._loop.call_later(chance.random() * 0.2, take, self, payload)

    RemoteRelay._take = careless  # type: ignore[method-assign]


def echo(value: str) -> None:
    """The socket gives each frame back to whoever asks, as suites for WebSocket want it. All below it stays ours."""
    from klatch.server import asgi

    klatch = asgi.application

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await klatch(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})

    asgi.application = application


def main() -> None:
    for fault in filter(None, os.environ.get("FAULT", "").split(",")):
        name, _, value = fault.partition("=")
        _LATER.append((globals()[name.replace("-", "_")], value))
    from klatch.server.cli import start

    load = start.load

    def loaded(*arguments: Any) -> Any:
        result = load(*arguments)
        while _LATER:
            fault_function, fault_value = _LATER.pop()
            fault_function(fault_value)
        return result

    start.load = loaded
    from klatch.server.cli import main as klatch

    klatch()


_LATER: list[Any] = []

if __name__ == "__main__":
    sys.argv[0] = "klatch"
    main()
