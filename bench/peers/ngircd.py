"""ngIRCd, a chat server in C that keeps nothing: one channel, plain lines over TCP."""

import re
import shutil
from collections.abc import Iterable

from bench.dialect import Dialect, Steps
from bench.peers import Peer, Running, packaged
from bench.process import HOST, Process, accepts, free_port

CONFIG = """[Global]
Name = irc.bench.example
AdminInfo1 = bench
Info = bench
Listen = {host}
Ports = {port}
ServerUID = 65534
ServerGID = 65534
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
"""


class IrcDialect(Dialect):
    """IRC does not echo to the poster, so that one is extra; the answer to a PING behind the message is its answer."""

    serial = re.compile(rb"PRIVMSG #bench :m(\d{8}) ")
    marker = b" PRIVMSG #bench :"
    lines = True
    echoes = False
    _pong = re.compile(rb" PONG \S+ :?s(\d+)")

    def __init__(self, port: int) -> None:
        self._port = port

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "", {}

    def steps(self, member: int) -> Steps:
        login = f"NICK m{member}\r\nUSER m{member} 0 * :member {member}"
        return [(login.encode(), b" 001 "), (b"JOIN #bench", b" 366 ")]

    def post(self, serial: int, body: str, room: int) -> bytes:
        return f"PRIVMSG #bench :{body}\r\nPING s{serial}".encode()

    def answers(self, payload: bytes) -> Iterable[tuple[int, None]]:
        return [(int(digits), None) for digits in self._pong.findall(payload)]


class Ngircd(Peer):
    name = "ngircd"
    about = "ngIRCd of Debian (C, epoll), one channel, flood protection off; no accounts, stores nothing"

    def missing(self) -> str | None:
        return None if shutil.which("ngircd") else "ngircd (apt-get install ngircd)"

    def versions(self) -> str:
        return packaged("ngircd")

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        config = self._folder / "ngircd.conf"
        config.write_text(CONFIG.format(host=HOST, port=port))
        # It gives up root's rights by itself and must still read its configuration.
        for folder in (self._folder, self._folder.parent, self._folder.parent.parent):
            folder.chmod(0o755)
        self._process = Process(["ngircd", "-n", "-f", str(config)], log=self._folder / "log", cwd=self._folder, env={})
        ready = self._process.wait(lambda: accepts(port))
        return Running(pids=[self._process.pid], ready_s=ready, dialect=IrcDialect(port))
