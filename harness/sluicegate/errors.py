"""What a user is told when something of theirs cannot be used.

A fault says what was seen, where, and the mend. Faults of one input are collected and raised together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from sluicegate.frozen import frozen

__all__ = ["Fault", "InputError", "MissingExtraError", "SluicegateError", "misspelt", "nearest", "printable"]


@frozen
class Fault:
    """One mistake in one input, in the user's words."""

    where: str
    """`file:line`, a case id, or the option that was given."""
    what: str
    """What was found there, with the value seen. Starts with the thing, not with "Error"."""
    mend: str = ""
    """What to write or type instead; empty when `what` already says it."""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return printable(f"{text} {self.mend}" if self.mend else text)


class SluicegateError(Exception):
    """Base of every error Sluicegate raises on purpose; doors print it without a traceback."""


class InputError(SluicegateError):
    """One or more faults in something the user gave. All faults of that input are in `faults`."""

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults: Sequence[Fault] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class MissingExtraError(SluicegateError):
    """An optional dependency is needed and not installed; the message is the line to type."""

    def __init__(self, what: str, *, needs: str, extra: str) -> None:
        super().__init__(f"{what} needs {needs}. Run: pip install 'sluicegate[{extra}]'")


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the closest known word, or the empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""


def misspelt(word: str, known: Iterable[str]) -> str:
    """The one of `known` that `word` must have been meant to be, or the empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.8)
    return close[0] if close else ""


_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def printable(text: str) -> str:
    """`text` with control, separator and bidi characters made visible; tab and newline stay.

    Model output, mail headers and file contents reach terminals and reports only through here.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(ch if _is_plain(ch) else _escaped(ch) for ch in text)


def _is_plain(ch: str) -> bool:
    if ch in "\n\t":
        return True
    point = ord(ch)
    return ch == " " or (ch.isprintable() and point not in _BIDI)


def _escaped(ch: str) -> str:
    point = ord(ch)
    if point <= 0xFF:
        return {"\r": "\\r", "\0": "\\0"}.get(ch, f"\\x{point:02x}")
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
