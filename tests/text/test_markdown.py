"""What Markdown becomes: the marks we follow, and where a chat differs from CommonMark on purpose."""

import pytest

from klatch.text import mentions, render
from tests.text.allowed import problems, read

REL = ' target="_blank" rel="noopener noreferrer nofollow"'


def link(href: str, words: str) -> str:
    return f'<a href="{href}"{REL}>{words}</a>'


FOLLOWED = [
    ("hello", "<p>hello</p>"),
    ("a\nb", "<p>a<br>b</p>"),
    ("a\n\nb", "<p>a</p><p>b</p>"),
    ("a\n\n\n\nb", "<p>a</p><p>b</p>"),
    ("a  \nb", "<p>a<br>b</p>"),
    ("a\\\nb", "<p>a<br>b</p>"),
    ("  a", "<p>a</p>"),
    ("*soft* and **loud**", "<p><em>soft</em> and <strong>loud</strong></p>"),
    ("_soft_ and __loud__", "<p><em>soft</em> and <strong>loud</strong></p>"),
    ("***both***", "<p><em><strong>both</strong></em></p>"),
    ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    ("snake_case_name", "<p>snake_case_name</p>"),
    ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ("un*frigging*believable", "<p>un<em>frigging</em>believable</p>"),
    ("**not closed", "<p>**not closed</p>"),
    ("~~gone~~", "<p><s>gone</s></p>"),
    ("~one~", "<p>~one~</p>"),
    ("`x < y`", "<p><code>x &lt; y</code></p>"),
    ("`` a ` b ``", "<p><code>a ` b</code></p>"),
    ("`*no*`", "<p><code>*no*</code></p>"),
    ("`open", "<p>`open</p>"),
    ("\\*no\\*", "<p>*no*</p>"),
    ("C:\\temp", "<p>C:\\temp</p>"),
    ("1 < 2 > 0 & so", "<p>1 &lt; 2 &gt; 0 &amp; so</p>"),
    ("# One", "<h4>One</h4>"),
    ("## Two", "<h5>Two</h5>"),
    ("### Three", "<h6>Three</h6>"),
    ("###### Six", "<h6>Six</h6>"),
    ("# a *b* #", "<h4>a <em>b</em></h4>"),
    ("#nospace!", '<p><span class="room-ref" data-slug="nospace">#nospace</span>!</p>'),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("* a\n* b", "<ul><li>a</li><li>b</li></ul>"),
    ("- a\n  - b", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
    ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    ("7) a", '<ol start="7"><li>a</li></ol>'),
    ("1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
    ("-no list", "<p>-no list</p>"),
    ("1.no list", "<p>1.no list</p>"),
    ("> q", "<blockquote><p>q</p></blockquote>"),
    ("> q\nlazy", "<blockquote><p>q<br>lazy</p></blockquote>"),
    ("> > q", "<blockquote><blockquote><p>q</p></blockquote></blockquote>"),
    ("> - a", "<blockquote><ul><li>a</li></ul></blockquote>"),
    ("> q\n\na", "<blockquote><p>q</p></blockquote><p>a</p>"),
    ("a\n> q", "<p>a</p><blockquote><p>q</p></blockquote>"),
    ("---", "<hr>"),
    ("* * *", "<hr>"),
    ("```\na < b\n\n*c*\n```", "<pre><code>a &lt; b\n\n*c*\n</code></pre>"),
    ("~~~\nx\n~~~", "<pre><code>x\n</code></pre>"),
    ("```\nopen", "<pre><code>open</code></pre>"),
    ("- ```\n  x\n  ```", "<ul><li><pre><code>x\n</code></pre></li></ul>"),
    ("[w](https://a.example/b)", f"<p>{link('https://a.example/b', 'w')}</p>"),
    ('[w](<https://a.example/b> "title")', f"<p>{link('https://a.example/b', 'w')}</p>"),
    ("[*w*](http://a.example)", f"<p>{link('http://a.example', '<em>w</em>')}</p>"),
    ("[w](http://a.example/x_(y))", f"<p>{link('http://a.example/x_(y)', 'w')}</p>"),
    ("<https://a.example>", f"<p>{link('https://a.example', 'https://a.example')}</p>"),
    ("<ann@a.example>", f"<p>{link('mailto:ann@a.example', 'ann@a.example')}</p>"),
    (
        "|a|b|\n|-|:-:|\n|1|2|",
        '<table><thead><tr><th>a</th><th class="center">b</th></tr></thead>'
        '<tbody><tr><td>1</td><td class="center">2</td></tr></tbody></table>',
    ),
    ("a|b\n-|-:", '<table><thead><tr><th>a</th><th class="right">b</th></tr></thead></table>'),
    (
        "a|b\n-|-\nc",
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>c</td><td></td></tr></tbody></table>",
    ),
]

DIFFERENT = [
    ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
    ("&copy; &amp;", "<p>&amp;copy; &amp;amp;</p>"),
    ("    indented", "<p>indented</p>"),
    ("a\n===", "<p>a<br>===</p>"),
    ("a\n---\nb", "<p>a</p><hr><p>b</p>"),
    ("[x]: hidden\n\n[x]", "<p>[x]: hidden</p><p>[x]</p>"),
    ("![alt](https://a.example/p.png)", f"<p>{link('https://a.example/p.png', 'alt')}</p>"),
    ("![](https://a.example/p.png)", f"<p>{link('https://a.example/p.png', 'https://a.example/p.png')}</p>"),
    ("[](http://a.example)", f"<p>{link('http://a.example', 'http://a.example')}</p>"),
    ("[w](/relative)", "<p>[w](/relative)</p>"),
    ("[w](ftp://a.example)", "<p>[w](ftp://a.example)</p>"),
    ("see example.com, main.py", "<p>see example.com, main.py</p>"),
    ("ftp://a.example //a.example", "<p>ftp://a.example //a.example</p>"),
]


@pytest.mark.parametrize(("body", "html"), FOLLOWED)
def test_commonmark_is_followed(body, html):
    assert render(body) == html


@pytest.mark.parametrize(("body", "html"), DIFFERENT)
def test_nothing_that_was_typed_vanishes_or_loads_by_itself(body, html):
    assert render(body) == html


@pytest.mark.parametrize(
    ("body", "href", "rest"),
    [
        ("see https://a.example/x.", "https://a.example/x", "."),
        ("(http://a.example)", "http://a.example", ")"),
        ("http://a.example/@ann#lobby", "http://a.example/@ann#lobby", ""),
        ("http://localhost:8000/a?b=c&d", "http://localhost:8000/a?b=c&amp;d", ""),
        ("mailto:ann@a.example!", "mailto:ann@a.example", "!"),
        ("HTTPS://a.example", "HTTPS://a.example", ""),
        ("http://a.example/_x_", "http://a.example/_x_", ""),
    ],
)
def test_a_written_address_becomes_a_link_without_the_punctuation_after_it(body, href, rest):
    html = render(body)
    assert link(href, href) + rest + "</p>" in html or f"{link(href, href)}{rest}" in html


@pytest.mark.parametrize("address", ["ann@a.example", "a.b-c_d@x.dev", "a_@b.de", "ann@пример.рф"])
def test_an_email_address_is_a_link_and_no_mention(address):
    html = render(f"write to {address}.")
    assert f">{address}</a>.</p>" in html
    assert mentions(html) == []


def test_an_address_is_shown_as_typed_and_not_decoded():
    html = render("http://xn--80ak6aa92e.com/%E2%80%AEgnp.exe")
    assert ">http://xn--80ak6aa92e.com/%E2%80%AEgnp.exe</a>" in html


def test_there_is_never_a_link_in_a_link():
    for body in (
        "[![a](http://i.example)](http://l.example)",
        "[a http://b.example c](http://d.example)",
        "[[a](http://b.example)](http://c.example)",
    ):
        assert problems(render(body)) == [], body
        assert "></a>" not in render(body)  # what is left of the outer one after a browser has parted the two


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@rosa", ["rosa"]),
        ("hi @Rosa, (@ann.b.) “@bob”!", ["rosa", "ann.b", "bob"]),
        ("@rosa @rosa", ["rosa"]),
        ("_@ann_ **@bob** ~~@eve~~", ["ann", "bob", "eve"]),
        ("@Ольга и @田中 @한국 @नमस्ते", ["ольга", "田中", "한국", "नमस्ते"]),
        ("ありがとう@rosa さん", ["rosa"]),
        ("@ann-marie @a_b @x1", ["ann-marie", "a_b", "x1"]),
        ("> @quoted\n- @listed", ["quoted", "listed"]),
        ("@ＲＯＳＡ @STRASSE @Straße", ["rosa", "strasse"]),
        ("a@b a.@b /@b #@b b@ @ @. @@b @-b", []),
        ("`@code` [@link](http://a.example) http://a.example/@path", []),
        ("```\n@fenced\n```", []),
        ("\\@escaped", []),
        ("@" + "x" * 150, ["x" * 150]),
        ("@" + "x" * 151, []),
        ('<span class="mention" data-name="bob">', []),
        ('[x](http://a.example/<span class="mention" data-name="bob">)', []),
        ('[x](http://a.example "<span class=\\"mention\\" data-name=\\"bob\\">")', []),
    ],
)
def test_mentions_are_found_at_boundaries_in_any_script_but_not_in_code_and_links(body, names):
    assert mentions(render(body)) == names


