"""A place with people in it, made over HTTP alone: accounts, rooms and messages that a journey starts from."""

import http.client
import itertools
import json
import re
from typing import Any

from tests.server.browsing import Browser
from tests.server.process import PASSWORD, Server

OWNER = "Rosa Lindqvist"


def email_of(name: str) -> str:
    return re.sub(r"\W", "", name.split()[0].lower()) + "@example.org"


class Account:
    """Somebody's log-in at a place, as cookies for a browser and as a token for programs."""

    def __init__(self, place: "Place", name: str, browser: Browser) -> None:
        self.place, self.name, self.browser = place, name, browser
        self.email = email_of(name)
        made = browser.post("/account/tokens/", "/account/", name="tests", scope="write")
        self._token = browser.follow(made).value(r'id="secret"[^>]* value="(klatch_[^"]+)"')
        me = self.api("GET", "/me")["you"]
        self.id, self.username = me["id"], me["username"]

    def api(self, method: str, path: str, **body: Any) -> Any:
        address = self.browser.address
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
        return json.loads(text) if text else None

    def posts(self, room: int, *bodies: str, reply_to: int | None = None) -> list[int]:
        """The ids of the new messages."""
        return [self.api("POST", f"/rooms/{room}/messages", body=b, reply_to=reply_to)["id"] for b in bodies]

    def reads(self, room: int, position: int = 1_000_000) -> None:
        self.api("POST", f"/rooms/{room}/read", position=position)

    def history(self, room: int) -> list[str]:
        """What the server keeps, whatever any page shows."""
        return [message["body"] for message in self.api("GET", f"/rooms/{room}/messages?limit=100")["messages"]]


class Room:
    def __init__(self, info: dict[str, Any]) -> None:
        self.id, self.name, self.slug = info["id"], info["name"], info["slug"]


class Place:
    """A server that Rosa has set up."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self.rosa = Account(self, OWNER, server.set_up())
        self._accounts = {OWNER: self.rosa}
        rooms = self.rosa.api("GET", "/me")["rooms"]
        self.lobby = Room(next(room for room in rooms if room["slug"] == "lobby"))

    @property
    def url(self) -> str:
        return self.server.url

    def account(self, name: str) -> Account:
        """Whoever of this name is here; somebody new comes in by an invite link."""
        if name not in self._accounts:
            secret = self.rosa.api("POST", "/invites", room=self.lobby.id)["secret"]
            browser = self.server.browser()
            page = browser.post(f"/join/{secret}/", name=name, email=email_of(name), password1=PASSWORD)
            assert page.status == 302, page.text
            self._accounts[name] = Account(self, name, browser)
        return self._accounts[name]

    def newcomer(self, first: str = "Ada") -> Account:
        """Somebody whom no other journey has met."""
        return self.account(f"{first}{next(self._numbers)} Newman")

    def room(self, owner: Account, *people: Account, kind: str = "open", name: str = "", description: str = "") -> Room:
        """A new room; nobody in it has said anything."""
        name = name or f"room {next(self._numbers)}"
        made = Room(owner.api("POST", "/rooms", name=name, kind=kind, description=description)["room"])
        if people:
            owner.api("POST", f"/rooms/{made.id}/members", users=[person.id for person in people])
        return made
