"""Reads HTML with an independent parser and says what in it is not allowed. Written apart from the gate on purpose."""

import re
from html.parser import HTMLParser

TAGS = frozenset("a blockquote br code em h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul".split())  # noqa: SIM905
ATTRIBUTES = {
    ("a", "href"): re.compile(r"https?://[^/].*|mailto:.+", re.IGNORECASE | re.DOTALL),
    ("a", "rel"): re.compile("noopener noreferrer nofollow"),
    ("a", "target"): re.compile("_blank"),
    ("ol", "start"): re.compile(r"\d{1,9}"),
    ("span", "class"): re.compile("mention|room-ref|[a-z][a-z0-9]{0,3}"),
    ("span", "data-name"): re.compile(r"[^\x00-\x20<>\"']+"),
    ("span", "data-slug"): re.compile(r"[^\x00-\x20<>\"']+"),
    ("code", "class"): re.compile(r"language-[a-z+]+"),
    ("td", "class"): re.compile("center|right"),
    ("th", "class"): re.compile("center|right"),
}
VOID = {"br", "hr"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in TAGS:
            self.problems.append(f"tag {tag}")
        if tag == "a":
            # Without href when the gate could not read the address; then it is no link at all.
            missing = {"rel", "target"} - dict(attrs).keys()
            if missing:
                self.problems.append(f"a link without {missing}")
            if "a" in self.open:
                self.problems.append("a link in a link")
        for name, value in attrs:
            pattern = ATTRIBUTES.get((tag, name))
            if pattern is None or not pattern.fullmatch(value or ""):
                self.problems.append(f"{tag} {name}={value!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.problems.append(f"self-closed {tag}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"unbalanced </{tag}>")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"declaration {decl!r}")

    def unknown_decl(self, data: str) -> None:
        self.problems.append(f"declaration {data!r}")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"instruction {data!r}")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        reader.problems.append(f"left open: {reader.open}")
    return reader


def problems(html: str) -> list[str]:
    """What must not be in HTML that this product shows; empty is good."""
    return read(html).problems
