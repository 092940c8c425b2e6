"""Search in the five languages, against a real FTS5 table; and that our words and the database's never disagree."""

import sqlite3
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klatch.text import Phrase, fts5_match, parse_query, tokens, tsquery, tsvector
from klatch.text.search import FTS5_TOKENIZER, LONGEST_TOKEN, MOST_PHRASES, MOST_WORDS, fold, fts5_named
from tests.text.strategies import bodies

DATABASE = sqlite3.connect(":memory:")


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    DATABASE.close()


class Index:
    """An empty table each time, in one database."""

    def __init__(self, tokenizer: str = FTS5_TOKENIZER) -> None:
        self.database = DATABASE
        self.database.execute("DROP TABLE IF EXISTS found")
        option = tokenizer.replace("'", "''")
        self.database.execute(f"CREATE VIRTUAL TABLE found USING fts5(words, tokenize='{option}')")

    def add(self, body: str) -> int | None:
        return self.database.execute("INSERT INTO found VALUES (?)", [" ".join(tokens(body))]).lastrowid

    def search(self, query: str) -> set[int]:
        match = fts5_match(parse_query(query))
        return {row for (row,) in self.database.execute("SELECT rowid FROM found WHERE found MATCH ?", [match])}

    def finds(self, body: str, query: str) -> bool:
        return self.add(body) in self.search(query)


@pytest.fixture(params=[FTS5_TOKENIZER, "unicode61 remove_diacritics 0"], ids=["with marks", "as it comes"])
def index(request):
    return Index(request.param)


FOUND = [
    # English
    ("The café is open", "cafe"),
    ("The cafe is open", "café"),
    ("The cafe\u0301 is open", "café"),
    ("Straße", "strasse"),
    ("STRASSE", "straße"),
    ("Printers hum", "print"),
    ("Printers hum", "hum printers"),
    ("I don't know", "don't"),
    ("I don’t know", "don't"),
    ("call foo_bar(x)", "foo_bar"),
    ("call foo_bar(x)", "bar"),
    ("see https://example.com/a-page", "example.com"),
    ("ticket ABC-123", "abc-123"),
    ("ＦＵＬＬ width", "full"),
    ("ﬁne", "fine"),
    ("soft\u00adhyphen", "softhyphen"),
    ("say hello world now", '"hello world"'),
    ("say hello world now", "“hello world” now"),
    # Russian
    ("Поставь ёлку", "елку"),
    ("Поставь елку", "ёлку"),
    ("ЁЛКА", "ёлка"),
    ("Принтеры гудят", "принтер"),
    ("новый чай", "чай"),
    ("Чаи\u0306", "чай"),
    ("за\u0301мок", "замок"),
    ("Київ її", "київ"),
    # Japanese
    ("東京オリンピックの話", "東京"),
    ("東京オリンピックの話", "オリンピック"),
    ("東京オリンピックの話", "京"),
    ("東京オリンピックの話", "話 東京"),
    ("ｵﾘﾝﾋﾟｯｸ", "オリンピック"),
    ("か\u3099くせい", "がくせい"),
    ("コーヒーを飲む", "コーヒー"),
    ("Python入門の本", "python入門"),
    ("Python入門の本", "入門 pyth"),
    ("人々の時", "人々"),
    # Traditional Chinese
    ("我明天去上海開會", "上海"),
    ("我明天去上海開會", "海"),
    ("我明天去上海開會", "明天，上海"),
    ("我明天去上海開會", "去上海"),
    # Korean
    ("한국어는 재미있다", "한국"),
    ("한국어는 재미있다", "한국어"),
    ("한국어는 재미있다", "재미"),
    ("\u1112\u1161\u11ab국어", "한국"),
    ("ㅋㅋㅋ 좋다", "ㅋㅋ"),
    # others
    ("नमस्ते दुनिया", "दुनिया"),
    ("สวัสดีครับผม", "ครับ"),
    ("مُحَمَّد", "محمد"),
    ("שָׁלוֹם", "שלום"),
    ("Ελλάδα ΣΟΦΌΣ", "ελλαδα σοφός"),
    ("İstanbul", "istanbul"),
]

NOT_FOUND = [
    ("чаи", "чай"),
    ("чай", "чаи"),
    ("海上", "上海"),
    ("上 the 海", '"上 海"'),
    ("我去上 班 海", "上海"),
    ("国한어", "한국"),
    ("한국", "한국어"),
    ("world hello", '"hello world"'),
    ("printers", '"print"'),
    ("print", "printers"),
    ("xprint", "print"),
    ("が", "か"),
    ("hello", "hello missing"),
    ("ab", "a"),
]


@pytest.mark.parametrize(("body", "query"), FOUND)
def test_a_person_finds_it(index, body, query):
    index.add("something else entirely")
    assert index.finds(body, query)
    assert not index.finds("nothing of it", query)


@pytest.mark.parametrize(("body", "query"), NOT_FOUND)
def test_other_words_are_not_found(index, body, query):
    assert not index.finds(body, query)


def test_vowel_signs_tell_words_apart_when_marks_are_token_characters():
    assert not Index().finds("दान", "दिन")
    assert Index().finds("दिन", "दिन")


words = st.one_of(bodies, st.text(st.characters(categories=["L", "N", "M"]), max_size=30))


