"""Mail addresses as RFC 5321 and 6531 write them: one canonical form, and the argument of a RCPT or MAIL command.

Nothing is made equal that a mail server may tell apart: the local part is kept to the character, and a domain that
would have to be mapped before it is compared (full width, zero width, long s …) is no domain here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from sluicegate.frozen import frozen

__all__ = ["MARKS", "Path", "canonical", "domain_of", "joined", "path", "shown_addresses"]

_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e\u0080-\U0010ffff]|\\[\x20-\x7e])*)"')
_LABEL = re.compile(r"[0-9a-z](?:[0-9a-z\-]*[0-9a-z])?")
_LONGEST = 1000
"""Characters; a longer text is no address (RFC 5321 allows 254 octets)."""


@frozen
class Path:
    """The argument of MAIL or RCPT, read to its end."""

    address: str | None
    """Canonical; None when it is no mailbox."""
    null: bool = False
    """`<>`"""
    route: str = ""
    """A source route before the mailbox, which servers drop or obey."""
    parameters: tuple[str, ...] = ()
    """ESMTP parameters in the argument, after the path."""
    fault: str = ""
    """What keeps it from being a path; empty when it is one."""


def canonical(address: str) -> str | None:
    """The one form of a mailbox `local@domain`, or None when RFC 5321 and 6531 know no such mailbox.

    Quoting that says nothing is removed, the domain is in lower case and A-labels; all else is kept.
    """
    if len(address) > _LONGEST or "@" not in address:
        return None
    return _canonical(address)


@lru_cache(maxsize=1024)
def _canonical(address: str) -> str | None:
    local, _, domain = address.rpartition("@")
    said = _local(local)
    host = domain_of(domain)
    if said is None or host is None or len(said.encode("utf-8", "surrogatepass")) > 64:
        return None
    return joined(said, host)


def joined(local: str, domain: str) -> str:
    """A mailbox of an unquoted local part and a domain, quoted where it must be."""
    if _DOT_STRING.fullmatch(local):
        return f"{local}@{domain}"
    quoted = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"@{domain}'


def _local(text: str) -> str | None:
    """The local part without quoting; None when it is none."""
    if _DOT_STRING.fullmatch(text):
        said = text
    else:
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            return None
        said = re.sub(r"\\(.)", r"\1", quoted[1])
    return said if said.isascii() or all(_is_shown(ch) for ch in said) else None


def _is_shown(ch: str) -> bool:
    """Whether people see it: no control, format, separator, surrogate, private or unassigned character."""
    return ch == " " or ch.isascii() or unicodedata.category(ch)[0] not in "CZ" or ch in "\u200c\u200d"


def domain_of(text: str) -> str | None:
    """A domain in lower-case A-labels, or an address literal; None when it is neither."""
    if text.startswith("["):
        return _literal(text)
    if not text or len(text) > 255:
        return None
    labels = [_label(label) for label in text.split(".")]
    if any(label is None for label in labels):
        return None
    host = ".".join(label for label in labels if label is not None)
    return host if len(host) <= 255 else None


def _label(text: str) -> str | None:
    if not text.isascii():
        return _a_label(text)
    low = text.lower()
    if len(low) > 63 or not _LABEL.fullmatch(low):
        return None
    if not low.startswith("xn--"):
        return low
    try:
        low[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return None
    # What a registry let in is its own affair (emoji): an A-label is compared as it is, and never decoded for that.
    return low


def _a_label(text: str) -> str | None:
    """The A-label of a label that needs no mapping, only lower case."""
    if len(text) > 63 or "\u212a" in text or "\u0130" in text:  # Kelvin and dotted I become plain letters in lower case
        return None
    low = text.lower()
    if unicodedata.normalize("NFKC", low) != low or low.startswith("-") or low.endswith("-"):
        return None
    if unicodedata.category(low[0])[0] == "M" or not all(_in_label(low, at) for at in range(len(low))):
        return None
    try:
        made = f"xn--{low.encode('punycode').decode('ascii')}"
    except UnicodeError:
        return None
    return made if len(made) <= 63 else None


def _in_label(low: str, at: int) -> bool:
    """Whether RFC 5892 lets a character stand in a label; the few contextual ones by their usual context."""
    ch = low[at]
    if ch.isascii():
        return ch.isalnum() or ch == "-"
    kind = unicodedata.category(ch)
    if kind in {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}:
        return True
    if ch in "\u200c\u200d":  # a joiner after a virama or within a joining script
        return at > 0 and (
            unicodedata.combining(low[at - 1]) == 9 or (ch == "\u200c" and "\u0620" <= low[at - 1] <= "\u08ff")
        )
    return ch in "\u00b7\u0375\u05f3\u05f4\u30fb\u3007"


def _literal(text: str) -> str | None:
    import ipaddress

    if not text.endswith("]") or len(text) > 80:
        return None
    inner = text[1:-1].lower()
    try:
        if inner.startswith("ipv6:"):
            return f"[ipv6:{ipaddress.IPv6Address(inner[5:])}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        return None


_KEYWORD = re.compile(r"\A[ \t]*(?:TO|FROM)[ \t]*:", re.IGNORECASE)


def path(argument: str) -> Path:
    """The argument of MAIL FROM or RCPT TO, the keyword before it or not. Total; all of it must be a path."""
    text = _KEYWORD.sub("", argument[:_LONGEST]).strip(" \t")
    if not text.startswith("<"):
        # Servers take a mailbox without its angle brackets; where it is one, it means one thing only.
        address = canonical(text) if len(argument) <= _LONGEST else None
        return Path(address=address, fault="" if address else "no mailbox in angle brackets")
    end = _closing(text)
    if end is None or len(argument) > _LONGEST:
        return Path(address=None, fault="its angle bracket is not closed" if end is None else "longer than any path")
    inner, rest = text[1:end], text[end + 1 :]
    if rest and not rest.startswith(" "):
        return Path(address=None, fault="text follows the path")
    parameters = tuple(rest.split())
    if not inner:
        return Path(address=None, null=True, parameters=parameters)
    route = ""
    if inner.startswith("@"):
        route, _, inner = inner.partition(":")
    address = canonical(inner)
    fault = "" if address else "no mailbox that RFC 5321 knows"
    return Path(address=address, route=route, parameters=parameters, fault=fault)


def _closing(text: str) -> int | None:
    """Where the path's `>` stands; one within a quoted local part is none."""
    quoted = skip = False
    for at, ch in enumerate(text):
        if skip:
            skip = False
        elif quoted and ch == "\\":
            skip = True
        elif ch == '"':
            quoted = not quoted
        elif ch == ">" and not quoted:
            return at
    return None