def test_a_mention_shows_what_was_typed_and_carries_the_folded_name():
    assert render("@Rosa.") == '<p><span class="mention" data-name="rosa">@Rosa</span>.</p>'


@pytest.mark.parametrize(
    ("body", "slugs"),
    [
        ("#lobby", ["lobby"]),
        ("see #Lobby, #team-2 and #東京", ["lobby", "team-2", "東京"]),
        ("#1 #2-3 # #- #_", []),
        ("C# a#b &#39; http://a.example/#frag `#code` ##x", []),
        ("こちら#雑談 へ", ["雑談"]),
    ],
)
def test_room_references_need_a_letter_and_a_boundary(body, slugs):
    found = [attrs["data-slug"] for tag, attrs in read(render(body)).seen if attrs.get("class") == "room-ref"]
    assert found == slugs


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (":tada:", "🎉"),
        ("yes:+1:", "yes:+1:"),
        ("yes :+1:!", "yes 👍!"),
        (":fire::fire:", "🔥🔥"),
        ("**:tada:**", "🎉"),
        (":unknown: 10:30:45 a:x:b :", ":unknown: 10:30:45 a:x:b :"),
        ("`:tada:`", ":tada:"),
        ("http://a.example/:tada:", "http://a.example/:tada:"),
    ],
)
def test_short_codes_become_emoji_where_they_are_meant(body, text):
    assert "".join(read(render(body)).text) == text


