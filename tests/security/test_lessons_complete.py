"""The table of lessons in ``docs/explanation/security.md``: all thirty-five, each with tests that exist or a reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "explanation" / "security.md"
REASONS = ("Cannot happen: ", "Cannot apply: ", "One server is one place")


def rows() -> dict[int, str]:
    table = PAGE.read_text(encoding="utf-8").partition("## Lessons of others")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE)
    assert len({number for number, _ in found}) == len(found), "a lesson stands in the table twice"
    return {int(number): text for number, text in found}


@cache
def names_in(name: str) -> frozenset[str]:
    """What the tests of a file are called, those of a class with its name before them."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = {node.name for node in tree.body if isinstance(node, kinds)}
    for group in tree.body:
        if isinstance(group, ast.ClassDef):
            found |= {f"{group.name}::{node.name}" for node in group.body if isinstance(node, kinds)}
    return frozenset(found)


def test_every_lesson_stands_in_the_table() -> None:
    assert sorted(rows()) == list(range(1, 36))


@pytest.mark.parametrize("number", range(1, 36))
def test_a_lesson_has_tests_that_exist_or_a_reason(number: int) -> None:
    text = rows()[number]
    named = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", text)
    assert named or text.startswith(REASONS), text
    assert text.count("tests/") == len(named), "a name that cannot be read"
    for file, test in named:
        assert test in names_in(file), f"{file} has no {test}"


def test_a_test_that_names_its_lesson_stands_with_it_in_the_table() -> None:
    missing = []
    for file in sorted(Path(__file__).parent.glob("test_lessons_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                said = re.match(r"Lessons? ((?:\d+(?:, | and )?)+)", ast.get_docstring(node) or "")
                numbers = [int(number) for number in re.findall(r"\d+", said[1])] if said else []
                missing += [f"{node.name}: {number}" for number in numbers if number not in rows()]
                if not numbers and file.name != Path(__file__).name:
                    missing.append(f"{node.name} names no lesson")
    assert missing == []