MARKS = "'*_\u2018\u201c"
"""What a person takes for no part of the address before which it stands."""
_AT = "@\uff20\ufe6b"
_BOUNDS = frozenset(' \t\r\n<>()[],;:"\\\0' + _AT + "\uff0c\uff1b\u3001\ufe50\uff1c\uff1e")


def shown_addresses(text: str) -> list[str]:
    """What a person would take for an address in a text: `word@word.word`, also with a full-width @.

    Each is given as `local@domain`, canonical where it can be.
    """
    ats = [at for at, ch in enumerate(text) if ch in _AT] if any(ch in text for ch in _AT) else []
    found: list[str] = []
    for before, at, after in zip([-1, *ats], ats, [*ats[1:], len(text)], strict=False):
        start = at
        while start > before + 1 and start > at - 64 and text[start - 1] not in _BOUNDS:
            start -= 1
        end = at + 1
        while end < after and end < at + 255 and text[end] not in _BOUNDS:
            end += 1
        local, domain = text[start:at].lstrip(MARKS), text[at + 1 : end].strip(".!?*_-'\u3002\u2019\u201d")
        inner = domain.replace("\u3002", ".").replace("\uff0e", ".").replace("\uff61", ".")
        if local.strip(".") and any(a.isalnum() and b == "." for a, b in pairwise(inner)):
            found.append(canonical(f"{local}@{domain}") or f"{local}@{domain}")
    return found
