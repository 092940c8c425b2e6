"""Markdown to HTML that may be inserted into a page as it is.

CommonMark with what a chat needs changed: no HTML, no pictures, no reference definitions, no code by indentation, no
headings by underlining and no entities (all of them make typed text vanish or change); a newline is a line break.
"""

import logging
import re
import threading
from collections.abc import Sequence
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, blockquote
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from klatch.text.cleaning import clean
from klatch.text.code import LANGUAGES, LARGEST_CODE, coloured, cost
from klatch.text.gate import safe
from klatch.text.marks import chat_marks, fold_name
from klatch.text.tables import bounded_table

log = logging.getLogger(__name__)

RENDERER_VERSION = 1
"""Stored beside the HTML. Raise it when the same body gives other HTML, and old rows are rendered again."""

LONGEST_BODY = 20_000  # a host may allow more; longer bodies are shown as plain text
DEEPEST = 16  # blocks in blocks, emphasis in emphasis
MOST_SPECIAL = 5_000  # characters that start a rule; full-size logs and code stay below, floods of marks do not

MOST_QUOTES = 20_000  # looks for a quote in one message; the usual one asks once or twice a line
MOST_ADDRESSES = 200  # “://” in a body; the search for the scheme before each looks back over the paragraph


class TooComplexError(Exception):
    """The body would cost more than a message may: it is shown as plain text."""


class Blocks(ParserBlock):
    """The block parser of markdown-it drops what is nested too deep. A chat must not lose a line."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        if state.level >= DEEPEST:
            raise TooComplexError
        super().tokenize(state, startLine, endLine)


def bounded_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of quotes. Each looks ahead over all lines that may still be its own, and so may each within it."""
    left: int = state.env.setdefault("quotes", MOST_QUOTES)
    if not left:
        raise TooComplexError
    state.env["quotes"] = left - 1
    return blockquote(state, start, end, silent)


