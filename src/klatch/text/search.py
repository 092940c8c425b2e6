"""Words for search: the same folding for what is stored and for what is asked, and the two databases' query syntax.

Knows no tables. The store keeps ``" ".join(tokens(body))`` in FTS5 with the tokenizer ``FTS5_TOKENIZER``, or
``tsvector(tokens(body))`` cast to a PostgreSQL ``tsvector``; both know every word that ``tokens`` makes.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klatch.text.scripts import UNSPACED, is_unspaced

LONGEST_QUERY = 200
MOST_PHRASES = 16
MOST_WORDS = 64
LONGEST_TOKEN = 64  # PostgreSQL refuses a word of 2 KB; cut alike on both sides, so a longer word still finds itself
LONGEST_FOLDED = 50_000  # one character may be eighteen after NFKC
# Accents are folded here. Marks are part of a word: without them Hindi words that differ in a vowel would be one.
FTS5_TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
MOST_POSITIONS = 16_383  # of a PostgreSQL tsvector


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand next to each other in this order; with ``prefix`` the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def _plain_letters() -> dict[int, str]:
    """Latin and Greek letters without their accents.

    Cyrillic is not in it: й, ї and ў are letters of their own, only ё is written as е by half of all writers. Nor are
    ø, ł, ı and their like, which have no accent in Unicode's sense.
    """
    table = {}
    for low, high in ((0xC0, 0x250), (0x370, 0x400), (0x1E00, 0x2000)):
        for code in range(low, high):
            base = unicodedata.normalize("NFD", chr(code))[0]
            if ord(base) != code:
                table[code] = base
    return table | {ord("ё"): "е", ord("ѐ"): "е", ord("ѝ"): "и"}


_LETTERS = _plain_letters()
# Marks that many leave out when they type: accents on their own (also the stress marks of Russian), Hebrew and Arabic
# points with the tatweel, variation selectors; and the characters that only steer how a word is shown. The zero-width
# space (U+200B) is not among them: it parts words. Kana, hangul and Indic marks stay, they make other words.
_DROPPED = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\ufe00-\ufe0f\U000e0100-\U000e01ef\u3099\u309a"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u00ad\u034f\u061c\u180e\u200c-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)


def fold(text: str) -> str:
    """Text in the one form in which it is compared: widths, case, accents and ё no longer tell words apart."""
    if text.isascii():
        return text.lower()
    # Twice, because lower case may leave letters apart that have one form together.
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())[:LONGEST_FOLDED]
    return _DROPPED.sub("", text.translate(_LETTERS))


def _marks() -> str:
    ranges: list[list[int]] = []
    for code in range(0x0300, 0x1_2000):
        if unicodedata.category(chr(code)) in ("Mn", "Mc"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


_MARKS = _marks()
# One letter of a script without spaces, with its marks; or a run of letters, digits and marks of the others.
# “_” and the apostrophe part words, as they do for both databases: “don't” is the phrase “don t” on both sides.
_TOKEN = re.compile(f"[{UNSPACED}][{_MARKS}]*|(?:(?![{UNSPACED}])[^\\W_])(?:(?![{UNSPACED}])[^\\W_]|[{_MARKS}])*")


# The same for ASCII, in a third of the time: what parts words there.
_APART = {code: " " for code in range(128) if not chr(code).isalnum()}


def _words(folded: str) -> tuple[str, ...]:
    words = folded.translate(_APART).split() if folded.isascii() else _TOKEN.findall(folded)
    return tuple(words if len(folded) <= LONGEST_TOKEN else [word[:LONGEST_TOKEN] for word in words])


def tokens(body: str) -> list[str]:
    """The words of a body in their order. Only letters, digits and their marks: nothing that a query syntax knows."""
    return list(_words(fold(body)))


_QUOTE = re.compile('["“”„«»]')
# A run of a script without spaces, or what stands between two spaces or such runs.
_RUN = re.compile(f"([{UNSPACED}][{UNSPACED}{_MARKS}]*)|[^\\s{UNSPACED}]+")


def parse_query(q: str) -> list[Phrase]:
    """What was typed into the search box. All phrases must be found; there is none if nothing searchable was typed.

    Quoted text is a phrase. Without quotes so is each run of CJK characters, and each other word with the parts that
    punctuation makes of it (“don't”, “foo_bar”, “example.com”). The last of the other words may go on: people search
    while they type, and Russian and Korean words change at their ends. One letter alone may not: it finds everything.
    """
    found: list[Phrase] = []
    unfinished = None
    for index, part in enumerate(_QUOTE.split(fold(q[:LONGEST_QUERY]))):
        quoted = index % 2 == 1
        for run in [part] if quoted else _RUN.finditer(part):
            words = _words(run if isinstance(run, str) else run[0])
            if not words:
                continue
            if not quoted and not is_unspaced(words[-1]):
                unfinished = len(found)
            found.append(Phrase(words))
    if unfinished is not None and len(found[unfinished].words[-1]) > 1:
        found[unfinished] = Phrase(found[unfinished].words, prefix=True)
    return _bounded(found)


def _bounded(phrases: Sequence[Phrase]) -> list[Phrase]:
    kept: list[Phrase] = []
    room = MOST_WORDS
    for phrase in phrases[:MOST_PHRASES]:
        words = phrase.words[:room]
        if words:
            kept.append(phrase if words == phrase.words else Phrase(words))
        room -= len(words)
    return kept


def fts5_match(phrases: Iterable[Phrase]) -> str:
    """The right side of ``MATCH`` in SQLite; empty for no phrases, which the caller must not pass on.

    Every word is in double quotes, so none can be read as an operator or a column.
    """
    return " AND ".join(f'"{" ".join(phrase.words)}"' + "*" * phrase.prefix for phrase in phrases)


def fts5_named(phrases: Sequence[Phrase]) -> tuple[str, str, str] | None:
    """How to name the words that the last one goes on to: that word, the right side of ``MATCH``, what parts them.

    Joined by the latter, the words take the place of ``*`` in the former. None: no word may go on.
    """
    last = next((phrase for phrase in phrases if phrase.prefix), None)
    if last is None:
        return None
    before = "".join(f"{word} " for word in last.words[:-1])
    others = fts5_match(phrase for phrase in phrases if phrase is not last)
    return last.words[-1], f'("{before}*")' + f" AND {others}" * bool(others), f'" OR "{before}'


def tsquery(phrases: Iterable[Phrase]) -> str:
    """Text of a PostgreSQL ``tsquery``, for a cast or for ``to_tsquery('simple', …)``; empty for no phrases."""
    return " & ".join(
        "(" + " <-> ".join(f"'{word}'" for word in phrase.words) + ":*" * phrase.prefix + ")" for phrase in phrases
    )


def tsvector(words: Sequence[str]) -> str:
    """Text of a PostgreSQL ``tsvector``, for a cast: its own parser parts some scripts unlike ``tokens``."""
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words[:MOST_POSITIONS], 1))
