"""The shell of the pages: who may open it, what it tells the client; below any mount, under a strict policy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils import translation
from django.utils.safestring import mark_safe

from klatch.models import Membership, Room
from klatch.templatetags.klatch_web import KEPT, Same
from tests.conftest import make_room, make_user

ROOT = Path(__file__).parents[2] / "src" / "klatch" / "static" / "klatch"


@pytest.fixture
def rosa(db: None) -> User:
    return make_user("rosa")


@pytest.fixture
def browser(rosa: User) -> Client:
    client = Client()
    client.force_login(rosa)
    return client


def config(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="klatch-config" type="application/json">(.*?)</script>', html)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


def importmap(html: str) -> dict[str, str]:
    found = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', html)
    assert found
    return json.loads(found[1])["imports"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", ["/talk/chat/", "/talk/chat/lobby/", "/talk/chat/lobby/7/"])
def test_a_stranger_is_asked_to_log_in_and_comes_back_to_the_page(db: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/admin/login/?next={path}"


def test_addresses_are_those_of_the_mount(browser: Client, rosa: User) -> None:
    told = config(browser.get("/talk/chat/lobby/7/").content.decode())
    assert (told["base"], told["ws"], told["api"]) == ("/talk/chat/", "/talk/ws/", "/talk/api/v1/")
    assert (told["slug"], told["position"]) == ("lobby", 7)
    assert told["user"] == {"id": rosa.pk, "username": "rosa", "name": "Rosa"}


def test_opening_an_address_makes_no_room_and_no_member(browser: Client, rosa: User) -> None:
    room = make_room(make_user("anna"), name="theirs")
    for slug in ("no-such-room", room.slug):
        assert browser.get(f"/talk/chat/{slug}/").status_code == 200
    assert Room.objects.count() == 1
    assert not Membership.objects.filter(user=rosa).exists()


def test_a_room_that_is_there_looks_like_one_that_is_not(browser: Client) -> None:
    there = make_room(make_user("anna"), name="there", kind="private").slug
    pages = [re.sub(slug, "SLUG", browser.get(f"/talk/chat/{slug}/").content.decode()) for slug in (there, "not-there")]
    tokenless = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]
    assert tokenless[0] == tokenless[1]


def test_the_import_map_names_every_module_and_vendored_file(browser: Client) -> None:
    names = importmap(browser.get("/talk/chat/").content.decode())
    own = {f"#klatch/{path.relative_to(ROOT / 'js').as_posix()}" for path in (ROOT / "js").rglob("*.js")}
    assert own <= set(names)
    assert {"preact", "preact/hooks", "@preact/signals", "@preact/signals-core", "htm"} == set(names) - own
    for address in names.values():
        assert (ROOT / address.removeprefix("/static/klatch/")).is_file()


def test_a_name_cannot_break_out_of_the_page(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("mallory", first_name="</script><script>alert(1)</script>"))
    html = client.get("/talk/chat/%3Cscript%3Ealert/").content.decode()
    assert "<script>alert" not in html
    assert config(html)["user"]["name"] == "</script><script>alert(1)</script>"


def test_every_script_carries_the_nonce_where_there_is_one(browser: Client) -> None:
    csp = pytest.importorskip("django.utils.csp").CSP
    known = settings.TEMPLATES[0]["OPTIONS"]["context_processors"]  # type: ignore[index]
    processors = [*known, "django.template.context_processors.csp"]
    templates = [{**settings.TEMPLATES[0], "OPTIONS": {"context_processors": processors}}]
    policy = {"default-src": [csp.NONE], "script-src": [csp.SELF, csp.NONCE], "style-src": [csp.SELF]}
    middleware = [*settings.MIDDLEWARE, "django.middleware.csp.ContentSecurityPolicyMiddleware"]
    with override_settings(TEMPLATES=templates, MIDDLEWARE=middleware, SECURE_CSP=policy):
        response = browser.get("/talk/chat/")
    html = response.content.decode()
    nonce = re.search(r"'nonce-([^']+)'", response["Content-Security-Policy"])
    assert nonce
    scripts = [tag for tag in re.findall(r"<script[^>]*>", html) if 'type="application/json"' not in tag]
    assert len(scripts) == 3
    assert all(f'nonce="{nonce[1]}"' in tag for tag in scripts)
    assert " style=" not in html
    assert not re.search(r"<[^>]* on\w+=", html)


def test_without_a_policy_there_is_no_nonce(browser: Client) -> None:
    assert "nonce" not in browser.get("/talk/chat/").content.decode()


def test_the_words_are_for_everybody_in_the_language_of_the_reader(db: None) -> None:
    response = Client().get("/talk/chat/i18n.js?l=en&v=1")
    assert response.status_code == 200
    assert "javascript" in response["Content-Type"]
    assert "max-age" in response["Cache-Control"]
    assert Client().get("/talk/chat/i18n.js")["Cache-Control"] == "private, no-cache"


async def test_the_page_opens_under_asgi(rosa: User) -> None:
    client = AsyncClient()
    await client.aforce_login(rosa)
    response = await client.get("/talk/chat/lobby/")
    assert response.status_code == 200
    assert config(response.content.decode())["user"]["id"] == rosa.pk


def test_the_page_only_answers_reading(browser: Client) -> None:
    assert browser.post("/talk/chat/").status_code == 405


def test_what_is_kept_of_one_readers_page_is_not_in_anothers(browser: Client, rosa: User) -> None:
    other = Client()
    other.force_login(make_user("anna"))
    first = browser.get("/talk/chat/lobby/").content.decode()
    second = other.get("/talk/chat/attic/").content.decode()
    assert "rosa" in first.lower()
    assert "lobby" in first
    assert "rosa" not in second.lower()
    assert "lobby" not in second
    assert config(second)["user"]["username"] == "anna"


def test_the_page_is_in_the_language_of_each_reader(browser: Client) -> None:
    middleware = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    with translation.override("en"), override_settings(MIDDLEWARE=middleware):
        pages = [
            browser.get("/talk/chat/", headers={"Accept-Language": language}).content.decode()
            for language in ("ja", "en", "ja")
        ]
    assert pages[0] != pages[1]
    assert [config(page)["language"] for page in pages] == ["ja", "en", "ja"]
    assert [re.findall(r"i18n\.js\?l=([\w-]+)", page) for page in pages] == [["ja"], ["en"], ["ja"]]
    assert [re.search("The chat needs JavaScript", page) is None for page in pages] == [True, False, True]


def test_inside_a_room_and_outside_the_page_differs(browser: Client) -> None:
    pages = [browser.get(path).content.decode() for path in ("/talk/chat/lobby/", "/talk/chat/", "/talk/chat/lobby/")]
    assert ["in-room" in page for page in pages] == [True, False, True]


def kept(content: str, **values: Any) -> str:
    request = RequestFactory().get("/")
    request.user = User(username="rosa")
    template = kept_templates.setdefault(content, engines["django"].from_string(content))
    return str(template.render(values, request))


kept_templates: dict[str, Any] = {}


def test_a_part_that_is_kept_sees_no_request_and_no_value_that_is_not_named() -> None:
    seen = "{{ request }}{{ user }}{{ csrf_token }}{{ other }}{{ place }}"
    seen = f"{{% load klatch_web %}}{{% same place %}}{seen}{{% endsame %}}"
    assert kept(seen, place="Attic", other="secret") == "Attic"


def test_a_part_is_rendered_again_for_another_value_and_escaped_whoever_came_first() -> None:
    seen = "{% load klatch_web %}{% same place %}{{ place }}{% endsame %}"
    assert [kept(seen, place=place) for place in (mark_safe("<b>"), "<b>", "Attic", None)] == [
        "&lt;b&gt;", "&lt;b&gt;", "Attic", "",
    ]  # fmt: skip


def test_a_nonce_is_never_kept() -> None:
    seen = "{% load klatch_web %}{% same %}<script{% nonce %}>{% endsame %}"
    told = [kept(seen, csp_nonce=value) for value in ("one", "two", None)]
    assert told == ['<script nonce="one">', '<script nonce="two">', "<script>"]


def test_a_part_is_kept_but_not_while_one_develops(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = "{% load klatch_web %}{% same %}{% klatch_version %}{% endsame %} "
    first = kept(seen)
    monkeypatch.setattr("klatch.__version__", "later")
    assert kept(seen) == first
    with override_settings(DEBUG=True):
        assert kept(seen) == "later "


def test_however_many_values_come_only_so_many_are_kept() -> None:
    seen = "{% load klatch_web %}{% same place %}{{ place }}{% endsame %}"
    template: Any = engines["django"].from_string(seen)
    for number in range(200):
        assert template.render({"place": number}, RequestFactory().get("/")) == str(number or "")
    [node] = template.template.nodelist.get_nodes_by_type(Same)
    assert len(node._kept) <= KEPT
