"""What stands in the catalogues, and which words the sources have: readers without gettext, for tests."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "klatch"
CLIENT = sorted((PACKAGE / "static" / "klatch" / "js").rglob("*.js"))
LANGUAGES = {"ja", "ko", "ru", "zh_Hant"}
Key = tuple[str, str]  # context, words


@dataclass
class Entry:
    context: str = ""
    words: str = ""
    plural: str = ""
    forms: list[str] = field(default_factory=list)
    fuzzy: bool = False


@cache
def entries(file: Path) -> list[Entry]:
    """The entries of a .po, the header first, strings over several lines joined."""
    found = []
    for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
        entry = Entry()
        for line in re.sub(r'"\n"', "", block).splitlines():
            name, _, value = line.partition(" ")
            if name == "#,":
                entry.fuzzy = "fuzzy" in value
            elif name.startswith("#"):
                continue  # a remark of a translator, or what the words were before
            elif name == "msgctxt":
                entry.context = json.loads(value)
            elif name == "msgid":
                entry.words = json.loads(value)
            elif name == "msgid_plural":
                entry.plural = json.loads(value)
            elif name.startswith("msgstr"):
                entry.forms.append(json.loads(value))
            else:
                raise AssertionError(f"{file}: {line}")
        found.append(entry)
    return found


def in_every_language(pattern: str) -> set[Key]:
    """What the catalogues of all languages have at this path, ``*`` being the language."""
    files = [file for language in LANGUAGES for file in PACKAGE.glob(pattern.replace("*", language))]
    return set.intersection(*({(e.context, e.words) for e in entries(file)[1:]} for file in files))


def python_words(file: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        function, given = (
            node.func.id.removesuffix("_lazy"),
            [a.value for a in node.args if isinstance(a, ast.Constant)],
        )
        if function in ("_", "gettext", "ngettext") and given:
            yield "", str(given[0])
        elif function == "pgettext":
            yield str(given[0]), str(given[1])


def template_words(file: Path) -> Iterator[Key]:
    text = file.read_text(encoding="utf-8")
    for double, single in re.findall(r"""\{%\s*trans(?:late)?\s+(?:"([^"]*)"|'([^']*)')""", text):
        yield "", double or single
    for body in re.findall(r"\{%\s*blocktrans(?:late)?\b[^%]*%\}(.*?)\{%\s*(?:plural|endblocktrans)", text, re.DOTALL):
        yield "", re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", body)


def python_and_templates(folder: Path) -> set[Key]:
    files = [f for f in folder.rglob("*.py") if "migrations" not in f.parts]
    found = {key for f in files for key in python_words(f)}
    return found | {key for f in folder.rglob("*.html") for key in template_words(f)}


def refusals() -> set[Key]:
    loader = SourceFileLoader("words", str(ROOT / "scripts" / "words"))
    spec = spec_from_loader("words", loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    return {("", words) for words in script.refusals(PACKAGE)}


def client_words() -> Iterator[Key]:
    for file in CLIENT:
        text = file.read_text(encoding="utf-8")
        for call in re.finditer(r"\b(n|p)?gettext\(", "" if file.name == "i18n.js" else text):
            plain = re.match(r'\s*"((?:[^"\\]|\\.)*)"(?:,\s*"((?:[^"\\]|\\.)*)")?', text[call.end() :])
            assert plain, f"{file.name}: {text[call.start() : call.end() + 40]}… has no plain string: nothing finds it"
            yield (plain[1], plain[2]) if call[1] == "p" else ("", plain[1])


def markup(script: str) -> Iterator[str]:
    """The tags and texts of each html`…` in a script, without what is computed in them."""
    for start in re.finditer(r"\bhtml`", script):
        yield _template(script, start.end())[0]


def _template(script: str, at: int) -> tuple[str, int]:
    """The plain text of a template literal from behind its opening sign, and where it ends."""
    text = ""
    while script[at] != "`":
        if script.startswith("${", at):
            at = _expression(script, at + 2)
        else:
            text += script[at]
            at += 1
    return text, at + 1


# Inside an expression: where braces and back quotes mean nothing.
_SKIPPED = re.compile(r"""\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|/\*.*?\*/""", re.DOTALL)


def _expression(script: str, at: int) -> int:
    """Behind the brace that closes what is computed."""
    depth = 1
    while depth:
        if script[at] == "`":
            at = _template(script, at + 1)[1]
        elif skipped := _SKIPPED.match(script, at):
            at = skipped.end()
        else:
            depth += (script[at] == "{") - (script[at] == "}")
            at += 1
    return at
