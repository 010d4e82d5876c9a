"""Characters that nobody sees: what they hide, and which of them belong where they stand.

Joiners of emoji and of Arabic and Indic letters, flags, direction marks in right-to-left text and a soft hyphen in a
word are writing, not hiding. What is left is told with what it may say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from sluicegate.frozen import frozen
from sluicegate.text.patterns import Late

__all__ = ["Control", "Hidden", "controls", "hidden"]


@frozen
class Hidden:
    """A stretch of characters that are not seen and do not belong there."""

    kind: str
    """tags | variation_selectors | zero_width | fillers | interlinear | deprecated | stacked_marks"""
    start: int
    end: int
    decoded: str
    """What it says to a reader of such codes; empty where it says nothing known."""


@frozen
class Control:
    """A character that steers a reader instead of being read."""

    kind: str
    """control | line_separator | surrogate | bidi"""
    start: int
    end: int
    name: str
    """U+202E and its kin."""


_FLAGS = frozenset({"gbeng", "gbsct", "gbwls"})
_RUN = Late(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2064\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_KIND = Late(
    r"(?P<tags>[\U000e0000-\U000e007f]+)|(?P<variation_selectors>[\ufe00-\ufe0f\U000e0100-\U000e01ef]+)"
    r"|(?P<zero_width>[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufeff]+)|(?P<fillers>[\u115f\u1160\u17b4\u17b5\u3164\uffa0]+)"
    r"|(?P<mongolian>[\u180b-\u180d\u180f]+)|(?P<interlinear>[\ufff9-\ufffb]+)|(?P<deprecated>.)",
    re.DOTALL,
)
_EMOJI = Late(
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297"
    r"\u3299\ufe0f\u20e3\U0001f000-\U0001faff\U000e007f]"
)
_JOINING = Late(
    r"[\u0600-\u06ff\u0700-\u074f\u0750-\u077f\u0780-\u07bf\u07c0-\u07ff\u0840-\u085f\u0860-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
    r"\u1800-\u18af\u1900-\u1cff\ua800-\ua8ff\ua900-\ua9df\uaa00-\uaadf\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010d00-\U00010d3f\U00011000-\U00011fff"
    r"\U0001e900-\U0001e95f]"
)
"""Scripts whose letters join, or whose conjuncts a joiner decides."""
_NO_BLANKS = Late(
    r"[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\u3000-\u30ff\u3100-\u9fff\ua980-\ua9df\uac00-\ud7a3"
    r"\uf900-\ufaff\uff00-\uff9f\uffa1-\uffef\U00020000-\U0003ffff]"
)
"""Scripts that put no blanks between words, where a zero-width space says that a line may break."""
_RTL = Late(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_IDEOGRAPH = Late(r"[\u2e80-\u2fdf\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_STACK = Late(r"[^\w\s\x00-\x7f]{12,}")
_TALLEST = 10
"""Marks over one letter; Hebrew with vowels and accents has five, Tibetan stacks some more."""
_MOST_BITS = 8000


def hidden(text: str) -> list[Hidden]:
    """What does not belong, in order of place. Total, and linear in the text."""
    if text.isascii():
        return []
    has_rtl = _RTL.search(text) is not None
    found = [item for run in _RUN.finditer(text) for item in _of_run(text, run.start(), run.end(), has_rtl)]
    return sorted([*found, *_stacked(text)], key=lambda item: (item.start, item.end))


def _of_run(text: str, start: int, end: int, has_rtl: bool) -> Iterator[Hidden]:
    for part in _KIND.finditer(text, start, end):
        kind = part.lastgroup or "deprecated"
        before = text[part.start() - 1] if part.start() else ""
        after = text[part.end()] if part.end() < len(text) else ""
        if _BELONGS[kind](part[0], before, after, has_rtl):
            continue
        decoded = _DECODED[kind](part[0]) if kind in _DECODED else ""
        kind = "variation_selectors" if kind == "mongolian" else kind
        yield Hidden(kind=kind, start=part.start(), end=part.end(), decoded=decoded)


def _is_flag(run: str, before: str, _after: str, _rtl: bool) -> bool:
    return before == "\U0001f3f4" and run.endswith("\U000e007f") and _tags(run) in _FLAGS


def _selects(run: str, before: str, _after: str, _rtl: bool) -> bool:
    """One selector behind a character that has variants; the emoji one may have been written twice."""
    if run in ("\ufe0f", "\ufe0e", "\ufe0f\ufe0f"):
        return (before in "#*0123456789" and before != "") or _has_variants(before)
    if len(run) != 1 or not before:
        return False
    if run >= "\U000e0100":
        return _IDEOGRAPH.match(before) is not None
    # Standardised ones: ideographs, mathematical signs, Myanmar and Phags-pa letters, punctuation of East Asia.
    return run <= "\ufe02" and (_IDEOGRAPH.match(before) is not None or _has_variants(before) or before in _PUNCTUATION)


_PUNCTUATION = "\u3001\u3002\uff01\uff0c\uff0e\uff1a\uff1b\uff1f\u2018\u2019\u201c\u201d"


def _has_variants(ch: str) -> bool:
    return bool(ch) and (
        unicodedata.category(ch) in ("So", "Sm", "Sk", "Po", "Mn", "Me") or _EMOJI.match(ch) is not None
        or "\u1000" <= ch <= "\u109f" or "\ua840" <= ch <= "\ua87f"
    ) and not ch.isascii()  # fmt: skip


def _joins(run: str, before: str, after: str, has_rtl: bool) -> bool:
    """Whether every zero-width character of the run is one that this place may have."""
    if set(run) <= {"\u200e", "\u200f"}:
        # Marks of direction, which some keyboards put in front of every number.
        return has_rtl or len(run) <= 2
    if has_rtl and (rest := run.strip("\u200e\u200f")) != run:
        return not rest or _joins(rest, before, after, has_rtl)
    if len(run) > 1 and not (run == "\u200c\u200c" and _JOINING.match(before)):
        return False
    return _joins_one(run[0], before, after)


def _joins_one(ch: str, before: str, after: str) -> bool:
    if ch == "\u200d":
        emoji = _EMOJI.match(before) is not None and _EMOJI.match(after) is not None
        return emoji or _JOINING.match(before) is not None or _JOINING.match(after) is not None
    if ch == "\u200c":
        return _JOINING.match(before) is not None
    if ch == "\u200b":
        return _NO_BLANKS.match(before) is not None or _NO_BLANKS.match(after) is not None
    if ch == "\u180e":
        return "\u1800" <= before <= "\u18af"
    if ch in "\u00ad\u034f":
        return (before.isalpha() and (ch == "\u034f" or after.isalpha() or after in ("\r", "\n"))) or _is_mark(before)
    # A word joiner, or a sign of mathematics that is not written.
    return ch != "\ufeff" and before.isprintable() and after.isprintable() and bool(before.strip() and after.strip())


def _is_mark(ch: str) -> bool:
    return bool(ch) and unicodedata.category(ch).startswith("M")


def _fills(run: str, before: str, after: str, _rtl: bool) -> bool:
    """Old Hangul is spelt with fillers beside conjoining letters; nothing else needs one."""
    jamo = "\u1100" <= before <= "\u11ff" or "\u1100" <= after <= "\u11ff"
    return jamo and len(run) <= 2 and set(run) <= {"\u115f", "\u1160"}


def _is_mongolian(run: str, before: str, _after: str, _rtl: bool) -> bool:
    return len(run) == 1 and "\u1800" <= before <= "\u18af"


def _never(_run: str, _before: str, _after: str, _rtl: bool) -> bool:
    return False


_BELONGS = {
    "tags": _is_flag,
    "variation_selectors": _selects,
    "zero_width": _joins,
    "fillers": _fills,
    "mongolian": _is_mongolian,
    "interlinear": _never,
    "deprecated": _never,
}


def _tags(run: str) -> str:
    return "".join(chr(ord(ch) - 0xE0000) for ch in run if "\U000e0020" <= ch <= "\U000e007e")


def _selected(run: str) -> str:
    """Selectors as bytes: 1 to 16 are 0 to 15, 17 to 256 the rest."""
    points = [ord(ch) - (0xFE00 if ch <= "\ufe0f" else 0xE0100 - 16) for ch in run]
    return _shown(bytes(points).decode("utf-8", "replace"))


def _bits(run: str) -> str:
    """Two kinds of zero-width characters as bits, in eights or sevens, either one standing for 1."""
    run = run[:_MOST_BITS]
    kinds = sorted(set(run), key=run.count, reverse=True)[:2]
    if len(kinds) < 2:
        return ""
    bits = "".join("01"[ch == kinds[0]] for ch in run if ch in kinds)
    best = ""
    for turned in (bits, bits.translate({48: "1", 49: "0"})):
        for width in (8, 7):
            codes = [int(turned[at : at + width], 2) for at in range(0, len(turned) - width + 1, width)]
            said = "".join(map(chr, codes))
            if said.isascii() and said.isprintable() and len(said) > len(best):
                best = said
    return best


def _shown(text: str) -> str:
    return text.strip("\0\ufffd")


_DECODED = {"tags": _tags, "variation_selectors": _selected, "zero_width": _bits}


def _stacked(text: str) -> Iterator[Hidden]:
    for run in _STACK.finditer(text):
        begun = None
        for at in range(run.start(), run.end() + 1):
            is_mark = at < run.end() and unicodedata.category(text[at]) in ("Mn", "Me")
            if is_mark and begun is None:
                begun = at
            elif not is_mark and begun is not None:
                if at - begun > _TALLEST and not _KIND_OF_RUN.match(text, begun):
                    yield Hidden(kind="stacked_marks", start=begun, end=at, decoded="")
                begun = None


_KIND_OF_RUN = Late(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Selectors are marks too, and have been told."""

