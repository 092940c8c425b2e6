"""What can be proven of the layout is proven here: sizes, headers, names, and what no file may contain."""

import ast
import re
import subprocess
import tokenize
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
SMALLER = {
    "src/klatch/realtime/hub.py": 200,
    "src/klatch/realtime/connection.py": 150,
    "src/klatch/realtime/feed.py": 150,
    **{f"src/klatch/relay/{name}.py": 150 for name in ("__init__", "memory", "layer", "postgres", "redis", "remote")},
}
# Files that may be longer, and why.
LONG_FILES: dict[str, str] = {}
# Functions that may be longer, and why.
LONG_FUNCTIONS: dict[str, str] = {}
NOT_OURS = ("src/klatch/static/klatch/vendor/",)
GENERATED = ("migrations/",)


@cache
def committed() -> tuple[str, ...]:
    """Files under version control, and those that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return tuple(name for name in listed if (ROOT / name).is_file() and not name.startswith(NOT_OURS))


def sources(*endings: str) -> list[str]:
    return [name for name in committed() if name.endswith(endings) and not any(part in name for part in GENERATED)]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_no_source_file_is_longer_than_its_budget() -> None:
    too_long = {
        name: f"{lines} > {budget}"
        for name in sources(".py", ".js", ".mjs")
        if name not in LONG_FILES
        and (lines := len(text(name).splitlines())) > (budget := SMALLER.get(name, LONGEST_FILE))
    }
    assert too_long == {}


def test_the_budgets_and_the_exceptions_are_of_files_that_exist_and_need_them() -> None:
    assert [name for name in [*SMALLER, *LONG_FILES] if not (ROOT / name).is_file()] == []
    assert [name for name in LONG_FILES if len(text(name).splitlines()) <= LONGEST_FILE] == []


def functions(name: str) -> dict[str, int]:
    """Lines of code of each function: without its docstring, comments, blank lines and the signature."""
    source = text(name)
    tree = ast.parse(source)
    code_lines = {
        line
        for token in tokenize.tokenize(BytesIO(source.encode()).readline)
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
                              tokenize.ENCODING, tokenize.ENDMARKER)
        for line in range(token.start[0], token.end[0] + 1)
    }  # fmt: skip
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                lines = range(body[0].lineno, (node.end_lineno or 0) + 1)
                found[f"{name}:{node.name}"] = len(code_lines.intersection(lines))
    return found


def test_no_function_of_the_product_is_longer_than_its_budget() -> None:
    longer = {
        key: lines
        for name in sources(".py")
        if name.startswith("src/")
        for key, lines in functions(name).items()
        if lines > LONGEST_FUNCTION
    }
    assert {key: lines for key, lines in longer.items() if key not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(longer), "an exception that is not needed any more"


def test_every_source_file_opens_by_saying_what_it_is() -> None:
    silent = []
    for name in sources(".py", ".js", ".mjs", ".css"):
        source = text(name).lstrip()
        if not source:
            if not name.endswith("__init__.py"):
                silent.append(name)
        elif not source.startswith(('"""', "//", "/*", "#!", "# ")):
            silent.append(name)
    assert silent == []


def test_modules_are_named_after_things_of_the_field() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|misc|common)$")
    assert [name for name in sources(".py", ".js", ".mjs") if empty.search(Path(name).stem)] == []


FORBIDDEN = {
    "an address of a package index": re.compile(
        r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|registry|artifactory|nexus)[\w.-]*[/:]|--(?:extra-)?index-url",
        re.I,
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:home|Users|work|root)/[\w.]+"),
    "a leftover of a merge": re.compile(r"^(?:<{7}|>{7}) ", re.M),
}
# Public addresses that are said to people, and examples of paths.
MAY_CONTAIN: dict[str, str] = {"tests/test_layout.py": "the patterns themselves"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    found = []
    for name in committed():
        if name in MAY_CONTAIN or name.endswith((".png", ".mo", ".jpg", ".ico", ".woff2")):
            continue
        match = FORBIDDEN[what].search(text(name))
        if match:
            found.append(f"{name}: {match[0]}")
    assert found == []


def test_only_actions_and_the_log_write_and_only_the_log_publishes_what_has_a_number() -> None:
    may_publish = {"src/klatch/log.py", "src/klatch/realtime/announce.py"}
    calls = re.compile(r"relay\(\)\.publish\(")
    assert {name for name in sources(".py") if name.startswith("src/") and calls.search(text(name))} <= may_publish
    writes = re.compile(
        r"\b(?:Message|Event|Reaction|Membership|Ban)\.objects\.(?:\w+\(.*?\)\.)*(?:create|bulk_create|update|delete|get_or_create)\("
    )
    may_write = ("src/klatch/actions/", "src/klatch/log.py")
    writers = {name for name in sources(".py") if name.startswith("src/") and writes.search(text(name))}
    assert {name for name in writers if not name.startswith(may_write)} == set()


def test_no_model_saves_more_than_it_says() -> None:
    for name in sources(".py"):
        if name.startswith("src/klatch/models/"):
            assert not re.search(r"def (?:save|delete)\(", text(name)), name
