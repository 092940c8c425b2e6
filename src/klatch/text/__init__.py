"""Text of messages: cleaning, Markdown to safe HTML, plain excerpts, words for search.

Pure functions of strings: no Django, no settings, no database. All of them may be called from any thread.
"""

from klatch.text.cleaning import clean
from klatch.text.excerpts import excerpt
from klatch.text.markdown import RENDERER_VERSION, mentions, render
from klatch.text.marks import fold_name
from klatch.text.search import FTS5_TOKENIZER, Phrase, fts5_match, parse_query, tokens, tsquery, tsvector

__all__ = [
    "FTS5_TOKENIZER",
    "RENDERER_VERSION",
    "Phrase",
    "clean",
    "excerpt",
    "fold_name",
    "fts5_match",
    "mentions",
    "parse_query",
    "render",
    "tokens",
    "tsquery",
    "tsvector",
]
