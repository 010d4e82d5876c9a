"""Which host a web address really names, and whether that host is allowed."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

__all__ = ["host_of", "opens_in_telegram", "within"]

_HTTP = re.compile(
    r"(?i:https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#@:\[\]\\]{1,255})(?::\d{1,5})?(?:[/?#][^\s\\<>\"]*+)?"
)
_OWN = ("tg://", "ton://", "tonsite://", "mailto:")
_BARE = re.compile(r"(?:[\w\-]{1,63}\.){1,10}[^\W\d_]{2,63}(?::\d{1,5})?(?:[/?#]|\Z)")
_HOST = re.compile(r"[a-z0-9._\-]+")
"""Nothing that a browser would still decode: `ev%69l.com` is evil.com to it."""


def host_of(url: str) -> str | None:
    """The canonical host of an absolute http or https address, or None for anything else.

    User information (`https://allowed.com@evil.com`), backslashes, spaces and control characters are refused: readers
    of such addresses disagree about the host.
    """
    found = _HTTP.fullmatch(url)
    if found is None or not url.isprintable():
        return None
    host = found["host"].rstrip(".")
    if host.startswith("["):
        return host.lower()
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return plain if _HOST.fullmatch(plain) else None


def opens_in_telegram(url: object) -> bool:
    """Whether Telegram takes it for a link: http and https, a bare host (`t.me/name`), and schemes of its own."""
    if not isinstance(url, str):
        return False
    return host_of(url) is not None or url.startswith(_OWN) or bool(_BARE.match(url) and host_of(f"https://{url}"))


def within(host: str, domains: Collection[str]) -> bool:
    """Whether `host` is one of `domains` or below one: news.example.com is within example.com."""
    return any(host == domain or host.endswith(f".{domain}") for domain in map(_plain, domains))


@lru_cache(maxsize=256)
def _plain(domain: str) -> str:
    """As hosts are compared: a name beyond ASCII may be given as people write it."""
    plain = domain.strip().strip(".").casefold()
    try:
        return plain if plain.isascii() else plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain
