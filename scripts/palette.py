"""Makes a screenshot light: the same PNG with a palette of its 256 most needed colours. Standard library only."""

import struct
import zlib
from collections import Counter
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def lighten(file: Path) -> None:
    """Rewrite an 8-bit RGB picture, as browsers make them; whatever else it is, it stays as it is."""
    width, height, data, plain = _read(file.read_bytes())
    if not plain:
        return
    pixels = _unfilter(data, width, height)
    wanted = Counter(pixels[at : at + 3] for at in range(0, len(pixels), 3))
    palette, index = _choose(wanted)
    rows = bytearray()
    for y in range(height):
        row = pixels[y * width * 3 : (y + 1) * width * 3]
        rows.append(0)
        rows += bytes(index[row[at : at + 3]] for at in range(0, len(row), 3))
    file.write_bytes(
        SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", b"".join(palette))
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _choose(wanted: Counter[bytes]) -> tuple[list[bytes], dict[bytes, int]]:
    """A palette, and for each colour its place there. Half by number of pixels, then always what is worst off."""
    palette = [colour for colour, _ in wanted.most_common(128)]
    best = {colour: min((_apart(colour, known), at) for at, known in enumerate(palette)) for colour in wanted}
    while len(palette) < 256:
        worst = max(best, key=lambda colour: best[colour][0] * wanted[colour])
        palette.append(worst)
        for colour, found in best.items():
            best[colour] = min(found, (_apart(colour, worst), len(palette) - 1))
    return palette, {colour: at for colour, (_, at) in best.items()}


def _apart(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _read(png: bytes) -> tuple[int, int, bytes, bool]:
    """Width, height, filtered rows, and whether it is 8-bit RGB without interlace."""
    at, packed, width, height, plain = len(SIGNATURE), b"", 0, 0, False
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, *rest = struct.unpack(">IIBBBBB", body)
            plain = rest == [8, 2, 0, 0, 0]
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    return width, height, zlib.decompress(packed), plain


def _unfilter(data: bytes, width: int, height: int) -> bytes:
    """The five filters of the PNG specification, undone."""
    size, above, pixels = width * 3, bytearray(width * 3), bytearray()
    for y in range(height):
        kind, row = data[y * (size + 1)], bytearray(data[y * (size + 1) + 1 : (y + 1) * (size + 1)])
        for x in range(size) if kind else ():
            left, up = row[x - 3] if x > 2 else 0, above[x]
            corner = above[x - 3] if x > 2 else 0
            row[x] = (row[x] + _guess(kind, left, up, corner)) & 255
        pixels += row
        above = row
    return bytes(pixels)


def _guess(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        return left if a <= b and a <= c else up if b <= c else corner
    return (0, left, up, (left + up) // 2)[kind]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
