"""One text in its decoded forms, each of which knows where it stood in the text.

A decoder finds what is encoded and leaves the rest. Where nothing is encoded there is no view, which is most texts.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sluicegate.text.patterns import Late

__all__ = ["ENCODINGS", "View", "bare_of", "decoded_bytes", "format_stripped", "nfkc", "rot13", "streamed", "views"]

_Piece = tuple[int, int, str | None]
"""Start and end in the text, and what it says; None: what stands there, as it stands."""
_Decoder = Callable[[str, int], Iterator[_Piece]]
"""Takes the text and the least length of what is looked for."""


@dataclass(slots=True)
class View:
    """A decoded form. `steps` are the decoders, the outermost first; none for the text itself."""

    text: str
    steps: tuple[str, ...] = ()
    parent: View | None = None
    _starts: list[int] | None = None
    """Where each piece begins in this text."""
    _pieces: list[_Piece] | None = None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` came from in the original text; whole pieces where decoded."""
        if self.parent is None:
            return start, end
        if self._pieces is None or self._starts is None:
            # A view of the whole text, turned or thinned out, keeps no places.
            return self.parent.place(0, len(self.parent.text))
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_right(self._starts, max(end - 1, start)) - 1, 0)
        return self.parent.place(self._edge(first, start, at_end=False), self._edge(last, end, at_end=True))

    def _edge(self, piece: int, at: int, *, at_end: bool) -> int:
        begun = (self._starts or [0])[piece]
        start, end, said = (self._pieces or [(0, 0, None)])[piece]
        if said is None:
            return min(start + at - begun, end)
        return end if at_end else start


def views(text: str, least: int = 0) -> Iterator[View]:
    """The text, then every form of it that one decoder makes, then those that two make, the text's own first.

    The pairs are all of ENCODINGS after one another, and each of them in a text without blanks and marks, turned
    round, rotated, in its compatibility form or without what nobody sees. `least`: what is looked for has so many
    characters, so a shorter code holds none of it. There are no more forms than pairs, each no longer than a few times
    the text.
    """
    whole = View(text=text)
    yield whole
    singles = list(_decoded(whole, ENCODINGS, least))
    yield from singles
    for view in singles:
        yield from _decoded(view, ENCODINGS, least)
    for name, remake in _REMADE.items():
        remade = remake(text)
        if remade != text:
            yield from _decoded(View(text=remade, steps=(name,), parent=whole), ENCODINGS, least)


def _decoded(view: View, decoders: Mapping[str, _Decoder], least: int) -> Iterator[View]:
    for name, decode in decoders.items():
        pieces = [piece for piece in decode(view.text, least) if piece[2] is not None]
        if pieces:
            yield _joined(view, name, pieces)


def _joined(parent: View, name: str, found: list[_Piece]) -> View:
    """The parent's text with what was found in its place. Readings of one stretch stand behind each other."""
    said: list[str] = []
    starts: list[int] = []
    pieces: list[_Piece] = []
    length = at = 0

    def add(piece: _Piece, text: str) -> None:
        nonlocal length
        if text:
            starts.append(length)
            pieces.append(piece)
            said.append(text)
            length += len(text)

    for start, end, text in found:
        if start > at:
            add((at, start, None), parent.text[at:start])
        add((start, end, text), text or "")
        at = max(at, end)
    add((at, len(parent.text), None), parent.text[at:])
    return View(text="".join(said), steps=(*parent.steps, name), parent=parent, _starts=starts, _pieces=pieces)


_PERCENT = Late(r"(?:%[0-9A-Fa-f]{2})++")
_ENTITY = Late(r"&(?:#[xX]?[0-9A-Fa-f]{1,12}|[A-Za-z][A-Za-z0-9]{1,31});?")
_QUOTED = Late(r"(?:=[0-9A-Fa-f]{2})++|=[ \t]{0,2}\r?\n")
_WORD = Late(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*+)\?=(?:[ \t]{0,2}\r?\n?[ \t]{1,2}(?==\?))?")
_BASE64 = Late(r"[A-Za-z0-9+/_\-]{8,}+(?:\r?\n[ \t>]{0,4}[A-Za-z0-9+/_\-]{2,}+)*+={0,2}")
_HEX = Late(r"(?:\\u[0-9A-Fa-f]{4})++|(?:\\x[0-9A-Fa-f]{2})++|(?:(?:0x|&#x)?+[0-9A-Fa-f]{2}[\s:,;.\-]?+){4,}+")
_HEX_PREFIX = Late(r"0x|&#x|[^0-9A-Fa-f]")
_NOT_BASE64 = Late(r"[^A-Za-z0-9+/]")
_URL_ALPHABET = str.maketrans("-_", "+/")
_BARE = Late(r"[\s.,;:|*'\"`~\u200b-\u200d\u2060\ufeff\u00ad]+")
_CHARSETS = Late(
    r"utf-?(?:8|7|16(?:le|be)?|32(?:le|be)?)|us-ascii|iso-?8859-?\d{1,2}|(?:windows-|cp)125\d|koi8-[ru]|gb2312|gbk|gb18030"
    r"|big5|shift_jis|euc-(?:jp|kr)|iso-2022-(?:jp|kr)",
    re.IGNORECASE,
)
"""Charsets that decode in time linear in what they decode."""


