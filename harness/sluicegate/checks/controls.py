"""How a text with control sequences in it may be read: what a terminal swallows neither hides a word nor begins one.

A control is the character itself, or an escape that somebody wrote for it before (a backslash, `x1b`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["has_controls", "readings"]


def has_controls(text: str) -> bool:
    """Whether any control, format or bidi character is in `text`, as such or as an escape."""
    return _CONTROL.search(text) is not None


def readings(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Every text to be looked through, with the places of its characters in `text` and of its end.

    As it stands; then for whole sequences (a colour) and again for single controls: each of them the end of a word,
    and none of them there. Line breaks and tabs are a blank in all. At most five texts, none longer than `text`.
    """
    yield text, range(len(text) + 1)
    seen = {text}
    for controls in (_SEQUENCE, _CONTROL):
        for between in ("\0", ""):
            reading, places = _read(text, controls, between)
            if reading not in seen:
                seen.add(reading)
                yield reading, places


def _read(text: str, controls: re.Pattern[str], between: str) -> tuple[str, list[int]]:
    parts: list[str] = []
    places: list[int] = []
    last = 0
    for found in controls.finditer(text):
        start, end = found.span()
        stands = " " if _BLANK.fullmatch(found[0]) else between
        parts += (text[last:start], stands)
        places += range(last, start + len(stands))
        last = end
    return "".join((*parts, text[last:])), [*places, *range(last, len(text) + 1)]


_ESCAPE = r"(?:\x1b|\\{1,8}(?:x1[bB]|u001[bB]|033|e(?=\[)))"
_EIGHT_BIT = r"(?:\x9b|\\{1,8}(?:x9[bB]|u009[bB]))"
_END = rf"(?:\x07|\\{{1,8}}(?:x07|u0007|a)|{_ESCAPE}\\{{1,8}})"
_SINGLE = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    r"|\\{1,8}(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|033|[0abefnrtv])"
)
_CONTROL = re.compile(_SINGLE)
_SEQUENCE = re.compile(
    # ECMA-48: a control sequence ends in its final byte; another escape sequence is a final byte behind intermediates.
    # A title or a link goes on up to a bell or a string terminator; one that begins inside breaks it off, so that no
    # character is looked at for more than one of them.
    rf"(?:{_ESCAPE}\[|{_EIGHT_BIT})[0-?]{{0,64}}[ -/]{{0,8}}[@-~]|{_ESCAPE}\](?:(?!{_END}|{_ESCAPE}\]).){{0,256}}{_END}"
    rf"|{_ESCAPE}[ -/]{{0,8}}[0-Z\\^-~]|{_SINGLE}"
)
_BLANK = re.compile(r"\s|\\+[nrtv]|\\+x0[9a-dA-D]|\\+u000[9a-dA-D]|\\+u202[89]")
