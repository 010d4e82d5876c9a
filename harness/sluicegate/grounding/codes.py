"""Identifiers of the evidence where a text says them, whatever they look like."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

__all__ = ["fold", "known_codes"]

_TOKEN = re.compile(r"#?[\w]+(?:[-_/.][\w]+)*")
_FEW = 64
"""Identifiers that are looked for one after the other."""
_FEW_DIGITS = 2
_NUMBERING = re.compile(
    r"(?:[#№]|\b(?:id|no|nr|number|nummer|numéro|número|номер|n[o°º]|order|booking|ticket|case|bestellung|auftrag|"
    r"commande|pedido|заказ\w*|sipariş)\b)[ .:]{0,3}$",
    re.IGNORECASE,
)
_LONGEST = 20
"""Characters before a number in which the word for it stands."""


def fold(value: str) -> str:
    """An identifier without its hash and in one case."""
    return value.lstrip("#").casefold()


def known_codes(text: str, known: Collection[str], spaced: Collection[str] = ()) -> Iterator[tuple[int, int, str]]:
    """Start, end and identity of each that a text says. `known` are folded; `spaced` are those of several words."""
    low = text.casefold()
    for value in spaced:
        at = low.find(value)
        while at >= 0:
            end = at + len(value)
            if not low[max(0, at - 1) : at].isalnum() and not low[end : end + 1].isalnum():
                yield at, end, value
            at = low.find(value, end)
    if len(known) <= _FEW and not any(identity in low for identity in known):
        return
    for found in _TOKEN.finditer(text):
        value = fold(found[0])
        if value in known and not _is_a_mere_number(text, found.start(), found[0]):
            yield found.start(), found.end(), value


def _is_a_mere_number(text: str, start: int, said: str) -> bool:
    """Whether one or two digits stand there without a word for what they number: `17 March`, `10:45`."""
    if not said.isdigit() or len(said) > _FEW_DIGITS:
        return False
    return _NUMBERING.search(text[max(0, start - _LONGEST) : start]) is None
