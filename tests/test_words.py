"""Every word is in the catalogues, in every language, with nothing lost on the way; and the pages use them."""

import gettext
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.server.browsing import Browser
from tests.server.process import Server, prepared
from tests.words import (
    CLIENT,
    LANGUAGES,
    PACKAGE,
    Entry,
    client_words,
    entries,
    in_every_language,
    markup,
    python_and_templates,
    refusals,
)

CATALOGUES = sorted(PACKAGE.rglob("locale/*/LC_MESSAGES/*.po"))
LETTERS = re.compile(r"[^\W\d_]{2}")
every = pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.relative_to(PACKAGE).as_posix())


def each(file: Path) -> list[Entry]:
    return entries(file)[1:]


def test_every_language_has_every_catalogue() -> None:
    places = {(file.parents[3], file.name) for file in CATALOGUES}
    assert {file.parents[1].name for file in CATALOGUES} == LANGUAGES
    assert len(CATALOGUES) == len(places) * len(LANGUAGES) == 12


@every
def test_every_word_is_translated_and_no_translation_is_a_guess(file: Path) -> None:
    assert [e.words for e in each(file) if e.fuzzy or not all(form.strip() for form in e.forms)] == []


@every
def test_plurals_have_all_forms_of_their_language(file: Path) -> None:
    count = re.search(r"nplurals=(\d+)", entries(file)[0].forms[0])
    assert count is not None
    assert [e.words for e in each(file) if len(e.forms) != (int(count[1]) if e.plural else 1)] == []


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+>", text))


@every
def test_placeholders_and_tags_arrive_unharmed(file: Path) -> None:
    assert [
        form for e in each(file) for form in e.forms if placeholders(form) != placeholders(e.plural or e.words)
    ] == []


@every
def test_the_compiled_catalogue_says_what_the_readable_one_says(file: Path) -> None:
    with file.with_suffix(".mo").open("rb") as stream:
        compiled: dict[Any, str] = dict(gettext.GNUTranslations(stream)._catalog)  # type: ignore[attr-defined]
    compiled.pop("")
    expected: dict[Any, str] = {}
    for e in each(file):
        key = f"{e.context}\x04{e.words}" if e.context else e.words
        expected |= {(key, i): form for i, form in enumerate(e.forms)} if e.plural else {key: e.forms[0]}
    assert compiled == expected


@every
def test_a_catalogue_names_no_place_and_nobody(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"^#:|POT-Creation-Date|Last-Translator|FULL NAME|/home/|/work/|/root/", text, re.MULTILINE)


# Nothing that a person can read is missing from the catalogues.


def test_all_words_of_python_and_templates_are_in_the_catalogues_and_nothing_else() -> None:
    server = python_and_templates(PACKAGE / "server")
    everything = python_and_templates(PACKAGE) | refusals()
    assert len(server) > 100
    assert len(everything) > 200
    assert in_every_language("server/locale/*/LC_MESSAGES/django.po") == server
    assert server | in_every_language("locale/*/LC_MESSAGES/django.po") == everything


def test_all_words_of_the_client_are_in_its_catalogue_and_nothing_else() -> None:
    said = set(client_words())
    assert len(said) > 190
    assert in_every_language("locale/*/LC_MESSAGES/djangojs.po") == said | refusals()


def test_no_words_stand_in_a_component_beside_the_catalogue() -> None:
    """Text between tags, and the attributes that are shown or read aloud."""
    seen, bare = 0, []
    for file in CLIENT:
        for text in markup(file.read_text(encoding="utf-8")):
            seen += 1
            shown = re.findall(r">([^<>]+)(?=<)", re.sub(r"<kbd>[^<]*</kbd>", "", text))
            shown += re.findall(r"\b(?:aria-label|title|placeholder|alt|label)=\"([^\"]*)\"", text)
            bare += [(file.name, words) for words in shown if LETTERS.search(words)]
    assert seen > 150
    assert bare == []


