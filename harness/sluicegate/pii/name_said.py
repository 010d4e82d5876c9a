"""Where a text says that a name follows: in words, or as a field of a record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.pii.marks import mark
from sluicegate.pii.name_cues import NAME_FIELD, NAME_OWNER, OTHERWISE, SAID_NAME, SAID_OTHERWISE
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import CAPITAL_LETTER

__all__ = ["SAYS_OTHERWISE", "at_name", "otherwise", "owned"]

SAYS_OTHERWISE = mark(
    {word for part in OTHERWISE for word in part.split() if len(word) > 3}
    | {"call", "go", "nom", "ik", "heiße", "heisse", "adım"}
)
"""The mark of every text that holds a part of OTHERWISE."""


def otherwise(reading: Reading) -> Iterator[int]:
    """Where a name begins behind "I go by", "ich heiße" …"""
    for at in reading.places(*OTHERWISE):
        said = SAID_OTHERWISE.search(reading.text, max(0, at - 10), at + 40)
        if said is not None:
            yield said.end()


def at_name(reading: Reading, given: frozenset[str]) -> Iterator[int]:
    """Where a name begins behind the word name; `given` are the given names that are known."""
    for at in reading.places("name"):
        said = SAID_NAME.match(reading.text, at)
        if said is not None:
            if not said[0].rstrip().endswith(":") or _is_somebodys(reading, at, said.end(), given):
                yield said.end()
        elif ((field := NAME_FIELD.match(reading.text, at)) and owned(reading.text, at)) or (
            (field := _FIELD.match(reading.text, at)) and _is_part(reading, at, field.end())
        ):
            yield field.end()


def owned(text: str, at: int) -> bool:
    """Whether the word name at a place is that of a customer, a patient, a holder …"""
    return NAME_OWNER.search(text, max(0, at - 12), at) is not None


def _is_somebodys(reading: Reading, at: int, end: int, given: frozenset[str]) -> bool:
    """Whether a label "name:" is of a person: files, hosts, classes and containers have names too."""
    if _TYPE.match(reading.lowered, end):
        return False
    if owned(reading.text, at):
        return True
    first = _FIRST.match(reading.lowered, end)
    if first is not None and first[0] in given:
        return True
    return reading.text[at] == "N" and _CAPITAL.match(reading.text, end) is not None


def _is_part(reading: Reading, at: int, end: int) -> bool:
    """Whether the word name at a place is that of a first or last name, with a value and not its type behind it."""
    return not _TYPE.match(reading.lowered, end) and _OF_A_PERSON.search(reading.text, max(0, at - 8), at) is not None


_TYPE = re.compile(
    r"(?:string|str|text|varchar|char|null|none|optional|required|true|false|unknown|missing|redacted|masked|any|test)"
    r"(?![^\W_])"
)
_OF_A_PERSON = re.compile(r"(?<![^\W_])(?:first|last|given|family|middle|maiden|sur)[_ ]?\Z", re.IGNORECASE)
_FIELD = re.compile(
    rf"(?i:name)[\"']?\s{{0,2}}[:=|>]\s{{0,2}}[\"'*]{{0,2}}"
    rf"(?=(?:[a-z]{{2,3}} ){{0,2}}{CAPITAL_LETTER}[^\W\d_]+[\"',;\n}} ])"
)
"""At the word name in a record of one of the parts of a name: last_name: "ten Have"."""
_FIRST = re.compile(r"[^\W\d_]+")
_CAPITAL = re.compile(CAPITAL_LETTER)
