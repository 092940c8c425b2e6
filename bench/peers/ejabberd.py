"""ejabberd: a group chat (MUC) over XMPP on WebSocket, anonymous logins, its history of 20 messages as by default."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.dialect import EchoDialect, Steps
from bench.peers import Peer, Running, packaged
from bench.process import HOST, Process, accepts, free_port

CONFIG = """hosts: [localhost]
loglevel: warning
auth_method: anonymous
anonymous_protocol: sasl_anon
disable_sasl_mechanisms: []
acl: {{}}
shaper_rules: {{}}
listen:
  - ip: "{host}"
    port: {port}
    module: ejabberd_http
    request_handlers: {{/ws: ejabberd_http_ws}}
modules:
  mod_muc: {{max_users: 10000, default_room_options: {{max_users: 10000}}}}
"""
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
OPEN = f'<open xmlns="{FRAMING}" to="localhost" version="1.0"/>'
LOGIN = '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>'
BIND = '<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
ROOM = "bench@conference.localhost"


class XmppDialect(EchoDialect):
    """Everybody gets a stanza for each message, the poster too; the text is in it once."""

    serial = re.compile(rb">m(\d{8}) ")
    marker = b"<body"

    def __init__(self, port: int) -> None:
        self._port = port

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/ws", {"Sec-WebSocket-Protocol": "xmpp"}

    def steps(self, member: int) -> Steps:
        history = '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>'
        join = f'<presence xmlns="jabber:client" to="{ROOM}/m{member}">{history}</presence>'
        features = b"</stream:features>"
        said = [(OPEN, features), (LOGIN, b"<success"), (OPEN, features), (BIND, b"</jid>"), (join, b"'110'")]
        return [(say.encode(), awaited) for say, awaited in said]

    def post(self, serial: int, body: str, room: int) -> bytes:
        message = f'<message xmlns="jabber:client" to="{ROOM}" type="groupchat"><body>{body}</body></message>'
        return message.encode()


class Ejabberd(Peer):
    name = "ejabberd"
    about = "ejabberd of Debian (Erlang), one node, one MUC room; keeps the last 20 messages in memory, stores nothing"

    def missing(self) -> str | None:
        return None if shutil.which("erl") and libraries() else "ejabberd (apt-get install ejabberd)"

    def versions(self) -> str:
        return packaged("ejabberd")

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        config = self._folder / "ejabberd.yml"
        config.write_text(CONFIG.format(host=HOST, port=port))
        place = ["-mnesia", "dir", f'"{self._folder / "spool"}"']
        command = ["erl", "-noinput", "+K", "true", "+P", "250000", *place, "-s", "ejabberd"]
        log = self._folder / "log"
        self._process = Process(command, log=log, cwd=self._folder, env=self._environment(config))
        ready = self._process.wait(lambda: accepts(port))
        return Running(pids=[self._process.pid], ready_s=ready, dialect=XmppDialect(port))

    def _environment(self, config: Path) -> Mapping[str, str]:
        return {
            "HOME": str(self._folder),
            "ERL_LIBS": str(libraries()),
            "EJABBERD_CONFIG_PATH": str(config),
            "EJABBERD_LOG_PATH": str(self._folder / "ejabberd.log"),
        }


def libraries() -> Path | None:
    """Where Debian puts the libraries of Erlang programs, which its own starter script knows."""
    return next((found.parent for found in Path("/usr/lib").glob("*/ejabberd-*")), None)
