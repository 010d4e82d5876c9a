"""Regular expressions compiled at their first use: most starts read no text, and classes of Unicode take long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["Late"]


class Late:
    """A pattern; what it can do is what `re.Pattern` can."""

    __slots__ = ("_flags", "_source", "findall", "finditer", "fullmatch", "match", "search", "sub")

    findall: Callable[..., list[str]]
    finditer: Callable[..., Iterator[re.Match[str]]]
    fullmatch: Callable[..., re.Match[str] | None]
    match: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    sub: Callable[..., str]

    def __init__(self, source: str, flags: int = 0) -> None:
        """A source that is no pattern raises `re.error` at its first use."""
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Called once: a slot that was never set is found here."""
        if name not in Late.__slots__:
            raise AttributeError(name)
        compiled = re.compile(self._source, self._flags)
        for each in ("findall", "finditer", "fullmatch", "match", "search", "sub"):
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)  # type: ignore[no-any-return]
