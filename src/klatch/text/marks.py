"""The inline marks of a chat: ``@name``, ``#room``, ``:shortcode:``, and pictures, which become links.

Knows no users and no rooms: whether a name means somebody is for the caller to say.
"""

import unicodedata

from markdown_it.rules_inline import StateInline, link

from klatch.text.emoji import EMOJI, SHORTCODE
from klatch.text.scripts import is_cjk

LONGEST_NAME = 150  # Django's longest username
MOST_REFERENCES = 100  # in one message; what follows stays text. A flood of “@a” would grow twentyfold as HTML
# Before a mark none of these may stand: they are the middle of an address, a path, a number or a word.
_GLUE = frozenset("@#/&.+-=%")


def fold_name(name: str) -> str:
    """The form in which names and slugs are compared, and in which they stand in ``data-`` attributes."""
    # Neither has white space, but “ﷺ” is four words in this form.
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def name_at(src: str, start: int, end: int, inner: str) -> str:
    """The longest name from ``start``: letters, digits and marks of any script, ``inner`` between them."""
    end = min(end, start + LONGEST_NAME + 1)
    pos = stop = start
    while pos < end:
        ch = src[pos]
        pos += 1
        if ch.isalnum() or (pos - 1 > start and unicodedata.category(ch) in ("Mn", "Mc")):
            stop = pos
        elif ch not in inner or stop == start:
            break
    name = src[start:stop]
    return name if len(name) <= LONGEST_NAME else ""


def boundary_before(src: str, pos: int) -> bool:
    """Whether a mark may start here. Scripts that write no spaces need none before it either."""
    while pos and src[pos - 1] in "*_~":  # marks of emphasis are looked through: “_@ann_”, but not “a_@b.de”
        pos -= 1
    if pos == 0:
        return True
    before = src[pos - 1]
    return bool(is_cjk(before)) or not (before.isalnum() or before in _GLUE or unicodedata.category(before) == "Mn")


def chat_marks(state: StateInline, silent: bool) -> bool:
    """A rule of the inline parser; one for all marks, because every rule is asked at every special character."""
    src, pos = state.src, state.pos
    ch = src[pos]
    if ch == "@" or ch == "#":
        return _reference(state, silent, ch)
    if ch == ":":
        match = SHORTCODE.match(src, pos, state.posMax)
        if match is None or match[1] not in EMOJI or not boundary_before(src, pos):
            return False
        if not silent:
            state.append_pending(EMOJI[match[1]])
        state.pos = match.end()
        return True
    # Not while looking ahead: only so does the link rule see that a link would come to stand in a link.
    if ch == "!" and not silent and src.startswith("[", pos + 1):
        state.pos += 1
        if link(state, silent):
            return True
        state.pos = pos
    return False


def _reference(state: StateInline, silent: bool, ch: str) -> bool:
    if state.linkLevel or not boundary_before(state.src, state.pos):
        return False
    name = name_at(state.src, state.pos + 1, state.posMax, "._-" if ch == "@" else "_-")
    # “#1” or “#2-3” is a place in a list or an issue elsewhere, not a room: a room's slug has a letter.
    if not name or (ch == "#" and not any(map(str.isalpha, name))):
        return False
    left: int = state.env.setdefault("names", MOST_REFERENCES)
    if not left:
        return False
    if not silent:
        state.env["names"] = left - 1
        token = state.push("mention" if ch == "@" else "room_ref", "span", 0)
        token.content = name
    state.pos += 1 + len(name)
    return True
