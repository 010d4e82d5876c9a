"""Identifiers told by their end alone: `the card ending in 4431`, `**** 4431`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

__all__ = ["masked_in"]

_ENDING = re.compile(
    r"(?:\b(?:ending|ends) (?:in|with)|\blast (?:four|4)(?: digits)?(?: are)?|\bend(?:et|end) (?:auf|mit)|\bendung"
    r"|\bendziffern?|\b(?:se )?(?:terminant|finissant|termine|finit) par|\b(?:termina(?:da|do|n)?|acaba(?:da|do)?) en"
    r"|\b(?:о|за)канчива\w+ на|\bпоследние (?:четыре|4) цифры|\bson (?:dört|4) (?:hanesi|rakamı)|\bsonu"
    r"|[*•●]{2,}|(?<!\w)[xX]{3,})[ :\u00a0-]{0,3}(?P<end>\d{3,6})(?!\w|[.,]\d)",
    re.IGNORECASE,
)

_END = re.compile(r"(?<![\w.,:/-])\d{3,6}(?![\w:/-]|[.,]\d)")


def masked_in(text: str, known: Collection[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and value: the one known identifier that ends so, else the digits as they stand.

    Who tells one identifier so, tells the next one so without a word for it: `and 9215 has 40 points`.
    """
    told: set[int] = set()
    for found in _ENDING.finditer(text):
        whole = [value for value in known if value.endswith(found["end"])]
        told |= {len(found["end"])} if len(whole) == 1 else set()
        yield found.start("end"), found.end("end"), whole[0] if len(whole) == 1 else found["end"]
    for found in _END.finditer(text) if told else ():
        whole = [value for value in known if value.endswith(found[0])] if len(found[0]) in told else []
        if len(whole) == 1:
            yield found.start(), found.end(), whole[0]
