"""One plain line of a message, beside somebody's name."""

import pytest
from hypothesis import given, settings

from klatch.text import excerpt
from klatch.text.excerpts import shorten
from tests.text.strategies import bodies


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("hello", "hello"),
        ("", ""),
        ("a\n\n b\t c  ", "a b c"),
        ("**bold** _soft_ ~~gone~~ `code` ***all***", "bold soft gone code all"),
        ("2 * 3 * 4, snake_case_name, a_b", "2 * 3 * 4, snake_case_name, a_b"),
        ("# Title\ntext", "Title text"),
        ("> quoted\n- one\n- two\n1. three", "quoted one two three"),
        ("```python\nx = 1\n```\nend", "x = 1 end"),
        ("[words](http://a.example) ![pic](http://b.example/p.png)", "words pic"),
        ('[words](http://a.example "title")', "words"),
        ("<https://a.example> https://b.example/x_y_z", "https://a.example https://b.example/x_y_z"),
        ("|a|b|\n|-|-|\n|1|2|", "a b 1 2"),
        ("---\nx\n***", "x"),
        ("\\*not bold\\*", "*not bold*"),
        (":tada: :unknown:", "🎉 :unknown:"),
        ("@ann see #lobby", "@ann see #lobby"),
        ("<b>as typed</b> &amp;", "<b>as typed</b> &amp;"),
        ("\u202eevil\u2066x\u2069", "evilx"),
        ("東京の話", "東京の話"),
    ],
)
def test_marks_go_and_words_stay(body, line):
    assert excerpt(body) == line


def test_a_long_body_ends_in_an_ellipsis_at_a_word():
    assert excerpt("word " * 100, 22) == "word word word word…"
    assert excerpt("x" * 200) == "x" * 139 + "…"
    assert excerpt("x" * 140) == "x" * 140


@pytest.mark.parametrize("whole", ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "e\u0301\u0302", "❤️", "1️⃣", "कि"])
def test_a_cut_never_parts_what_is_seen_as_one_character(whole):
    text = "ab" + whole * 3 + "cd"
    for limit in range(2, len(text)):
        kept = shorten(text, limit)[:-1]
        assert len(kept) < limit
        assert kept in [text[:end] for end in (0, 1, 2, *(2 + len(whole) * n for n in (1, 2, 3)), len(text) - 1)], kept


@settings(max_examples=400, deadline=None)
@given(bodies)
def test_any_body_gives_one_short_line(body):
    for limit in (1, 10, 140):
        line = excerpt(body, limit)
        assert len(line) <= limit
        assert line == " ".join(line.split())
        line.encode()
