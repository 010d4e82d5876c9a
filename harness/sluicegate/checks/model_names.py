"""Whether two names are of one model: pipelines and providers write it with and without date and provider."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

__all__ = ["in_a_row", "in_order", "named_in", "same_model"]

_PINNED = re.compile(
    r"[-@](?:latest|(?:(?:preview|exp)-)?(?:\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|\d{3}))(?:-v\d+)?(?::\d+)?"
)
"""A date or a number of a build. A word or a single digit after a name makes another model: gpt-4o-mini, opus-4-1."""


def same_model(said: str, called: str) -> bool:
    """The same name, or one of them with a date or build after it, or with its provider before it."""
    if ("/" in said) is not ("/" in called):
        said, called = said.rpartition("/")[2], called.rpartition("/")[2]
    if said == called:
        return True
    short, long = sorted((said, called), key=len)
    return bool(short) and long.startswith(short) and _PINNED.fullmatch(long, len(short)) is not None


def named_in(said: str, called: Collection[str]) -> frozenset[str]:
    """Those of the models called that a name means: itself where it was called, else the same under another name."""
    if said in called:
        return frozenset({said})
    return frozenset(name for name in called if same_model(said, name))


def in_order(called: Iterable[str], wanted: tuple[str, ...], times: int) -> bool:
    """Whether models were called as wanted, tries of one of them aside: once, or for each of so many deliveries."""
    seen = _grouped(called)
    return any(seen == _grouped(wanted * number) for number in range(1, times + 1))


def _grouped(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in groupby(names))


def in_a_row(models: Sequence[str]) -> str:
    """Models in their order, as they are shown."""
    return " → ".join(models) if models else "none"
