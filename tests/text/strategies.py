"""Text as people and attackers write it: any Unicode, and Markdown's own characters more often than chance."""

from hypothesis import strategies as st

FRAGMENTS = [
    *"\\`*_~[]()<>!@#:|&\n \t-+=.0'\"\xa0\u3000\ufeff\u200b\u200d\u202e\u2028\u0301\r\x00\x85\ud800上ёйẞ한か",
    "\n\n", "\n\n\n", "  \n", "\n ", "**", "~~", "```", "```py\n", "1. ", "12) ", "- ", "> ", "# ", "---",
    "|-|-|\n", "|a|b|\n",
    "@ann", "#room", ":tada:", "http://a.b", "https://", "mailto:a@b.de", "a@b.de", "](", "](http://a.b)", "![",
    "<http://a.b>",
    "<script>", "</p>", "<!--", "&amp;", "javascript:", "word", "10:30", "Привет", "東京", "안녕",
    "\U0001f469\u200d\U0001f4bb",
]  # fmt: skip

bodies = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.characters()), max_size=40).map("".join),
)
# Mostly what takes the short way: words, punctuation, short lines.
PLAIN = [
    *"abc ?!.,;'\"()/%$^{}=+->&<:\n",
    *("\n\n", "word ", "Привет, ", "今日は。", "10:30 ", "a < b", ":) ", "1. ", "2) "),
]
plain_bodies = st.lists(st.sampled_from(PLAIN), max_size=30).map("".join)