def _percent(text: str, _least: int = 0) -> Iterator[_Piece]:
    if "%" in text:
        for found in _PERCENT.finditer(text):
            yield found.start(), found.end(), decoded_bytes(bytes.fromhex(found[0].replace("%", "")))


def _html(text: str, _least: int = 0) -> Iterator[_Piece]:
    if "&" in text:
        for found in _ENTITY.finditer(text):
            said = html.unescape(found[0])
            if said != found[0]:
                yield found.start(), found.end(), said


def _quoted_printable(text: str, _least: int = 0) -> Iterator[_Piece]:
    if "=" in text:
        for found in _QUOTED.finditer(text):
            is_break = found[0].endswith("\n")
            said = "" if is_break else decoded_bytes(bytes.fromhex(found[0].replace("=", "")))
            yield found.start(), found.end(), said


def _encoded_word(text: str, _least: int = 0) -> Iterator[_Piece]:
    if "=?" in text:
        for found in _WORD.finditer(text):
            yield found.start(), found.end(), _said(found[1], found[2], found[3])


def _said(charset: str, how: str, content: str) -> str:
    if how in "bB":
        raw = _bytes_of(_NOT_BASE64.sub("", content))
    else:
        pieces = (said if said is not None else content[at:end] for at, end, said in _q_pieces(content))
        return "".join(pieces).replace("_", " ")
    return decoded_bytes(raw, charset.partition("*")[0])


def _q_pieces(content: str) -> Iterator[_Piece]:
    at = 0
    for start, end, said in _quoted_printable(content):
        yield at, start, None
        yield start, end, said
        at = end
    yield at, len(content), None


def _base64(text: str, least: int = 0) -> Iterator[_Piece]:
    """Runs of the alphabet, decoded from each of four places: what is encoded may begin anywhere in a run."""
    for found in _BASE64.finditer(text):
        if (found.end() - found.start()) * 3 < least * 4:
            continue
        run = _NOT_BASE64.sub("", found[0].translate(_URL_ALPHABET))
        for at in range(4):
            yield found.start(), found.end(), decoded_bytes(_bytes_of(run[at:])) + "\n"
        if "\n" in found[0]:
            # The line before may be a word that belongs to no code.
            for line in _NOT_BASE64.sub("\n", found[0].translate(_URL_ALPHABET)).split("\n")[:1000]:
                if len(line) >= 8:
                    for at in range(4):
                        yield found.start(), found.end(), decoded_bytes(_bytes_of(line[at:])) + "\n"


def _bytes_of(run: str) -> bytes:
    whole = len(run) - (len(run) % 4 == 1)
    run = run[:whole]
    try:
        return codecs.decode((run + "=" * (-len(run) % 4)).encode(), "base64")
    except ValueError:
        return b""


def _hex(text: str, least: int = 0) -> Iterator[_Piece]:
    for found in _HEX.finditer(text):
        if found.end() - found.start() < least * 2:
            continue
        run = found[0]
        if run.startswith("\\u"):
            said = bytes.fromhex(run.replace("\\u", "")).decode("utf-16-be", "replace")
            yield found.start(), found.end(), said
            continue
        digits = _HEX_PREFIX.sub("", run)
        for at in (0, 1):
            even = digits[at : at + (len(digits) - at) // 2 * 2]
            yield found.start(), found.end(), decoded_bytes(bytes.fromhex(even)) + "\n"


def decoded_bytes(raw: bytes, charset: str = "utf-8") -> str:
    """Bytes as text, whatever they are; an unknown charset is read as UTF-8, and UTF-16 of ASCII as ASCII."""
    name = charset if _CHARSETS.fullmatch(charset) else "utf-8"
    try:
        return raw.decode(name, "replace").replace("\0", "")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace").replace("\0", "")


def bare_of(text: str) -> str:
    """Without blanks and the marks that are put between characters to break a run of them."""
    return _BARE.sub("", text)


_STREAM = Late(r"([^\w\s\x00-\x7f]{30})")
"""Marks are put in order one by one, so a run of them without end would take the square of its length."""
_FORMAT = Late(
    r"[\x00-\x08\x0e-\x1f\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)


def streamed(text: str) -> str:
    """Runs of marks broken up, so that normalising them takes time linear in the text."""
    return _STREAM.sub("\\1\u034f", text)


def nfkc(text: str) -> str:
    """The compatibility form: full-width letters are plain then."""
    return text if text.isascii() else unicodedata.normalize("NFKC", streamed(text))


def format_stripped(text: str) -> str:
    """Without controls and what nobody sees."""
    return _FORMAT.sub("", text)


def rot13(text: str) -> str:
    """Each ASCII letter thirteen on."""
    return text.translate(_ROT13)


_ROT13 = str.maketrans(
    {chr(base + at): chr(base + (at + 13) % 26) for base in (ord("a"), ord("A")) for at in range(26)}
)

ENCODINGS: Mapping[str, _Decoder] = MappingProxyType(
    {
        "percent": _percent,
        "html": _html,
        "encoded_word": _encoded_word,
        "quoted_printable": _quoted_printable,
        "hex": _hex,
        "base64": _base64,
    }
)
"""Decoders that find what is encoded inside a text."""

_REMADE: Mapping[str, Callable[[str], str]] = {
    "separators_stripped": bare_of,
    "reversed": lambda text: text[::-1],
    "rot13": rot13,
    "nfkc": nfkc,
    "format_stripped": format_stripped,
}