def test_no_words_stand_in_a_template_beside_the_catalogue() -> None:
    bare = []
    for file in PACKAGE.rglob("templates/**/*.html"):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"\{%\s*blocktrans.*?endblocktrans\w*\s*%\}|\{#.*?#\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{% block \w*class %\}.*?\{% endblock %\}", "", text)
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
        shown = re.findall(r">([^<>]+)(?=<)", text)
        shown += re.findall(r"\b(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"", text)
        bare += [(file.name, words) for words in shown if LETTERS.search(words)]
    # What a token begins with is no word.
    assert bare == [("account.html", "klatch_…")]


# The words arrive.

TODAY = {"ja": "今日", "zh-hant": "今天", "ko": "오늘", "ru": "Сегодня"}
in_each = pytest.mark.parametrize("language", TODAY)


def catalogue(script: str) -> dict[str, Any]:
    found = re.search(r"const newcatalog = (\{.*?\n  \});", script, re.DOTALL)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(prepared(tmp_path_factory.mktemp("words")), KLATCH_RATE_LIMIT="off").start()
    yield running
    running.stop()


def faults(text: str) -> list[str]:
    """What a page says is wrong."""
    lists = re.findall(r'<ul class="errorlist".*?</ul>|<div class="notice bad".*?</div>', text, re.DOTALL)
    return [re.sub(r"<[^>]+>", " ", found).strip() for found in lists]


def wrong(browser: Browser, path: str, language: str, **given: str) -> list[str]:
    browser.cookies["klatch_language"] = language
    page = browser.post(path, **given)
    assert f'<html lang="{language}"' in page.text
    return faults(page.text)


@pytest.fixture(scope="module")
def wrong_set_ups(server: Server) -> dict[str, list[str]]:
    """While nobody has set it up."""
    given = {"name": "Rosa", "email": "nobody", "password": "1234", "signup": "invite"}
    return {language: wrong(server.browser(), "/setup/", language, **given) for language in ("en", *TODAY)}


@pytest.fixture(scope="module")
def rosa(server: Server, wrong_set_ups: object) -> Browser:
    return server.set_up()


@in_each
def test_what_is_wrong_with_the_set_up_is_said_in_the_reader_s_language(
    wrong_set_ups: dict[str, list[str]], language: str
) -> None:
    english, said = wrong_set_ups["en"], wrong_set_ups[language]
    assert len(english) == len(said) == 3
    assert [words for words in said if words in english] == []


@in_each
def test_a_wrong_password_is_refused_in_the_reader_s_language(server: Server, rosa: Browser, language: str) -> None:
    given = {"login": "rosa@example.org", "password": "not that one"}
    english, said = (wrong(server.browser(), "/accounts/login/", which, **given) for which in ("en", language))
    assert len(english) == len(said) == 1
    assert said != english


@in_each
def test_the_chat_and_its_words_are_in_the_reader_s_language(rosa: Browser, language: str) -> None:
    rosa.cookies["klatch_language"] = language
    page = rosa.get("/chat/")
    assert f'<html lang="{language}"' in page.text
    answer = rosa.get(page.value(r'src="([^"]*/i18n\.js[^"]*)"').replace("&amp;", "&"))
    assert answer.headers["Content-Language"] == language
    words = catalogue(answer.text)
    assert words["Today"] == TODAY[language]
    assert len(words["%(n)s member"]) == (4 if language == "ru" else 1)


def test_every_page_offers_each_language_by_its_own_name(server: Server, rosa: Browser) -> None:
    browser = server.browser()
    browser.cookies["klatch_language"] = "ru"
    offered = re.findall(r'name="language" value="([^"]+)"[^>]*>([^<]+)<', browser.get("/accounts/login/").text)
    assert dict(offered) == {"en": "English", "ja": "日本語", "zh-hant": "繁體中文", "ko": "한국어", "ru": "Русский"}


def test_kept_words_never_change_their_language(db: None) -> None:
    """Their address may be kept for a day: it must not give one language for another after a change of it."""
    answer = Client(headers={"accept-language": "ko"}).get("/talk/chat/i18n.js?l=ru&v=1")
    assert "max-age" in answer["Cache-Control"]
    assert answer["Content-Language"] == "ru"
    assert catalogue(answer.content.decode())["Today"] == TODAY["ru"]


def test_words_whose_address_names_no_language_are_not_kept(db: None) -> None:
    for address in ("?l=xx&v=1", "?v=1", ""):
        assert Client().get(f"/talk/chat/i18n.js{address}")["Cache-Control"] == "private, no-cache"