@settings(max_examples=400, deadline=None)
@given(words)
def test_every_word_of_a_body_finds_the_body(body):
    index = Index()
    row = index.add(body)
    for word in set(tokens(body)):
        match = fts5_match([Phrase((word,))])
        assert index.database.execute("SELECT rowid FROM found WHERE found MATCH ?", [match]).fetchall() == [(row,)]


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=150))
def test_words_of_plain_letters_are_parted_like_all_others(body):
    # One letter beyond ASCII sends the whole body the long way.
    assert [*tokens(body), "я"] == tokens(f"{body} я")


@settings(max_examples=400, deadline=None)
@given(words)
def test_a_body_finds_itself_whatever_is_in_it(body):
    index = Index()
    row = index.add(body)
    phrases = parse_query(body)
    if phrases and '"' not in fold(body[:200]) and len(body) < 100:
        assert row in index.search(body)


@settings(max_examples=400, deadline=None)
@given(words)
def test_words_hold_no_syntax_of_any_query_language(body):
    for word in [*tokens(body), *(word for phrase in parse_query(body) for word in phrase.words)]:
        assert 0 < len(word) <= LONGEST_TOKEN
        assert not set(word) & set(" \t\n\"'*:^()+-&|!<>{}\\_,.;")
        assert tokens(word) == [word]


@settings(max_examples=200, deadline=None)
@given(words)
def test_any_query_is_accepted_by_the_database(query):
    phrases = parse_query(query)
    if phrases:
        Index().search(query)


def test_what_was_typed_is_parsed_into_phrases():
    assert parse_query("hello wor") == [Phrase(("hello",)), Phrase(("wor",), prefix=True)]
    assert parse_query("don't") == [Phrase(("don", "t"))]
    assert parse_query("東京 2020年") == [Phrase(("東", "京")), Phrase(("2020",), prefix=True), Phrase(("年",))]
    assert parse_query("上海，北京") == [Phrase(("上", "海")), Phrase(("北", "京"))]
    assert parse_query('hi "big 上海 deal"') == [Phrase(("hi",), prefix=True), Phrase(("big", "上", "海", "deal"))]
    assert parse_query("") == parse_query(' "" * - ( 😀') == []


def test_queries_are_bounded():
    assert len(parse_query("a b " * 100)) == MOST_PHRASES
    assert [len(phrase.words) for phrase in parse_query("上" * 1_000)] == [MOST_WORDS]
    assert sum(len(phrase.words) for phrase in parse_query("ﷺ " * 100)) <= MOST_WORDS
    assert parse_query("x" * 1_000) == [Phrase(("x" * LONGEST_TOKEN,), prefix=True)]
    assert Index().finds("x" * 1_000, "x" * 1_000)


def test_queries_are_written_for_both_databases():
    phrases = [Phrase(("上", "海")), Phrase(("foo", "bar"), prefix=True), Phrase(("x",))]
    assert fts5_match(phrases) == '"上 海" AND "foo bar"* AND "x"'
    assert tsquery(phrases) == "('上' <-> '海') & ('foo' <-> 'bar':*) & ('x')"
    assert tsvector(["上", "海", "上"]) == "'上':1 '海':2 '上':3"
    assert fts5_match([]) == tsquery([]) == tsvector([]) == ""


@pytest.mark.parametrize(
    "query", ['"', '""', "AND", "NOT x", "NEAR(a b)", "words:x", "^x", "x*", "x)", "'; DROP TABLE found", "a\x00b"]
)
def test_the_syntax_of_fts5_is_only_text_in_a_query(index, query):
    match = fts5_match(parse_query(query))
    if match:
        assert index.finds(query, query)


def test_every_letter_of_a_word_stands_in_the_index_as_it_is():
    """So a word that was typed is found at the head of the words that it goes on to, in the index's own order."""
    index = Index()
    letters = {
        word: row
        for row, word in enumerate({word for code in range(sys.maxunicode + 1) for word in tokens(f"a{chr(code)}")})
    }
    index.database.executemany(
        "INSERT INTO found(rowid, words) VALUES (?, ?)", [(row, word) for word, row in letters.items()]
    )
    index.database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab(main, found, instance)")
    assert letters == dict(index.database.execute("SELECT term, doc FROM temp.words"))


@pytest.mark.parametrize("query", ["meet", "foo_ba", '"a b" c meet', 'xy "quoted last"', "会議 me"])
def test_words_that_are_named_stand_where_the_unfinished_one_stood(query):
    phrases = parse_query(query)
    word, match, between = fts5_named(phrases)
    (unfinished,) = (phrase for phrase in phrases if phrase.prefix)
    assert unfinished.words[-1] == word
    index = Index()
    others = [part for phrase in phrases if phrase is not unfinished for part in phrase.words]
    for last in (word, f"{word}ing", f"{word}s", f"{word}x", "other"):
        index.add(" ".join([*others, *unfinished.words[:-1], last]))
    named = match.replace("*", between.join([word, f"{word}s", f"{word}ing"]))
    rows = index.database.execute("SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid", [named])
    assert [row for (row,) in rows] == [1, 2, 3]


def test_nothing_is_named_where_no_word_may_go_on():
    assert fts5_named(parse_query('"quoted"')) is None
    assert fts5_named(parse_query("x")) is None
