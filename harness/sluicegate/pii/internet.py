"""Mail addresses, IP and MAC addresses, URLs. No list of top-level domains is fetched, and none is asked for mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from sluicegate.pii.word_list import listed

__all__ = ["hardware_and_ipv6", "ipv4_holds", "mail_addresses", "urls"]

_LOCAL = frozenset(".!#$%&'*+/=?^_`{|}~-")
_DOMAIN = re.compile(
    r"@(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,8}(?P<top>[^\W\d_]{2,24}|xn--[A-Za-z0-9\-]{2,59})(?![^\W_])|"
    r"@\[(?:[0-9]{1,3}\.){3}[0-9]{1,3}\]"
)
_QUOTED = re.compile(r'"[^"\n]{1,64}"$')
_FIELD = re.compile(r"[A-Za-z_][\w.\-]*=(?=[^\W_])")
_FILES = frozenset(listed("png jpg jpeg gif svg webp pdf css js html htm php"))

_OCTET = re.compile(r"0|[1-9][0-9]{0,2}")
_HEX_COLON = re.compile(r":[0-9A-Fa-f]{0,4}:")
_NOT_ADDRESS = re.compile(r"[^0-9A-Fa-f:.]")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_MAC_DASHED = re.compile(r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-")

_SCHEME = re.compile(
    r"(?=[hfsw])(?:(?<![^\W_])(?:https?|ftp|sftp|ws|wss)://[^\s<>\"'`\u00ab\u00bb{}|\\^]{2,2048}|"
    r"(?<![\w.@/\-])www\.[^\s<>\"'`{}|\\^]{3,2048})",
    re.IGNORECASE,
)
_TOPS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|eu|uk|de|fr|es|it|nl|be|at|ch|se|no|dk|fi|pl|pt|ie|cz|ro|"
    "ru|us|ca|au|in|jp|cn|br|me|tv|ly|gl|xyz|online|shop|site"
)
# Most full stops end a sentence; asking for a letter first spares them the list.
_BARE = re.compile(rf"\.(?=[a-z])(?:{_TOPS})(?![\w\-@])(?P<path>/[^\s<>\"'`{{}}|\\^]{{0,2048}})?", re.IGNORECASE)


def mail_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each mail address, internationalised and quoted local parts included."""
    at = text.find("@")
    while at >= 0:
        found = _DOMAIN.match(text, at)
        if found is not None and (found["top"] or "").lower() not in _FILES:
            start = _local_start(text, at)
            # The user of a repository over SSH is the same for everybody: git@host:path.
            if start is not None and text[start:at] != "git":
                yield start, found.end()
        at = text.find("@", at + 1)


def _local_start(text: str, at: int) -> int | None:
    quoted = _QUOTED.search(text, max(0, at - 66), at) if text[at - 1 : at] == '"' else None
    if quoted is not None:
        return quoted.start()
    start, least = at, max(0, at - 64)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
        start -= 1
    # A stroke parts the columns of a table.
    start = max(start, text.rfind("|", start, at) + 1)
    while start < at and text[start] in ".'/=`*":
        start += 1
    # "user.email=jane" begins with the name of a field.
    field = _FIELD.match(text, start, at)
    start = field.end() if field else start
    return start if start < at and text[at - 1] != "." else None


def ipv4_holds(parts: list[str]) -> bool:
    """Whether four groups of digits are somebody's address: 0 to 255, no leading zeros, not 0 or 127 (itself) first."""
    if len(parts) != 4 or parts[0] in ("0", "127"):
        return False
    return all(_OCTET.fullmatch(part) and int(part) <= 255 for part in parts)


def hardware_and_ipv6(text: str) -> Iterator[tuple[str, int, int]]:
    """IP_ADDRESS (version 6) and MAC_ADDRESS with their places."""
    done = 0
    for found in _HEX_COLON.finditer(text):
        if found.start() < done:
            continue
        start, end = _widened(text, found.start(), found.end())
        done = end
        token = text[start:end].rstrip(":.") if not text[start:end].endswith("::") else text[start:end]
        if text[start - 1 : start].isalnum() or text[end : end + 1].isalnum():
            continue
        if _MAC.fullmatch(token):
            yield "MAC_ADDRESS", start, start + len(token)
        elif len(token) > 3 and _is_ipv6(token):
            yield "IP_ADDRESS", start, start + len(token)
    for found in _MAC_DASHED.finditer(text):
        exact = _MAC.match(text, max(0, found.start() - 2))
        if exact is not None and not text[exact.end() : exact.end() + 1].isalnum():
            before = text[exact.start() - 1 : exact.start()] if exact.start() else ""
            if not before.isalnum() and before != "-":
                yield "MAC_ADDRESS", exact.start(), exact.end()


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters of an address around a place, at most 45 on each side."""
    least = max(0, start - 45)
    while start > least and not _NOT_ADDRESS.match(text[start - 1]):
        start -= 1
    last = _NOT_ADDRESS.search(text, end, end + 45)
    return start, last.start() if last else min(len(text), end + 45)


def _is_ipv6(token: str) -> bool:
    try:
        IPv6Address(token)
    except (AddressValueError, ValueError):
        return False
    # "bad::face" is two names of a program.
    return any(ch.isdigit() for ch in token) or token.count(":") > 4


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each URL: a scheme, www., or a host under a common top-level domain."""
    if "://" in text or "www." in text or "WWW." in text:
        for found in _SCHEME.finditer(text):
            end = found.end()
            while end > found.start() and text[end - 1] in ".,;:!?)]*_":
                end -= 1
            yield found.start(), end
    for found in _BARE.finditer(text):
        start, least = found.start(), max(0, found.start() - 100)
        while start > least and (text[start - 1].isalnum() or text[start - 1] in ".-"):
            start -= 1
        host = text[start : found.start()]
        # "end.The" is a sentence without its space: a bare host is in lower case or carries a path.
        if len(host) < 2 or text[start - 1 : start] in ("@", "/", "_") or (host != host.lower() and not found["path"]):
            continue
        end = found.end()
        while text[end - 1] in ".,;:!?)]*_":
            end -= 1
        yield start, end
