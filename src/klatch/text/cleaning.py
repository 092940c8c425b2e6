"""What is taken out of a body before it is stored. Changes nothing that a reader could see, except to remove it."""

import re
import unicodedata

# C0 and C1 controls except newline and tab (NUL cannot be stored in PostgreSQL at all), lone surrogates (cannot be
# encoded), and the two bidirectional overrides, which exist to show text in another order than it is read and serve
# spoofing (“exe.gnp”). The other bidirectional controls are what Hebrew and Arabic are written with: they stay, and
# end at the latest with their paragraph, because every block of the HTML is a bidi paragraph of its own.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]+")
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def clean(body: str) -> str:
    """The body as it is stored: line ends are ``\\n``, no controls, no trailing white space. Empty if nothing shows.

    No Unicode normalisation: people get back the characters that they wrote. ``clean(clean(x)) == clean(x)``.
    """
    if body.isprintable():  # no control, no format character, no surrogate, no newline: the usual one-liner
        return body.rstrip()
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    body = _UNWANTED.sub("", body).rstrip()
    # Joiners and zero-width spaces alone would be a message that looks like none.
    return body if any(unicodedata.category(ch) not in _INVISIBLE for ch in body) else ""