_OPEN = {"\u202a": "\u202c", "\u202b": "\u202c", "\u202d": "\u202c", "\u202e": "\u202c"}
_ISOLATE = frozenset("\u2066\u2067\u2068")
_BIDI = Late(r"[\u202a-\u202e\u2066-\u2069\n\u2029]")
_CONTROL = Late(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def controls(text: str, *, lines: bool = False) -> list[Control]:
    """Control characters, line and paragraph separators, half characters, and bidi controls without their other end.

    `lines`: the text has lines, so tab, LF and CR LF are none; a CR of its own is one all the same.
    """
    if text.isascii() and text.isprintable():
        return []
    found = []
    for match in _CONTROL.finditer(text):
        ch, at = match[0], match.start()
        if lines and (ch in "\t\n" or (ch == "\r" and text.startswith("\n", at + 1))):
            continue
        kind = "surrogate" if "\ud800" <= ch <= "\udfff" else "line_separator" if ch in "\u2028\u2029" else "control"
        found.append(_control(kind, at, ch))
    found += [_control("bidi", at, text[at]) for at in _unbalanced(text)]
    return sorted(found, key=lambda item: item.start)


def _unbalanced(text: str) -> Sequence[int]:
    """Places of bidi controls that are opened in a paragraph and not closed there, or closed and never opened."""
    open_: list[int] = []
    wrong: list[int] = []
    for match in _BIDI.finditer(text):
        ch, at = match[0], match.start()
        if ch in "\n\u2029":
            wrong += open_
            open_ = []
        elif ch in _OPEN or ch in _ISOLATE:
            open_.append(at)
        elif not open_ or (text[open_[-1]] in _ISOLATE) is not (ch == "\u2069"):
            wrong.append(at)
        else:
            open_.pop()
    return [*wrong, *open_]


def _control(kind: str, at: int, ch: str) -> Control:
    return Control(kind=kind, start=at, end=at + 1, name=f"U+{ord(ch):04X}")