class Html(RendererHTML):
    """Compact HTML: no newline between tags, so that the fast path below can give the very same."""

    def renderInline(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:  # noqa: N802
        if any(token.level > DEEPEST for token in tokens):
            raise TooComplexError
        return super().renderInline(tokens, options, env)

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: N802
        token = tokens[idx]
        if token.hidden:  # the paragraphs of a tight list
            return ""
        return f"</{token.tag}>" if token.nesting == -1 else f"<{token.tag}{self.renderAttrs(token)}>"

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "<br>"

    hardbreak = softbreak

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<{_heading(tokens[idx])}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_heading(tokens[idx])}>"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        href = str(tokens[idx].attrs["href"])
        # A link without words could not be seen. A title is dropped: it could say another address than the link has.
        words = _escape(href) if tokens[idx + 1].type == "link_close" else ""
        return f'<a href="{_attribute(href)}">{words}'

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # A style attribute would need a hole in the content security policy; a class needs none.
        token = tokens[idx]
        side = str(token.attrs.get("style", "")).removeprefix("text-align:")
        return f'<{token.tag} class="{side}">' if side in ("center", "right") else f"<{token.tag}>"

    td_open = th_open

    def mention(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        name = tokens[idx].content
        return f'<span class="mention" data-name="{_attribute(fold_name(name))}">@{_escape(name)}</span>'

    def room_ref(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        slug = tokens[idx].content
        return f'<span class="room-ref" data-slug="{_attribute(fold_name(slug))}">#{_escape(slug)}</span>'

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        code = tokens[idx].content
        language = (tokens[idx].info.split() or [""])[0].lower()
        if language not in LANGUAGES:
            return f"<pre><code>{_escape(code)}</code></pre>"
        left = env.setdefault("code", LARGEST_CODE) - cost(code)
        if left < 0:
            html = _escape(code)
        else:
            env["code"] = left
            html = coloured(code, language)
        return f'<pre><code class="language-{language}">{html}</code></pre>'


def _heading(token: Token) -> str:
    # A page has its own h1 to h3; a message is below them.
    return f"h{min(int(token.tag[1]) + 3, 6)}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _escape(text).replace('"', "&quot;")


_GOOD_URL = re.compile(r"https?://[^/?#\s]|mailto:[^?#\s]", re.IGNORECASE)


class Parser(MarkdownIt):
    """One of these per thread: neither markdown-it nor linkify-it promises that two threads may share one."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "linkify": True, "maxNesting": DEEPEST + 4}, renderer_cls=Html)
        self.block = Blocks()
        self.disable(["html_block", "html_inline", "entity", "code", "lheading", "reference", "image"])
        self.enable(["strikethrough", "linkify"])
        self.block.ruler.at("table", bounded_table, {"alt": ["paragraph", "reference"]})
        self.block.ruler.at("blockquote", bounded_quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
        self.inline.ruler.push("chat_marks", chat_marks)
        # Only what is written as an address becomes one: “main.py” and “README.md” are also names under a country.
        assert self.linkify is not None
        self.linkify.set({"fuzzy_link": False, "fuzzy_ip": False})
        self.linkify.tlds("[^\\W\\d_]{2,24}")  # an “@” before it says enough
        self.linkify.add("ftp:", None).add("//", None)

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return _GOOD_URL.match(url) is not None

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """An address is shown as it was typed: decoding it would let %-escapes and xn-- names pose as another."""
        return link


_local = threading.local()

# Two looks, because most messages pass the first and it takes a quarter of a microsecond.
_ANY = re.compile(r"[\\`*_~\[\]@#|\xa0<:\n]")
_LINE_START = r"(?:[\s\ufeff>+-]|\d{1,9}[.)])"
_FIRST_LINE = re.compile(_LINE_START)
# A colon counts where a short code or the “//” of an address may follow, “<” where an address may.
_MARKUP = re.compile(
    r"[\\`*_~\[\]@#|\xa0]|<[A-Za-z]|:[a-z0-9+/_-]|[^\S\n]\n|\n\n\n|\n(?=[^\n])" + _LINE_START + "|^" + _LINE_START
)
_SPECIAL = re.compile(r"[\\`*_~\[\]<>!@#:|&\n]")


def is_plain(body: str) -> bool:
    """Whether Markdown would make only paragraphs and line breaks of it. May say no wrongly, never yes."""
    if _ANY.search(body):
        return not _MARKUP.search(body)
    return not _FIRST_LINE.match(body)


def render(body: str) -> str:
    """Safe HTML for any string; never raises. Cleans first, so that the stored and the shown text agree."""
    body = clean(body)
    if not body:
        return ""
    return plain(body) if is_plain(body) else render_slowly(body)


def render_slowly(body: str) -> str:
    """``render`` without the short cut for plain text; ``body`` is clean and not empty."""
    if (
        len(body) > LONGEST_BODY
        or (len(body) > MOST_SPECIAL and len(_SPECIAL.findall(body)) > MOST_SPECIAL)
        or body.count("://") > MOST_ADDRESSES
    ):
        return plain(body)
    try:
        return safe(_parser().render(body))
    except TooComplexError:
        return plain(body)
    except Exception:
        # A fault of the parser must cost the message its looks, not the person their message. No text in the log.
        log.exception("could not render a body of %d characters", len(body))
        return plain(body)


def _parser() -> Parser:
    parser: Parser | None = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = Parser()
    return parser


def plain(body: str) -> str:
    """Paragraphs and line breaks, nothing else. For every body that ``is_plain`` accepts: what Markdown makes of it."""
    return f"<p>{_escape(body).replace('\n\n', '</p><p>').replace('\n', '<br>')}</p>"


def mentions(html: str) -> list[str]:
    """The folded names mentioned in HTML from ``render``, each once, in order. Compare with ``fold_name(username)``."""
    # Nobody can type this tag: in text “<” is escaped, in an address the quotes are.
    return list(dict.fromkeys(map(unescape, re.findall(r'<span class="mention" data-name="([^"]*)"', html))))
