"""Bar charts as small SVG files. They follow the reader's light or dark scheme and need no script and no font file."""

from dataclasses import dataclass
from html import escape

ROW, BAR, LEFT, RIGHT, WIDTH, TOP = 26, 14, 190, 130, 760, 44

STYLE = """
text{font:13px system-ui,sans-serif;fill:#3b3a37}
.title{font-weight:600;font-size:14px}
.value{font-variant-numeric:tabular-nums}
.bar{fill:#b4b0a8}
.ours{fill:#a8441f}
.ours-name{font-weight:600}
.spread{stroke:#3b3a37;stroke-width:1.5;fill:none}
@media(prefers-color-scheme:dark){
text{fill:#dcd9d3}
.bar{fill:#6d6a64}
.ours{fill:#f0a27f}
.spread{stroke:#dcd9d3}
}
"""


@dataclass
class Bar:
    name: str
    value: float
    low: float  # the least and the most of the rounds
    high: float
    ours: bool


def bars(title: str, rows: list[Bar], digits: int = 0) -> str:
    """One horizontal bar a row, on one linear scale that begins at zero; a thin line spans the rounds."""
    most = max(row.high for row in rows) or 1.0
    height = TOP + ROW * len(rows) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE.replace(chr(10), '')}</style>",
        f'<text class="title" x="0" y="18">{escape(title)}</text>',
    ]
    for number, row in enumerate(rows):
        parts.extend(_row(row, TOP + ROW * number, most, digits))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(row: Bar, top: int, most: float, digits: int) -> list[str]:
    def x(value: float) -> float:
        return round(LEFT + max(value, 0) / most * (WIDTH - LEFT - RIGHT), 1)

    middle, base = top + BAR / 2, top + BAR - 2
    name = ' class="ours-name"' if row.ours else ""
    parts = [
        f'<text{name} x="{LEFT - 10}" y="{base}" text-anchor="end">{escape(row.name)}</text>',
        f'<rect class="{"ours" if row.ours else "bar"}" x="{LEFT}" y="{top}" '
        f'width="{max(x(row.value) - LEFT, 1):.1f}" height="{BAR}" rx="2"/>',
        f'<text class="value" x="{x(row.high) + 8}" y="{base}">{row.value:,.{digits}f}</text>',
    ]
    if row.high > row.low:
        parts.append(f'<path class="spread" d="M{x(row.low)} {middle}H{x(row.high)}"/>')
    return parts
