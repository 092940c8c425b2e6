"""Colours for fenced code: Pygments' short class names around the code's own text, never a guess at the language."""

import re
from functools import cache
from threading import Lock

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

# A lexer is a pile of regular expressions run on a stranger's text. So: only languages that people paste into chats
# (each was tried with repetitive text of the full length), and only so much code a message.
LANGUAGES = frozenset(
    """
    bash sh shell console c cpp c++ csharp cs css dart diff django jinja docker dockerfile elixir erlang go graphql
    haskell html http ini java javascript js json jsx kotlin lua make makefile nginx php postgresql powershell
    properties protobuf python py pycon pytb r ruby rb rust rs scala scss sql swift toml ts tsx typescript xml yaml yml
    """.split()  # noqa: SIM905
)
LARGEST_CODE = 3_000  # characters in one message; what is beyond stays plain
LEAST_CODE = 250  # what a shorter block counts for: the first use of a language takes some milliseconds
LINE = 6  # what a shorter line counts for: some lexers look back over all empty lines
# More than 300 characters of what nobody writes by hand, and what costs the square of its length: a line for Make's
# lexer, words for Java's.
_ENDLESS = re.compile(r".{301}|[\w\s.$<>?\[\]]{301}")

CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

_formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
_building = Lock()


@cache
def _lexer(language: str) -> Lexer:
    # Pygments builds a lexer's tables when it is first made, without a lock of its own.
    with _building:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
        list(lexer.get_tokens(""))
    return lexer


def cost(code: str) -> int:
    """How much of ``LARGEST_CODE`` the colours of this code take."""
    if _ENDLESS.search(code):
        return LARGEST_CODE + 1
    return max(len(code), LEAST_CODE, code.count("\n") * LINE)


def coloured(code: str, language: str) -> str:
    """HTML of the code, every part of it escaped. ``language`` is one of ``LANGUAGES``."""
    html: str = highlight(code, _lexer(language), _formatter)
    return html
