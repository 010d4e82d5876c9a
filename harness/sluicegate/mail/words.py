"""What bytes of a mail say: character sets, encoded words (RFC 2047), transfer encodings.

Lenient on purpose: what any mail program would decode is decoded here, an unknown character set as Latin-1. Total, and
linear in the length of what is read.
"""

from __future__ import annotations

import binascii
import re
from functools import cache

from sluicegate.frozen import frozen

__all__ = ["EncodedWord", "encoded_words", "in_charset", "spoken", "transferred"]

_WORD = re.compile(r"=\?([^?]*)\?([^?]*)\?([^?]*)\?=")
"""Each start reads on to its fourth question mark only, so a text is read a bounded number of times."""

_NOT_TEXT = frozenset({"idna", "punycode", "undefined", "mbcs", "oem", "unicode_escape", "raw_unicode_escape"})
"""Codecs of Python's own that are no character set of mail, or not linear."""


@frozen
class EncodedWord:
    """`=?charset?encoding?…?=` as it stands in a text."""

    start: int
    end: int
    charset: str
    payload: bytes
    """With the transfer encoding undone."""


def spoken(text: str) -> str:
    """A header's text as a mail program shows it: encoded words decoded, white space between two of them dropped."""
    if "=?" not in text:
        return text
    words = encoded_words(text)
    said: list[str] = []
    at, index = 0, 0
    while index < len(words):
        word = words[index]
        said.append(text[at : word.start])
        payload = [word.payload]
        while index + 1 < len(words) and not text[words[index].end : words[index + 1].start].strip(" \t\r\n"):
            index += 1
            if words[index].charset != word.charset:
                said.append(in_charset(b"".join(payload), word.charset))
                word, payload = words[index], []
            payload.append(words[index].payload)  # a character may be split between two words
        said.append(in_charset(b"".join(payload), word.charset))
        at = words[index].end
        index += 1
    said.append(text[at:])
    return "".join(said)


def encoded_words(text: str) -> list[EncodedWord]:
    """Every encoded word of a text, also where RFC 2047 allows none."""
    found: list[EncodedWord] = []
    at = text.find("=?")
    while at >= 0:
        match = _WORD.match(text, at)
        payload = None if match is None else _payload(match[2], match[3])
        if match is None or payload is None:
            at = text.find("=?", at + 1)
            continue
        charset = match[1].partition("*")[0].strip().lower()  # RFC 2231 5: a language may follow
        found.append(EncodedWord(start=at, end=match.end(), charset=charset, payload=payload))
        at = text.find("=?", match.end())
    return found


def _payload(encoding: str, said: str) -> bytes | None:
    raw = said.encode("utf-8", "surrogatepass")
    kind = encoding.strip().lower()
    if kind == "q":
        return binascii.a2b_qp(raw, header=True)
    if kind == "b":
        return _from_base64(raw)
    return None


def in_charset(raw: bytes, charset: str) -> str:
    """Bytes as text; what the character set does not know stays visible, a lone surrogate stays one."""
    name = _codec(charset[:40])
    if name == "utf-8":
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return raw.decode("utf-8", "replace")
    try:
        return raw.decode(name, "replace")
    except (UnicodeError, ValueError, LookupError):
        return raw.decode("latin-1")


@cache
def _known(charset: str) -> str:
    import codecs

    try:
        info = codecs.lookup(charset)
    except (LookupError, ValueError, UnicodeError):
        return "latin-1"
    is_text: bool = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_TEXT else "latin-1"


def _codec(charset: str) -> str:
    """Python's name for a character set; Latin-1 for what it does not know. Hostile names fill no cache."""
    name = charset.strip().strip("\"'").lower()
    if name in {"", "us-ascii", "ascii", "utf-8", "utf8"}:
        return "utf-8"
    return _known(name) if _PLAIN.fullmatch(name) and _in_use(name) else "latin-1"


_PLAIN = re.compile(r"[a-z0-9][a-z0-9_.:\-]{1,30}")


@cache
def _names_in_use() -> frozenset[str]:
    from encodings.aliases import aliases

    return frozenset({*aliases, *aliases.values()})


def _in_use(name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]+", "_", name)
    return plain in _names_in_use() or plain.startswith(("iso_8859", "windows_", "cp"))


def transferred(body: bytes, encoding: str) -> bytes:
    """A part's body with its Content-Transfer-Encoding undone; unknown encodings leave it as it is."""
    kind = encoding.strip().lower()
    if kind == "quoted-printable":
        return binascii.a2b_qp(body)
    if kind == "base64":
        return _from_base64(body)
    return body


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OUTSIDE = bytes(sorted(frozenset(range(256)) - frozenset(_ALPHABET)))


def _from_base64(raw: bytes) -> bytes:
    """Base64 with everything outside its alphabet left out, padded or not, as lenient readers decode it."""
    kept = raw.translate(None, _OUTSIDE)
    rest = len(kept) % 4
    if rest == 1:
        kept = kept[:-1]
        rest = 0
    return binascii.a2b_base64(kept + b"=" * (-rest % 4))
