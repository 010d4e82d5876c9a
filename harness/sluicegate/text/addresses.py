"""Where a web address leads, read as a browser reads it: forgiving, so that what a filter refuses is still seen."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from sluicegate.text.patterns import Late

__all__ = ["address", "host_in", "mailed_to"]

_LONGEST_HOST = 255
_LONGEST = 4000
_SCHEME = Late(r"([A-Za-z][A-Za-z0-9+.\-]{0,30}):")
_LONGEST_AUTHORITY = 600
_AUTHORITY = Late(r"[^/?#]{0,601}")
_PORT = Late(r":\d{0,9}\Z")
_NUMBER = Late(r"0[xX][0-9a-fA-F]{0,16}|\d{1,16}")
_SPECIAL = frozenset({"http", "https", "ftp", "ws", "wss"})
_REMOVED = str.maketrans("", "", "\t\n\r")
_UNSEEN = Late("[\u00ad\u034f\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]")


def address(written: str) -> tuple[str, str, str | None] | None:
    """`written` as (address, scheme, host): the scheme in lower case, no host where there is none.

    Tabs and line breaks are dropped, backslashes are slashes, however many slashes follow `https:`; `//host/` has the
    scheme `https`. None for what names no scheme and no host: a path.
    """
    url = written[:_LONGEST].strip("".join(map(chr, range(33)))).translate(_REMOVED)
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    rest = url[found.end() :] if found else url
    if not found:
        if not re.match(r"[/\\]{2}", url):
            return None
        scheme = "https"
    if scheme in _SPECIAL:
        rest = rest.replace("\\", "/").lstrip("/")
        return url, scheme, host_in(rest)
    if rest.startswith("//"):
        return url, scheme, host_in(rest.lstrip("/"))
    if scheme == "mailto":
        return url, scheme, _host(unquote(rest.partition("?")[0]).rpartition("@")[2]) or None
    return url, scheme, None


_PART = Late(r"[?&](?:amp;)?([A-Za-z]{1,20})=([^&#]*)")


def mailed_to(url: str) -> list[str]:
    """Whom a `mailto:` writes to, as `local@host` with a canonical host: before its question mark, and in copies."""
    named = [url.partition(":")[2].partition("?")[0]]
    named += [found[2] for found in _PART.finditer(url) if found[1].lower() in ("to", "cc", "bcc")]
    found = []
    for part in re.split(r"[,;]", unquote(",".join(named), errors="replace")):
        local, at, domain = part.strip().strip("<>").rpartition("@")
        if at:
            found.append(f"{local.rpartition('<')[2]}@{_host(domain[:_LONGEST_HOST])}")
    return found


def host_in(authority: str) -> str | None:
    """The host at the beginning of what follows the slashes: canonical, without user and port. None: not to be told."""
    found = _AUTHORITY.match(authority)
    if found is None or len(found[0]) > _LONGEST_AUTHORITY:
        # The host may stand behind what was read.
        return None
    named = _PORT.sub("", found[0].rpartition("@")[2])
    return _host(unquote(named)[:_LONGEST_HOST]) or None


def _host(name: str) -> str:
    """Canonical: ASCII in lower case, labels of other scripts as `xn--`, an IPv4 address in four numbers."""
    if name.startswith("["):
        return name.partition("]")[0].lower() + "]"
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", name)).replace("\u3002", ".").casefold()
    labels = [_label(label) for label in plain.strip(" ").rstrip(".").split(".")]
    return _ipv4(labels) or ".".join(labels)


def _label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return "xn--" + label.encode("punycode").decode()
    except UnicodeError:
        return label.encode("ascii", "backslashreplace").decode()


def _ipv4(labels: list[str]) -> str | None:
    """`3221226113` and `0x7f.1` are addresses to a browser. None for a name."""
    if not 1 <= len(labels) <= 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        return None
    *numbers, last = (_value(label) for label in labels)
    if any(number > 255 for number in numbers) or last >= 256 ** (5 - len(labels)):
        return None
    total = last + sum(number * 256 ** (3 - at) for at, number in enumerate(numbers))
    return ".".join(str(total >> shift & 255) for shift in (24, 16, 8, 0))


def _value(label: str) -> int:
    if label[:2] in ("0x", "0X"):
        return int(label[2:] or "0", 16)
    is_octal = len(label) > 1 and label[0] == "0" and not set(label) & {"8", "9"}
    return int(label, 8) if is_octal else int(label)
