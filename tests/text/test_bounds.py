"""No body of full size may hold up the others: the bound here is generous, the worst that is known a sixth of it."""

import pytest

from klatch.text import render, tokens
from tests.text.allowed import problems, read
from tests.text.cost import FULL, affordable, treat

SEEDS = [
    "`", "`` ", "`a", "*", "**", "*a ", "*a*", "a**b", "*a_", "_a", "~~", "[", "]", "[]", "[a](", "[a](b", "![",
    "![a](", "[a](<", "[a](http://b ",
    "[![a](", "(", "<", "<a", "<http://a", "<a@b.c", "<!--", "&", "&#1;", "\\", "\\\n", "|", "|a", "a|b\n-|-\n",
    "|-", ">", "> ", "> a\n", "> a\n\n",
    "- ", "- a\n", "-\n", "1. ", "1. a\n", "+ ", "* a\n\n", "#", "# a\n", "#a ", "@", "@a", "@a ", "a@b.c ",
    "a@b.c", "a@", "mailto:", "http://",
    "http://a", "http://a.b ", "a://", "://", "http://[", "http://a.b/(", "http://a..", "http://a:b@", ":", ":a",
    ":tada:", "```", "```\n", "```py\n",
    "```py\nx\n```\n", "~~~\n", "---\n", "a\n", "\n", "a  \n", " ", "\t- ", "a", "a.b.", "\u200d", "\u202a",
    "e\u0301", "@\u0301", "上", "@上", "ﷺ",
    "- > ", "> 1. ", "[x]: y\n", "[^1]", "w.w.w ", "\"", "'",
]  # fmt: skip
SHAPES = {repr(seed): (seed * FULL)[:FULL] for seed in SEEDS}
SHAPES |= {
    f"{start!r}…{end!r}": start * (FULL // 2 // len(start)) + "a" + end * (FULL // 2 // len(end))
    for start in ("[", "![", "<", "*", "_", "~~", "> ", "- ", "(")
    for end in ("]", "](http://a.b)", ">", "*", "_", "~~", ")")
}
SHAPES |= {
    "rising backticks": "a".join("`" * n for n in range(1, 139)),
    "deeper and deeper lists": "".join(" " * n + "- a\n" for n in range(138)),
    "deeper and deeper quotes": "".join(">" * n + " a\n" for n in range(138)),
    "a wide table": "|" + "a|" * 2_400 + "\n|" + "-|" * 2_400 + "\n",
    "a tall table": "a|b|c\n-|-|-\n" + "a\n" * 4_990,
    "a table of empty cells": "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + "a\n" * 4_700,
    "quotes that go on after empty items": "1. \na\n>" * 1_428,
    "many tables": ("|" + "a|" * 18 + "\n|" + "-|" * 18 + "\n" + "a\n" * 40 + "\n") * 60,
    "code": "```c\n" + "\n" * 2_990 + "```",
    "code of marks": "```make\n" + "_" * 2_990 + "\n```",
    "code of words": "```java\n" + "a " * 1_490 + "\n```",
    "code of words in lines": "```java\n" + ("a " * 60 + "\n") * 24 + "```",
    "code of lines as long as may be": "```make\n" + ("{" * 299 + "\n") * 9 + "```",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_full_size_body_of_one_shape_is_quick(shape):
    assert affordable(treat, shape)
    html = render(shape)
    assert problems(html) == []
    assert len(html) < 15 * FULL
    assert len(tokens(shape)) <= 50_000


@pytest.mark.parametrize(
    "mark", ["> ", "- ", "1. ", "[", "*", "**", "_", "~~", "![", "`", "(", "<", "|", "#", "@", ":"]
)
def test_ten_thousand_levels_lose_no_letter(mark):
    html = render(mark * 10_000 + "deep")
    assert "deep" in html
    assert problems(html) == []


def test_nesting_is_bounded_and_nothing_below_the_bound_is_dropped():
    for depth in (3, 8, 15, 16, 20, 40):
        for body in ("> " * depth + "deep", "- " * depth + "deep", "*a " * depth + "deep" + "*" * depth):
            reader = read(render(body))
            assert "deep" in "".join(reader.text)
    assert render("> " * 3 + "x").count("<blockquote>") == 3
    assert "<blockquote>" not in render("> " * 40 + "x")


def test_tables_have_at_most_a_thousand_cells_a_message():
    row = "|a|b|c|d|\n"
    assert render(row + "|-|-|-|-|\n" + row * 100).count("<td>") == 400
    big = render(row + "|-|-|-|-|\n" + row * 400)
    assert "<table>" not in big
    assert big.count("|a|b|c|d|") == 401
    many = render((row + "|-|-|-|-|\n" + row * 10 + "\n") * 50)
    assert 500 < many.count("<td>") <= 1_000


def test_a_body_beyond_any_limit_is_plain_text():
    assert render("**a** " * 5_000).startswith("<p>**a** **a**")
    assert render("*" * 6_000) == f"<p>{'*' * 6_000}</p>"


def test_a_long_list_of_links_is_still_a_list_of_links():
    assert render("- [page](https://a.example/some/path)\n" * 190).count("<a ") == 190


def test_a_flood_of_addresses_is_plain_text():
    assert render("http://a.example " * 200).count("<a ") == 200
    assert "<a " not in render("http://a.example " * 201)


def test_a_flood_of_names_is_text_after_the_hundredth():
    assert render("@a " * 3_000).count("<span") == 100
    assert render("#a " * 3_000).count("<span") == 100