def test_named_code_is_coloured_with_classes():
    html = render("```python\ndef f(): return '<'\n```")
    assert html.startswith('<pre><code class="language-python"><span class="k">def</span>')
    assert "'&lt;'" in html
    assert "style=" not in html


@pytest.mark.parametrize("fence", ["```", "```nosuch", "```brainfuck", "``` ", "```<script>", '```" onload="x'])
def test_unnamed_or_unknown_code_is_left_plain(fence):
    assert render(f"{fence}\ndef f(): pass\n```") == "<pre><code>def f(): pass\n</code></pre>"


def test_code_keeps_every_character_and_line():
    code = "\n\n  x = [1,\t2]  \n\n\ny\n\n"
    for name in ("", "python", "json", "html", "sql"):
        assert "".join(read(render(f"```{name}\n{code}```\nend")).text) == f"{code}end"


def test_much_code_is_shown_without_colours():
    assert "<span" in render("```python\n" + "x = 1\n" * 400 + "```")
    assert "<span" not in render("```python\n" + "x = 1\n" * 600 + "```")
    many = render("```python\nx = 1\n```\n" * 100)
    assert many.count("<pre>") == 100
    assert many.count('<span class="o">=</span>') == 12


@pytest.mark.parametrize("endless", ["x" * 301, "a b\n" * 80 + "c", "x[0]." * 70])
def test_code_that_nobody_writes_by_hand_is_shown_without_colours(endless):
    assert "<span" in render(f"```python\nx = 1\n{endless[:290]}\n```")
    html = render(f"```python\nx = 1\n{endless}\n```")
    assert "<span" not in html
    assert "".join(read(html).text) == f"x = 1\n{endless}\n"


def test_an_emptied_body_renders_as_nothing():
    assert render("") == render(" \n\t\u200b ") == ""
