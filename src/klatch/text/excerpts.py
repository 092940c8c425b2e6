"""One plain line of a body, for quotes and notifications: cheap, no HTML, close to what the reader saw."""

import re
import unicodedata

from klatch.text.cleaning import clean
from klatch.text.emoji import replace_shortcodes

_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_LINE_MARK = re.compile(r"^[ \t]*(?:(?:>|#{1,6}(?=\s)|[-+*](?=\s)|\d{1,9}[.)](?=\s)) *)+", re.MULTILINE)
_RULE = re.compile(r"^ {0,3}(?:[-*_] *){3,}$|^[ \t|:-]*-[ \t|:-]*\|[ \t|:-]*$", re.MULTILINE)
_LINK = re.compile(r"""!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}(?:[ ]+"[^"\n]{0,200}")?\)""")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
# Marks in pairs around something; lone ones (“2 * 3”, “snake_case”) are text.
_PAIRS = re.compile(r"(?<!\\)(\*\*|~~|`+|(?<!\w)__|\*|(?<!\w)_)(?=\S)([^\n]{1,500}?)(?<=\S)\1(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
# Set beside somebody's name on one line, these could reorder it.
_BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def excerpt(body: str, limit: int = 140) -> str:
    """At most ``limit`` characters, the last one “…” if something was left out. Plain text: escape it for HTML."""
    # Marks are removed from a piece long enough that what remains usually fills the limit.
    piece = clean(body[: limit * 8 + 200])
    cut = len(body) > limit * 8 + 200
    text = _RULE.sub("", _FENCE.sub("", piece))
    text = _LINE_MARK.sub("", text)
    text = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", text))
    text = _PAIRS.sub(r"\2", _PAIRS.sub(r"\2", text))
    text = replace_shortcodes(_ESCAPE.sub(r"\1", text))
    text = " ".join(_BIDI.sub("", text).replace("|", " ").split())
    if len(text) <= limit and not cut:
        return text
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` with “…”: at a space if one is near, never inside what is seen as one character."""
    end = min(limit - 1, len(text))
    space = text.rfind(" ", max(0, end - 20), end + 1)
    if space > 0:
        end = space
    while 0 < end < len(text) and _joined(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _joined(text: str, at: int) -> bool:
    """Whether a cut at ``at`` would part a letter from its marks, an emoji sequence, or the two letters of a flag."""
    ch, before = text[at], text[at - 1]
    if before == "\u200d" or ch == "\u200d" or "\U0001f3fb" <= ch <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= ch <= "\U0001f1ff":
        start = at
        while start and "\U0001f1e6" <= text[start - 1] <= "\U0001f1ff":
            start -= 1
        return (at - start) % 2 == 1
    return unicodedata.category(ch) in ("Mn", "Mc", "Me")
