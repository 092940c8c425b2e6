"""Several processes behind one listening socket: started, kept alive, replaced one after the other on SIGHUP.

The supervisor is uvicorn's; this says when all are ready and what several processes need.
"""

import socket
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from klatch.server.cli.problems import BadSettings, Problem
from klatch.server.environment import Environment

READY_SECONDS = 60.0


def check(env: Environment, count: int) -> None:
    """Raises ``BadSettings`` where several processes would not see one another or the same data."""
    if count > 1 and not env.database:
        raise BadSettings(
            "Several workers need PostgreSQL; SQLite is for one. "
            "Give --database-url postgres://user:password@host/klatch, or leave out --workers."
        )


def run(config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until told to stop. Raises ``Problem`` where a process does not start."""
    _Workers(config, [listener], announce).run()


class _Workers(Multiprocess):
    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._announce = announce

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(READY_SECONDS, self.should_exit) for process in self.processes):
            self._announce()
            return
        for process in self.processes:
            process.kill()
        raise Problem("A worker could not start; see above.")
