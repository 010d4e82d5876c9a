"""Text in the columns of a terminal: packed into lines, and commands broken so that they can be pasted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["columns", "command_lines", "cut", "pack", "pad"]


def command_lines(words: Sequence[str], width: int, indent: int) -> Iterator[str]:
    """A command of quoted words broken between them, each line but the last ending in a backslash.

    An option stays with what follows it; a word is never cut, so a line may be wider than `width`.
    """
    lines = list(pack(_options(words), width - indent - 2, " ", cutting=False))
    for place, line in enumerate(lines):
        more = " \\" if place < len(lines) - 1 else ""
        yield " " * (indent + (2 if place else 0)) + line + more


def pack(cells: Sequence[str], width: int, between: str = "  ", *, cutting: bool = True) -> Iterator[str]:
    """Cells joined on as few lines as they fit; one that is wider than a line is cut into lines."""
    line = ""
    for cell in cells:
        joined = f"{line}{between}{cell}" if line else cell
        if not line or columns(joined) <= width:
            line = joined
        else:
            yield line.rstrip()
            line = cell
        if columns(line) > width and " " in line and between != " ":
            *whole, line = pack(line.split(" "), width, " ")
            yield from whole
        while cutting and columns(line) > width:
            head = cut(line, width)
            yield head
            line = line[len(head) :]
    if line:
        yield line.rstrip()


def _options(words: Sequence[str]) -> list[str]:
    """Words of a command, an option kept together with what follows it."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1].startswith("-") and " " not in kept[-1] and not word.startswith("-"):
            kept[-1] += f" {word}"
        else:
            kept.append(word)
    return kept


def columns(text: str) -> int:
    """Columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_wide(ch) for ch in text)


def _wide(ch: str) -> int:
    if unicodedata.combining(ch) or unicodedata.category(ch) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in ("W", "F") else 1


def cut(text: str, width: int) -> str:
    """The longest beginning that fits, at least one character."""
    taken = 0
    for place, ch in enumerate(text):
        taken += _wide(ch)
        if taken > width:
            return text[: max(place, 1)]
    return text


def pad(text: str, width: int) -> str:
    """The text with blanks behind it, up to so many columns."""
    return text + " " * (width - columns(text))
