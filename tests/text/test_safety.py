"""Whatever is posted, only what we list reaches a page; and nothing raises."""

import re
import threading

import pytest
from hypothesis import given, settings

from klatch.text import clean, excerpt, mentions, render
from klatch.text.gate import safe
from klatch.text.markdown import is_plain, plain, render_slowly
from tests.text.allowed import problems, read
from tests.text.strategies import bodies, plain_bodies

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//x.example></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src/onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&lpar;1&rpar;</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<iframe src=javascript:alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=//x.example/x.swf>",
    "<form action=//x.example><input name=password><button>ok",
    "<base href=//x.example/>",
    "<meta http-equiv=refresh content='0;url=//x.example'>",
    "<link rel=stylesheet href=//x.example>",
    "<style>*{background:url(//x.example)}</style>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](//x.example)",
    "[x](\\\\x.example)",
    "[x](https:x.example)",
    "[x](http://)",
    "[x](view-source:http://x.example)",
    "[x](blob:http://x.example/1)",
    '[x](http://x.example "onmouseover=alert(1)")',
    '[x](http://x.example/"onmouseover="alert(1))',
    "[x](http://x.example/'onmouseover='alert(1))",
    "[x](http://x.example/><script>alert(1)</script>)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](http://x.example)',
    "![<script>alert(1)</script>](http://x.example)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "<http://x.example/\"onclick=\"alert(1)>",
    "http://x.example/\"onclick=\"alert(1)",
    "http://x.example/<script>alert(1)</script>",
    "http://x.example'onclick='alert(1)",
    "javascript://x.example/%0aalert(1)",
    "mailto:a@b.de?body=<script>",
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "```python\n'</span><script>alert(1)</script>'\n```",
    "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
    "# <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "@<script>alert(1)</script>",
    '@a"onclick="alert(1)',
    '#a"onclick="alert(1)',
    ':"><script>alert(1)</script>:',
    "\ufeff<script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{constructor.constructor('alert(1)')()}}",
    "\u2028<script>alert(1)</script>",
]  # fmt: skip

ODD = [
    "\ud800", "a\udfffb", "\x00", "a\x00b", "\x1b[31mred", "\x7f\x80\x9f", "\u202eexe.gnp", "\u2066a\u2069",
    "שלום @ann",
    "مرحبا #غرفة", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "👩‍👩‍👧‍👦👍🏽🇩🇪", "\u200b\u200d\ufeff",
    "\ufffe\uffff", "\U0010ffff", "ﷺ" * 50,
    "\u2028\u2029", "\xa0", "İıſẞßﬁ", "@ﷺ #ﷺ @aﹰ", "@\u0301", "#\u200d", "\u3000全角", "\ue000",
]  # fmt: skip


def allowed(html: str) -> None:
    assert problems(html) == []
    html.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]", html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_comes_out_as_harmless_text(attack):
    for body in (
        attack,
        f"**{attack}**",
        f"- {attack}",
        f"> {attack}",
        f"x {attack} y",
        f"[{attack}](http://a.example)",
        f"`{attack}`",
    ):
        allowed(render(body))


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_gate_alone_holds_even_if_the_renderer_passed_html_on(attack):
    assert problems(safe(attack)) == []
    assert (
        problems(
            safe(f'<p class="x" style="a" id="b" onclick="c">{attack}<span class="mention evil" data-x="y">z</span>')
        )
        == []
    )


@pytest.mark.parametrize("body", ODD)
def test_odd_unicode_is_rendered_and_can_be_stored(body):
    allowed(render(body))
    clean(body).encode()
    excerpt(body).encode()


@settings(max_examples=600, deadline=None)
@given(bodies)
def test_any_text_gives_only_allowed_html(body):
    html = render(body)
    allowed(html)
    assert bool(html) == bool(clean(body))
    assert all(mentions(html))


@settings(max_examples=600, deadline=None)
@given(bodies | plain_bodies)
def test_the_short_way_gives_exactly_what_the_long_way_gives(body):
    body = clean(body)
    if body and is_plain(body):
        assert plain(body) == render_slowly(body)


@settings(max_examples=300, deadline=None)
@given(plain_bodies)
def test_letters_never_vanish(body):
    assert [ch for ch in "".join(read(render(body)).text) if ch.isalpha()] == [ch for ch in body if ch.isalpha()]


def test_usual_messages_take_the_short_way():
    for body in (
        "ok",
        "No: not yet, 10 minutes (or 12)!",
        "a\nb\n\nc",
        "Привет, как дела?",
        "今日は。",
        "I <3 it & you",
        "well :) 3/4",
        "it's 5%",
    ):
        assert is_plain(body), body
    for body in (
        "*a*",
        "@ann",
        "#room",
        ":x:",
        "http://a",
        "- a",
        "1. a",
        "> a",
        "a\n- b",
        " a",
        "a  \nb",
        "<http:A>",
        "a@b.de",
    ):
        assert not is_plain(body), body


@settings(max_examples=300, deadline=None)
@given(bodies)
def test_cleaning_twice_changes_nothing_more(body):
    once = clean(body)
    assert clean(once) == once
    assert once == once.rstrip()
    once.encode()
    assert render(once) == render(body)


def test_cleaning_removes_what_cannot_be_shown_and_nothing_else():
    assert clean("a\r\nb\rc \n\t ") == "a\nb\nc"
    assert clean("a\x00\x1b\x85\ud800b\u202e") == "ab"
    assert clean("  café  n\u0303 \u2067x\u2069 👩\u200d💻 ﬁ\ttab") == "  café  n\u0303 \u2067x\u2069 👩\u200d💻 ﬁ\ttab"
    assert clean("\u200b \ufeff\n\u2060") == clean(" \t\n") == clean("") == ""


def test_two_threads_at_once_render_the_same():
    samples = [
        *ATTACKS,
        *ODD,
        "hi @ann #room **x** http://a.b/c `d`",
        "```python\nx = 1\n```",
        "|a|b|\n|-|-|\n|1|2|",
    ] * 3
    expected = [render(body) for body in samples]
    results: dict[int, list[str]] = {}
    together = threading.Barrier(4)

    def work(number: int) -> None:
        together.wait()
        results[number] = [render(body) for body in samples]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[number] == expected for number in range(4))


def test_a_fault_of_the_parser_costs_the_looks_and_not_the_message(monkeypatch, caplog):
    monkeypatch.setattr("klatch.text.markdown.safe", lambda html: 1 / 0)
    assert render("**secret** <b>") == "<p>**secret** &lt;b&gt;</p>"
    assert "could not render" in caplog.text
    assert "secret" not in caplog.records[0].getMessage()
