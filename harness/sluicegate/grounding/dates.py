"""Dates and times as people write them in six languages, and when two of them are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sluicegate.grounding.calendar_words import MONTH_WORD, MONTHS, RELATIVE, WEEKDAY_WORD, WEEKDAYS
from sluicegate.grounding.claims import When
from sluicegate.grounding.places import Places, folded, matches_at
from sluicegate.grounding.wording import words

__all__ = ["SECONDS_OF_2000", "dates_in", "of_epoch", "same", "times_in"]

SECONDS_OF_2000 = 946_684_800
_SECONDS_OF_2100 = 4_102_444_800
_FARTHEST = 14 * 60
"""Minutes between UTC and the zone farthest from it."""

_ISO = re.compile(
    r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?(?![\d-])"
)
_TEXTUAL = re.compile(
    rf"(?:\b(?P<w>{WEEKDAY_WORD})\b,?\s+(?:the\s+|den\s+|le\s+|el\s+)?)?(?:"
    rf"(?<![\d.,:])(?P<d1>[0-3]?\d)(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?(?P<m1>{MONTH_WORD})\b\.?"
    rf"(?:,?\s+(?:de\s+|del\s+)?(?P<y1>(?:19|20)\d{{2}})\b)?"
    rf"|\b(?P<m2>{MONTH_WORD})\.?\s+(?P<d2>[0-3]?\d)(?:st|nd|rd|th)?\b(?![.:]\d)(?:,?\s+(?P<y2>(?:19|20)\d{{2}})\b)?)"
    rf"(?:'?\w{{1,4}})?(?:,?\s+(?P<w2>{WEEKDAY_WORD})\b)?",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(rf"\b(?P<m>{MONTH_WORD})\.?,?\s+(?:de\s+|of\s+)?(?P<y>(?:19|20)\d{{2}})\b", re.IGNORECASE)
_YEAR_MONTH = re.compile(
    rf"\b(?P<y>(?:19|20)\d{{2}}),?\s+(?P<m>{MONTH_WORD})\b(?:\s+(?P<d>[0-3]?\d)\b)?", re.IGNORECASE
)
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2((?:\d{2}){1,2})(?![\d/-]|\.\d)")
_SHORT = re.compile(r"(?<![\d./€$£₺₽¥₴₹-])(?<![€$£₺₽¥₴₹]\s)(\d{1,2})\.(\d{1,2})\.(?=\s|,|$|\))")
_RELATIVE = re.compile(
    r"(?<!\w)(?:" + "|".join(sorted((re.escape(word) for word in RELATIVE), key=len, reverse=True)) + r")(?!\w)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"\b(?P<w>{WEEKDAY_WORD})(?!\w)(?:'?\w{{1,4}}\b)?", re.IGNORECASE)
_MONTHS = frozenset(map(folded, MONTHS))
_WEEKDAYS = frozenset(map(folded, WEEKDAY_WORD.split("|")))
_TODAY = frozenset(folded(re.findall(r"\w+", said)[0]) for said in RELATIVE)
"""The first word of each."""
_DAYS = words(
    "day days week weeks tage tagen woche wochen jour jours semaine semaines día días semana semanas дней дня день "
    "недели неделю gün hafta"
)
"""One of them stands in what follows, a word of its own."""
_IN_DAYS = re.compile(
    r"\b(?:in|dans|en|через)\s+(?P<n>\d{1,3})\s+(?P<u>days?|weeks?|tagen?|wochen?|jours?|semaines?|días?|semanas?|"
    r"дней|дня|день|недели|неделю)\b"
    r"|\b(?P<n2>\d{1,3})\s+(?P<u2>gün|hafta)\s+(?:sonra|içinde)\b",
    re.IGNORECASE,
)
_AGO = re.compile(
    r"\b(?P<n>\d{1,3})\s+(?P<u>days?|weeks?|дней|дня|день|недели|gün|hafta)\s+(?:ago|назад|önce)\b"
    r"|\b(?:vor|il y a|hace)\s+(?P<n2>\d{1,3})\s+(?P<u2>tagen?|wochen?|jours?|semaines?|días?|semanas?)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\d:.,])(?P<h>[01]?\d|2[0-4])(?:(?:[:h]|\.(?=[0-5]\d\s?(?:uhr|[ap]\.?m)\b)"
    r"|[ \u00a0\u202f]h[ \u00a0\u202f](?=\d\d(?!\s?min)))(?P<m>[0-5]\d)"
    r"(?::[0-5]\d)?|(?=\s*(?:[ap]\.?m\b|uhr\b|heures?\b|"
    r"часов\b)))"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?|\s+(?:uhr|heures?|часов)\b)?(?![\d])",
    re.IGNORECASE,
)

_JOINT = (
    r"(?:\s?[-–—]\s?|\s(?:and|to|until|till|through|bis|bis zum|und|und dem|et|et le|au|à|y|y el|y las|al|a las|по|и|до"
    r"|ile|ve)\s)"
)
_FIRST_DAY = re.compile(rf"(?<![\w.,:/-])(?P<n>[0-3]?\d)(?:st|nd|rd|th|er|\.|º)?{_JOINT}(?:the |den )?$", re.IGNORECASE)
_FIRST_HOUR = re.compile(rf"(?<![\w.,:/-])(?P<n>[01]?\d|2[0-4])(?:\s?h)?{_JOINT}$", re.IGNORECASE)
_LONGEST = 16
"""Characters before a date in which the first day of its range stands: `between 19 and 22 June`."""
_DOTTED = re.compile(r"(?<=\bsaat )(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\d.,]\d|\d)", re.IGNORECASE)
_HOUR = re.compile(
    r"(?:(?<=\bentre )|(?<=\bde )|(?<=\bet )|(?<=\bà )|(?<=\bdès )|(?<=\bvers ))"
    r"(?P<h>[01]?\d|2[0-4])\s?h(?!\w)",
    re.IGNORECASE,
)
Found = tuple[int, int, tuple[When, ...]]
"""Start, end, and the readings, the likeliest first."""


def dates_in(places: Places, language: str, today: date | None) -> Iterator[Found]:
    """Every date a text names; what is relative needs today. Overlaps are left out, the more exact one stays."""
    text = places.text
    taken: list[tuple[int, int]] = []
    for start, end, whens in _all_dates(places, language, today):
        if whens and not any(start < right and left < end for left, right in taken):
            taken.append((start, end))
            yield start, end - (text[end - 1] == "." and text[end - 2].isalpha()), whens


def _all_dates(places: Places, language: str, today: date | None) -> Iterator[Found]:
    """The more exact ones first."""
    text, numbers = places.text, places.numbers
    for found in matches_at(_ISO, text, numbers):
        yield found.start(), found.end(), _iso(found)
    weekdays = places.of(_WEEKDAYS)
    if numbers:
        yield from _written(text, numbers, places.of(_MONTHS), weekdays)
        for found in matches_at(_NUMERIC, text, numbers):
            yield found.start(), found.end(), _numeric(found, language)
        for found in matches_at(_SHORT, text, numbers):
            yield found.start(), found.end(), _checked(None, int(found[2]), int(found[1]))
    if today is not None:
        yield from _relative(places, language, today)
    for found in matches_at(_WEEKDAY, text, weekdays):
        if (weekday := _of(WEEKDAYS, found["w"])) is not None:
            yield found.start(), found.end(), (When(weekday=weekday),)


def _written(text: str, numbers: list[int], months: list[int], weekdays: list[int]) -> Iterator[Found]:
    """With the name of a month; the lists say where each of its parts can begin."""
    if not months:
        return
    for found in matches_at(_TEXTUAL, text, sorted((*numbers, *months, *weekdays))):
        day, year = int(found["d1"] or found["d2"]), found["y1"] or found["y2"]
        weekday = _of(WEEKDAYS, found["w"] or found["w2"] or "")
        month = _of(MONTHS, found["m1"] or found["m2"])
        whens = _checked(int(year) if year else None, month, day, weekday)
        yield found.start(), found.end(), whens
        before = _FIRST_DAY.search(text, max(0, found.start() - _LONGEST), found.start()) if whens else None
        if before is not None and 0 < int(before["n"]) < day:
            first = _checked(whens[0].year, month, int(before["n"]))
            yield before.start("n"), before.end("n"), first
    for found in matches_at(_YEAR_MONTH, text, numbers):
        yield (
            found.start(),
            found.end(),
            _checked(int(found["y"]), _of(MONTHS, found["m"]), int(found["d"]) if found["d"] else None),
        )
    for found in matches_at(_MONTH_YEAR, text, months):
        yield found.start(), found.end(), (When(year=int(found["y"]), month=_of(MONTHS, found["m"])),)


def _relative(places: Places, language: str, today: date) -> Iterator[Found]:
    """Said from today."""
    text = places.text
    for pattern, sign in ((_IN_DAYS, 1), (_AGO, -1)) if not places.known.isdisjoint(_DAYS) else ():
        for found in pattern.finditer(text):
            number, unit = int(found["n"] or found["n2"]), (found["u"] or found["u2"]).lower()
            days = number * (7 if unit.startswith(("w", "sem", "нед", "haf")) else 1)
            yield found.start(), found.end(), _away(today, sign * days)
    for found in matches_at(_RELATIVE, text, places.of(_TODAY)):
        away = _of(RELATIVE, found[0])
        if away is not None and (found[0].lower() != "hier" or language == "fr"):
            yield found.start(), found.end(), _away(today, away)


def _of(known: Mapping[str, int], word: str) -> int | None:
    """What a word stands for, in capitals too: SALI is salı, which `lower` does not know. None for a strange one."""
    low = word.lower().replace("i\u0307", "i").replace("ſ", "s")
    dotless = low.replace("i", "ı")
    return known.get(low, known.get(dotless, known.get(low.replace("ı", "i"))))


def times_in(places: Places) -> Iterator[Found]:
    """Every time of day: 14:30, 2 pm, 14 Uhr, 14h30, 14.30 Uhr, saat 14.30."""
    text = places.text
    taken = set()
    for found in matches_at(_TIME, text, places.numbers):
        hour, minute = int(found["h"]), int(found["m"] or 0)
        half = (found["half"] or "").lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        if hour < 24:
            taken.add(found.start())
            yield found.start(), found.end(), (When(hour=hour, minute=minute),)
            yield from _first_hour(text, found.start(), hour, is_late=half == "p")
    for found in matches_at(_HOUR, text, places.numbers):
        if found.start() not in taken and int(found["h"]) < 24:
            yield found.start(), found.end(), (When(hour=int(found["h"]), minute=0),)
    for found in matches_at(_DOTTED, text, places.numbers):
        yield found.start(), found.end(), (When(hour=int(found["h"]), minute=int(found["m"])),)


def _first_hour(text: str, at: int, hour: int, *, is_late: bool) -> Iterator[Found]:
    """Where the range begins that ends with this time: `between 2 and 6 pm`."""
    found = _FIRST_HOUR.search(text, max(0, at - _LONGEST), at)
    if found is not None:
        first = int(found["n"])
        first += 12 if is_late and first < hour - 12 else 0
        if first < hour:
            yield found.start("n"), found.end("n"), (When(hour=first, minute=0),)


def of_epoch(seconds: float) -> When | None:
    """A Unix time in seconds or milliseconds as a date in UTC; None for what is none."""
    if seconds >= SECONDS_OF_2000 * 1000:
        seconds /= 1000
    if not SECONDS_OF_2000 <= seconds < _SECONDS_OF_2100:
        return None
    at = datetime.fromtimestamp(seconds, tz=UTC)
    return When(year=at.year, month=at.month, day=at.day, hour=at.hour, minute=at.minute, offset=0)


@lru_cache(maxsize=65536)
def same(said: When, known: When) -> str:
    """How what was said fits what is known: exact | date_of_time | time_zone; empty: it does not.

    What was not said is not asked. A time of day is compared where both name one. Another zone may move a known time by
    up to 14 hours, the same for its date.
    """
    if _fits(said, known):
        return "exact" if said.hour is not None or known.hour is None else "date_of_time"
    if known.hour is None or known.year is None or known.month is None or known.day is None:
        return ""
    if said.day is None and said.weekday is None:
        return ""
    at = datetime(known.year, known.month, known.day, known.hour, known.minute or 0)
    shifts = range(-_FARTHEST, _FARTHEST + 1, 30)
    if said.hour is None:
        # Only the day before or after can be meant; the ends of the range tell whether a zone reaches it.
        shifts = range(-_FARTHEST, _FARTHEST + 1, 2 * _FARTHEST)
    for minutes in shifts:
        try:
            moved = at + timedelta(minutes=minutes)
        except OverflowError:
            continue
        local = When(year=moved.year, month=moved.month, day=moved.day, hour=moved.hour, minute=moved.minute)
        if _fits(said, local):
            return "time_zone"
    return ""


def _fits(said: When, known: When) -> bool:
    for mine, other in ((said.year, known.year), (said.month, known.month), (said.day, known.day)):
        if mine is not None and other is not None and mine != other:
            return False
    if said.weekday is not None and not _is_weekday(said.weekday, known):
        return False
    if said.hour is not None and known.hour is None and said.day is None and said.weekday is None:
        return False
    if said.hour is not None and known.hour is not None:
        return (said.hour, said.minute or 0) == (known.hour, known.minute or 0)
    if said.day is not None or said.weekday is not None:
        return known.day is not None or known.weekday is not None
    return said.month is None or known.month is not None


def _is_weekday(weekday: int, known: When) -> bool:
    if known.year is None or known.month is None or known.day is None:
        return known.weekday is None or known.weekday == weekday
    return date(known.year, known.month, known.day).weekday() == weekday


def _iso(found: re.Match[str]) -> tuple[When, ...]:
    whens = _checked(int(found[1]), int(found[2]), int(found[3]))
    if not whens or found[4] is None or int(found[4]) > 23 or int(found[5]) > 59:
        return whens
    said, zone = whens[0], found[6]
    offset = None if zone is None else 0 if zone == "Z" else _minutes(zone)
    day = {"year": said.year, "month": said.month, "day": said.day}
    return (When(**day, hour=int(found[4]), minute=int(found[5]), offset=offset),)


def _minutes(zone: str) -> int:
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone[0] == "-" else minutes


def _numeric(found: re.Match[str], language: str) -> tuple[When, ...]:
    """Day first, but month first in English with slashes; the other order is a second reading."""
    one, mark, two, year = int(found[1]), found[2], int(found[3]), int(found[4])
    if year < 100:
        year += 2000
    day_first, month_first = _checked(year, two, one), _checked(year, one, two)
    if mark == "." or one > 12:
        return day_first
    return (*month_first, *day_first) if language == "en" and mark == "/" else (*day_first, *month_first)


def _checked(year: int | None, month: int | None, day: int | None, weekday: int | None = None) -> tuple[When, ...]:
    """The date if there is one."""
    if month is None:
        return ()
    try:
        date(year or 2024, month, day or 1)
    except ValueError:
        return ()
    return (When(year=year, month=month, day=day, weekday=weekday),)


def _away(today: date, days: int) -> tuple[When, ...]:
    """The day so many days from today, if the calendar has it."""
    try:
        at = today + timedelta(days=days)
    except OverflowError:
        return ()
    return (When(year=at.year, month=at.month, day=at.day),)
