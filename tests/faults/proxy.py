"""A line that can be cut, slowed, thinned or swallowed: a TCP proxy in a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Proxy:
    """Listens on ``port``; ``target`` is (host, port), or the path of a Unix socket, and may be set later.

    ``delay`` is in seconds each way; ``rate`` bounds the bytes a second towards the client.
    """

    def __init__(self, target: tuple[str, int] | str = "") -> None:
        self.target = target
        self.delay = 0.0
        self.rate = 0
        self.carried = 0  # bytes towards the client
        self.accepted = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server: Any = None
        self.port: int = self._call(self._listen())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def blackhole(self, on: bool = True) -> None:
        """Nothing comes through any more, no end of a line either; what was sent comes later, if ever."""
        self._do(self._open.clear if on else self._open.set)

    def cut(self) -> None:
        """Every line breaks, with a reset; new ones are welcome."""
        self._do(lambda: [writer.transport.abort() for writer in list(self._writers)])

    def close(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Aborted lines are let go of in the next turns of the loop.
        await asyncio.sleep(0.05)

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _do(self, step: Callable[[], Any]) -> None:
        async def now() -> None:
            step()

        self._call(now())

    async def _listen(self) -> int:
        self._open = asyncio.Event()
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        far: asyncio.StreamWriter | None = None
        self._writers.add(writer)
        try:
            await self._open.wait()
            far_reader, far = await self._connect()
            self._writers.add(far)
            await asyncio.gather(self._pump(reader, far), self._pump(far_reader, writer, back=True))
        except OSError:
            pass
        finally:
            for each in filter(None, (writer, far)):
                self._writers.discard(each)
                with contextlib.suppress(Exception):
                    each.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        line = socket.socket()
        if self.rate:
            # Else the kernel alone would hold megabytes for a slow reader: packets as on a real line, a small window.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_400)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, self.target)
        return await asyncio.open_connection(sock=line, limit=2048 if self.rate else 65536)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool = False) -> None:
        while data := await reader.read(1024 if self.rate and back else 65536):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._open.wait()
            if back:
                self.carried += len(data)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
            writer.write(data)
            await writer.drain()
        await self._open.wait()
        if writer.can_write_eof():
            writer.write_eof()
