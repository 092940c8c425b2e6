"""Which characters are written without spaces between words. Holds ranges only."""

import re

# Han with its marks of repetition, kana, bopomofo, hangul (syllables and letters).
CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c"
    "\uac00-\ud7a3\ud7b0-\ud7fb\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003347f"
)
# Thai, Lao, Burmese and Khmer letters; their vowel signs are marks and stay with the letter before.
UNSPACED = (
    CJK + "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u1000-\u102a\u1780-\u17b3"
)

is_cjk = re.compile(f"[{CJK}]").match
is_unspaced = re.compile(f"[{UNSPACED}]").match
