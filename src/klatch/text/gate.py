"""The last word on what HTML leaves this package. It trusts nothing that the renderer made."""

import nh3

from klatch.text.code import CLASSES, LANGUAGES

SCHEMES = frozenset({"http", "https", "mailto"})

TAGS = frozenset(
    "a blockquote br code em h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul".split()  # noqa: SIM905
)
ATTRIBUTES = {
    "a": frozenset({"href"}),
    "ol": frozenset({"start"}),
    "span": frozenset({"data-name", "data-slug"}),
}
_ALIGNED = frozenset({"center", "right"})
ALLOWED_CLASSES = {
    "code": frozenset(f"language-{name}" for name in LANGUAGES),
    "span": CLASSES | {"mention", "room-ref"},
    "td": _ALIGNED,
    "th": _ALIGNED,
}

# The contents of script and style are dropped with them; other unknown tags go and their text stays.
_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=frozenset({"script", "style"}),
    attributes=ATTRIBUTES,
    allowed_classes=ALLOWED_CLASSES,
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    generic_attribute_prefixes=frozenset(),
)


def safe(html: str) -> str:
    """The HTML with only what is listed above left in it, well formed. Links open apart and pass nothing on."""
    return _cleaner.clean(html)
