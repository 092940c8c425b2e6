"""The matrix of pages: every address of the server × everybody, permalinks among them.

The endpoints of REST have their rows in ``table``. Klatch takes no files, so that there is no address of one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.security.standings import INSIDE, OUTSIDE, SAID
from tests.security.table import ENDPOINTS
from tests.server.browsing import Browser, Page
from tests.server.journeys import log_in
from tests.server.process import PASSWORD, Server, clean_environment, prepared

# With mail, so that the server has every page there can be.
MAIL = {"KLATCH_URL": "http://127.0.0.1", "KLATCH_EMAIL_URL": "console:"}

# Rosa owns the place and is in the room; ``superuser`` owns the place as well and is not in it.
OWNERS = ("rosa", "supermember", "superuser")
# Who may end a thing comes last, so that all others have tried before.
PEOPLE = ("rosa", *OUTSIDE, *reversed(INSIDE))
# Without a session: nobody, a session that has ended, and Rosa's token, which is for REST and the socket.
NOBODIES = ("anonymous", "logged out", "rosa's token")
EVERYBODY = (*PEOPLE, *NOBODIES)
Outcomes = dict[str, str]


def people(said: str, nobody: str = "log in") -> Outcomes:
    return dict.fromkeys(PEOPLE, said) | dict.fromkeys(NOBODIES, nobody)


ALL = people("ok", "ok")
ACCOUNTS = people("ok")
OWNERS_ONLY = people("forbidden") | dict.fromkeys(OWNERS, "ok")
GONE = people("missing", "missing")
NO_SUCH_METHOD = people("method", "method")
ASKS_FIRST = people("method")  # who one is comes before whether the method is right


def only(*names: str, else_: str = "missing") -> Outcomes:
    return people(else_) | dict.fromkeys(names, "ok")


# Route → an address of it, what comes of GET, what comes of POST with an empty form. What ends something comes last.
PAGES: dict[str, list[tuple[str, Outcomes, Outcomes]]] = {
    "": [("/", ALL, NO_SUCH_METHOD)],
    "setup/": [("/setup/", GONE, GONE)],
    "healthz": [("/healthz", ALL, NO_SUCH_METHOD)],
    "readyz": [("/readyz", ALL, NO_SUCH_METHOD)],
    "favicon.ico": [("/favicon.ico", ALL, ALL)],
    "chat/": [("/chat/", ACCOUNTS, NO_SUCH_METHOD)],
    "chat/i18n.js": [("/chat/i18n.js", ALL, NO_SUCH_METHOD)],
    # Whether the room is there and theirs is asked on the socket: the page is the same for all.
    "chat/<str:slug>/": [("/chat/{slug}/", ACCOUNTS, NO_SUCH_METHOD), ("/chat/nowhere/", ACCOUNTS, NO_SUCH_METHOD)],
    "chat/<str:slug>/<int:position>/": [
        ("/chat/{slug}/{position}/", ACCOUNTS, NO_SUCH_METHOD),
        ("/chat/{slug}/{nowhere}/", ACCOUNTS, NO_SUCH_METHOD),
        ("/chat/nowhere/1/", ACCOUNTS, NO_SUCH_METHOD),
    ],
    "api/v1/": [("/api/v1/", GONE, GONE)],
    "api/v1/openapi.json": [("/api/v1/openapi.json", ALL, ALL)],
    "invite/": [("/invite/", ACCOUNTS, ACCOUNTS)],
    # Owners learn of every room that it is there, and never what is said in it.
    "audit/": [("/audit/", only(*OWNERS), ASKS_FIRST)],
    # Entered only now, after all that may not be shown to who is not in.
    "join/<str:secret>/": [
        ("/join/forged/", GONE, GONE),
        ("/join/{secret}/", ALL, ALL | {"banned": "missing"}),
    ],
    "invite/<int:pk>/revoke/": [
        ("/invite/{nowhere}/revoke/", ASKS_FIRST, people("missing")),
        ("/invite/{invite}/revoke/", ASKS_FIRST, only("owner")),
    ],
    "account/": [("/account/", ACCOUNTS, ASKS_FIRST)],
    "account/profile/": [("/account/profile/", ASKS_FIRST, ACCOUNTS)],
    "account/language/": [("/account/language/", NO_SUCH_METHOD, ALL)],
    "account/tokens/": [("/account/tokens/", ASKS_FIRST, ACCOUNTS)],
    # Somebody else's is answered like one that does not exist: with a sentence on one's own page.
    "account/tokens/<int:pk>/revoke/": [
        ("/account/tokens/{nowhere}/revoke/", ASKS_FIRST, ACCOUNTS),
        ("/account/tokens/{token}/revoke/", ASKS_FIRST, ACCOUNTS),
    ],
    "account/sessions/<int:pk>/end/": [
        ("/account/sessions/{nowhere}/end/", ASKS_FIRST, people("missing")),
        ("/account/sessions/{session}/end/", ASKS_FIRST, only("owner")),
    ],
    "account/elsewhere/": [("/account/elsewhere/", ASKS_FIRST, ACCOUNTS)],
    "people/": [("/people/", OWNERS_ONLY, {**OWNERS_ONLY, **dict.fromkeys(OWNERS, "method")})],
    "people/place/": [("/people/place/", {**OWNERS_ONLY, **dict.fromkeys(OWNERS, "method")}, OWNERS_ONLY)],
    "people/<int:pk>/reset/": [
        ("/people/{person}/reset/", {**OWNERS_ONLY, **dict.fromkeys(OWNERS, "method")}, OWNERS_ONLY)
    ],
    "people/<int:pk>/deactivate/": [
        ("/people/{person}/deactivate/", {**OWNERS_ONLY, **dict.fromkeys(OWNERS, "method")}, OWNERS_ONLY)
    ],
    "people/<int:pk>/reactivate/": [
        ("/people/{person}/reactivate/", {**OWNERS_ONLY, **dict.fromkeys(OWNERS, "method")}, OWNERS_ONLY)
    ],
    "reset/<str:uid>/<str:token>/": [("/reset/MQ/forged/", GONE, GONE)],
    "accounts/login/": [("/accounts/login/", ALL, ALL)],
    "accounts/signup/": [("/accounts/signup/", ALL, ALL)],
    "accounts/inactive/": [("/accounts/inactive/", ALL, NO_SUCH_METHOD)],
    "accounts/password/": [("/accounts/password/", ACCOUNTS, ACCOUNTS)],
    "accounts/confirm-email/": [("/accounts/confirm-email/", ALL, NO_SUCH_METHOD)],
    "accounts/confirm-email/<str:key>/": [("/accounts/confirm-email/forged/", ALL, GONE)],
    "accounts/password/reset/": [("/accounts/password/reset/", ALL, ALL)],
    "accounts/password/reset/sent/": [("/accounts/password/reset/sent/", ALL, NO_SUCH_METHOD)],
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": [
        ("/accounts/password/reset/key/1-forged/", ALL, ALL)
    ],
    "accounts/password/reset/done/": [("/accounts/password/reset/done/", ALL, NO_SUCH_METHOD)],
    "accounts/logout/": [("/accounts/logout/", ALL, ALL)],
}
# Whoever holds a good link may know where it leads.
SHOWN = {"/join/{secret}/"}
# Under these prefixes: endpoints of REST, which are in the table of requests, and Django's admin.
REST, ADMIN = "api/v1/", "admin/"
PASSWORDS = {True: PASSWORD, False: "a long password"}  # Rosa's, and those of the seed


@dataclass
class Place:
    server: Server
    names: dict[str, str]
    hidden: list[str]
    at: dict[str, Any]
    bearer: dict[str, str]
    browsers: dict[str, Browser] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def enter(self, who: str) -> None:
        """Log in, whoever can."""
        name = self.names.get(who, "")
        browser = log_in(self.server, name, PASSWORDS[who == "rosa"]) if name else self.server.browser()
        at = "/account/" if name else "/accounts/login/"
        self.tokens[who] = browser.get(at).value(r'name="csrfmiddlewaretoken" value="([^"]+)"')
        self.browsers[who] = browser

    def get(self, who: str, path: str) -> Page:
        return self.browsers[who].get(path.format(**self.at), **self._headers(who))

    def post(self, who: str, path: str) -> Page:
        """With a form that has nothing but a good CSRF token."""
        browser = self.browsers[who]
        headers = {"Origin": f"http://{browser.host}", **self._headers(who)}
        page = browser._ask("POST", path.format(**self.at), f"csrfmiddlewaretoken={self.tokens[who]}", headers)
        if path.endswith("/logout/"):
            self.enter(who)
        return page

    def shows(self, page: Page, path: str, who: str) -> bool:
        """Whether it has words that only insiders know; what somebody wrote into the address they knew before."""
        asked = path.format(**self.at)
        hidden = [SAID] if who in OWNERS and path == "/audit/" else self.hidden
        return path not in SHOWN and any(word in page.text for word in hidden if word not in asked)

    def _headers(self, who: str) -> dict[str, str]:
        return self.bearer if who == "rosa's token" else {}


def run(module: str, data: Any) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.security.{module}", str(data)],
        capture_output=True, text=True, check=False, env=clean_environment(**MAIL),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    server = Server(prepared(tmp_path_factory.mktemp("pages")), KLATCH_RATE_LIMIT="off", **MAIL).start()
    server.set_up()
    seeded = run("seed", server.data)
    names = {"rosa": "rosa", **{standing: seeded["names"][standing] for standing in PEOPLE[1:]}}
    made = Place(server, names, seeded["hidden"], seeded["at"], {"Authorization": f"Bearer {seeded['bearer']}"})
    for who in EVERYBODY:
        made.enter(who)
    kept = log_in(server, names["owner"], PASSWORDS[False])
    made.browsers["logged out"].cookies |= {"klatch_session": kept.cookies["klatch_session"]}
    kept.post("/accounts/logout/")
    # One more device of the owner, to be ended by nobody else.
    log_in(server, names["owner"], PASSWORDS[False])
    made.at["session"] = made.get("owner", "/account/").value(r"/account/sessions/(\d+)/end/")
    yield made
    server.stop()


def outcome(page: Page) -> str:
    if page.status in (301, 302) and re.match(r"/(accounts|admin)/login/\?next=", page.location):
        return "log in"
    return {403: "forbidden", 404: "missing", 405: "method"}.get(page.status, "ok" if page.status < 500 else "broken")


def test_every_address_of_the_server_has_its_rows(tmp_path_factory: pytest.TempPathFactory) -> None:
    routes = {route for route in run("routes", tmp_path_factory.mktemp("routes")) if not route.startswith(ADMIN)}
    endpoints = {REST + path.removeprefix("/").replace("{", "<").replace("}", ">") for _, path in ENDPOINTS}
    assert endpoints <= routes
    assert routes - endpoints == set(PAGES)


def test_everybody_gets_of_every_page_what_the_table_says(place: Place) -> None:
    wrong: dict[str, Outcomes] = {}
    for rows in PAGES.values():
        for path, *expected in rows:
            for method, says in zip(("get", "post"), expected, strict=True):
                pages = {who: getattr(place, method)(who, path) for who in EVERYBODY}
                told = {who: outcome(page) for who, page in pages.items()}
                told |= {who: "shown" for who in (*OUTSIDE, *NOBODIES) if place.shows(pages[who], path, who)}
                if told != says:
                    wrong[f"{method} {path}"] = {who: told[who] for who in told if told[who] != says[who]}
    assert wrong == {}


@pytest.mark.parametrize("who", OUTSIDE)
def test_a_permalink_into_a_room_that_is_not_theirs_is_like_one_into_nothing(place: Place, who: str) -> None:
    for below in ("", "{position}/"):
        there, nowhere = (place.get(who, f"/chat/{slug}/{below}").text for slug in ("{slug}", "nowhere"))
        for quoted in (place.at["slug"], place.at["slug"].replace("-", "\\u002D")):
            there = there.replace(quoted, "nowhere")
        assert _plain(there) == _plain(nowhere)


def test_of_the_admin_nobody_but_an_owner_of_the_place_gets_a_page_and_owners_read_no_room_there(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    routes = [route for route in run("routes", tmp_path_factory.mktemp("admin")) if route.startswith(ADMIN)]
    assert len(routes) > 40
    for route in routes:
        path = "/" + re.sub(r"<[^>]*>", "1", route).replace("^(?P1$", "klatch/").replace("(?P1$", "x/")
        for who in ("owner", "stranger", "anonymous", "rosa's token"):
            for page in (place.get(who, path), place.post(who, path)):
                assert page.status in (301, 302, 403, 404, 405), (path, who)
        for page in (place.get("superuser", path), place.post("superuser", path)):
            assert page.status < 500, path
            assert SAID not in page.text, path


def _plain(text: str) -> str:
    return re.sub(r'nonce="[^"]*"|value="[^"]{20,}"', "", text)
