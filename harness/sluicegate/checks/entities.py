"""Entities that a message names itself: offsets and lengths in UTF-16 units, inside the text, on what they mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from sluicegate.checks.check import Problem
from sluicegate.checks.urls import opens_in_telegram
from sluicegate.checks.values import seen

__all__ = ["KINDS", "entity_problems"]

KINDS = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline"}
    | {"strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention"}
    | {"custom_emoji", "date_time"}
)
_LOOKS = {
    "mention": re.compile(r"@\w+"),
    "hashtag": re.compile(r"#\w+(?:@\w+)?"),
    "cashtag": re.compile(r"\$[A-Z]+(?:@\w+)?"),
    "bot_command": re.compile(r"/\w+(?:@\w+)?"),
    "email": re.compile(r"[^\s@]+@[^\s@]+"),
}
_MEND = "Count UTF-16 units: len(text[:at].encode('utf-16-le')) // 2."


def entity_problems(given: Sequence[Any], text: str, place: str) -> Iterator[Problem]:
    """What is wrong with each of the entities."""
    wide = text.encode("utf-16-le", "surrogatepass")
    for index, entity in enumerate(given):
        where = f"{place}[{index}]"
        if not isinstance(entity, Mapping):
            yield Problem(place=where, expected="must be {type, offset, length}", seen=seen(entity))
            continue
        yield from _problems(entity, text, wide, where)


def _problems(entity: Mapping[str, Any], text: str, wide: bytes, place: str) -> Iterator[Problem]:
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in KINDS:
        yield Problem(place=f"{place}.type", expected="must be a kind of entity that Telegram knows", seen=seen(kind))
        return
    if not _is_whole(offset) or not _is_whole(length) or offset < 0 or length < 1:
        told = f"offset {seen(offset)}, length {seen(length)}"
        yield Problem(place=place, expected="must have an offset from 0 and a length from 1", seen=told)
        return
    total = len(wide) // 2
    if offset + length > total:
        told = f"{offset} + {length} of {total} UTF-16 units"
        yield Problem(place=place, expected="must lie inside the text", seen=told, mend=_MEND)
        return
    if _splits(wide, offset) or _splits(wide, offset + length):
        yield Problem(place=place, expected="must not split a character in two", seen=f"offset {offset}", mend=_MEND)
        return
    covered = wide[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")
    if not _covers(str(kind), covered) or (_is_torn(wide, offset, length) and _is_clean(text, offset, length)):
        told = f"it covers '{covered[:60]}'"
        meant = text[offset : offset + length]
        if meant != covered:
            told += f"; counted in characters it would cover '{meant[:60]}'"
        yield Problem(place=place, expected=f"must cover what it marks as {kind}", seen=told, mend=_MEND)
    if kind == "text_link" and not opens_in_telegram(entity.get("url")):
        yield Problem(place=f"{place}.url", expected="must be an http or https address", seen=seen(entity.get("url")))


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _splits(wide: bytes, at: int) -> bool:
    """Whether a boundary lies between the halves of a surrogate pair."""
    return 0xDC <= (wide[2 * at + 1] if 2 * at + 1 < len(wide) else 0) <= 0xDF


def _covers(kind: str, covered: str) -> bool:
    looks = _LOOKS.get(kind)
    if looks is not None:
        return looks.fullmatch(covered) is not None
    if kind == "url":
        return not re.search(r"\s", covered) and "." in covered
    return bool(covered.strip())


def _is_torn(wide: bytes, offset: int, length: int) -> bool:
    """Whether an end of it lies inside a word, or it begins or ends with a blank."""
    text = wide.decode("utf-16-le", "replace")
    start = len(wide[: 2 * offset].decode("utf-16-le", "replace"))
    return not _is_clean(text, start, len(wide[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")))


def _is_clean(text: str, start: int, length: int) -> bool:
    """Whether the characters from `start` are whole words."""
    end = start + length
    if end > len(text) or text[start].isspace() or text[end - 1].isspace():
        return False
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not before and not after
