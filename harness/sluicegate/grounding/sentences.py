"""A text as sentences: what a claim is said together with."""

from __future__ import annotations

import re

from sluicegate.grounding.kept import kept
from sluicegate.grounding.places import matches_at
from sluicegate.grounding.wording import words

__all__ = ["Span", "sentences"]

Span = tuple[int, int]
"""Start and end, in characters."""

_END = re.compile(
    r"[.!?…]+[\"'”’»)\]]*(?=\s+(?:[\"“„«(\[]|[-–•*] )?(?:[\w#]|\+\d))|[!?…。]+(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-–•*]|"
    r"\d{1,2}[.)])\s)|\n(?=>)|\n"
)
_MARK = re.compile(r"[.!?…。\n]")
"""What an end begins with."""
_ABBREVIATIONS = words(
    "mr mrs ms dr st no nr vs etc jr sr inc ltd co corp approx e.g i.e a.m p.m u.s ca bzw z.b "
    "d.h evtl ggf usw inkl zzgl abs tel"
    " str hr fr bspw núm n.º art env av mme mlle m руб г ул д тел т.е т.д сек мин örn vb no. sn dk jan feb mar apr "
    "jun jul aug sep"
    " sept oct nov dec okt dez янв фев мар апр авг сен окт ноя дек"
)
_DAY = re.compile(r"\d{1,2}\.\d{1,2}")
_MONTH_DAY = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.? \d{1,2}$",
    re.IGNORECASE,
)
"""A day that its month stands before: its dot is no ordinal's."""
_LAST_WORD = re.compile(r"(?:^|[\s(])([^\s(]{1,6})$")


def sentences(text: str) -> list[Span]:
    """Spans of the sentences in order, blanks around them left out. A line of its own is one, and an item of a list."""
    return list(_spans(text))


@kept(characters=200_000)
def _spans(text: str) -> tuple[Span, ...]:
    """The checks of a suite ask for those of one text again and again."""
    found: list[Span] = []
    start = 0
    for end in matches_at(_END, text, [mark.start() for mark in _MARK.finditer(text)]):
        if end[0][0] == "." and _is_inside(text, start, end.start()):
            continue
        if end[0].startswith("\n") and "\n" not in end[0][1:].strip(" ") and _goes_on(text, start, end):
            continue
        _add(found, text, start, end.end())
        start = end.end()
    _add(found, text, start, len(text))
    return tuple(found)


def _is_inside(text: str, start: int, at: int) -> bool:
    """Whether the dot at `at` ends an abbreviation or an ordinal and no sentence."""
    word = _LAST_WORD.search(text[max(start, at - 8) : at])
    if word is None:
        return False
    low = word[1].lower()
    if low in _ABBREVIATIONS or (len(low) == 1 and low.isalpha()):
        return True
    rest = text[at + 1 :].lstrip(" ")
    if _DAY.fullmatch(low) is not None:  # `am 19.06. als`: a date whose sentence goes on in small letters
        return rest[:1].islower()
    if low.isdigit() and _MONTH_DAY.search(text, max(start, at - 14), at) is not None and not rest[:1].islower():
        return False
    return low.isdigit() and len(low) <= 2 and bool(rest) and (rest[0].isalpha() and "\n" not in text[at + 1 : at + 3])


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether a line break stands in the middle of a sentence: a wrapped line that goes on in small letters."""
    before, after = text[start : end.start()].rstrip(), text[end.end() :].lstrip(" ")
    if "\n\n" in end[0] or not before or not after:
        return False
    return before[-1] not in ".!?:;,>" and after[0].islower() and len(before.rpartition("\n")[2]) > 40


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        found.append((start, end))
