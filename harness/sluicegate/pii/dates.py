"""Dates as they are written, and those of a birth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.marks import mark
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import listed
from sluicegate.pii.wording import cue

__all__ = ["ENTITIES", "date_hits"]

ENTITIES = frozenset({"DATE_TIME", "DATE_OF_BIRTH"})

_CAPITAL_MONTHS = listed(
    "January February March April May June July August September October November December Jan Feb Mar Apr Jun Jul Aug "
    "Sep Sept Oct Nov Dec Januar Februar März Mai Juni Juli Oktober Dezember Okt Dez Ocak Şubat Mart Nisan Mayıs "
    "Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"
)
"""Of English, German and Turkish, which write them with a capital."""
_SMALL_MONTHS = listed(
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre "
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre "
    "gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "
    "janeiro fevereiro março maio junho julho setembro outubro novembro dezembro "
    "januari februari maart april mei juni juli augustus september oktober november december "
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia "
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря "
    "januar februar marts maj august augusti desember"
)
"""Of the languages that write them small; some begin one with a capital all the same."""
_WRITTEN = frozenset((*_CAPITAL_MONTHS, *_SMALL_MONTHS, *(month.capitalize() for month in _SMALL_MONTHS)))
_MONTH = r"(?P<month>[^\W\d_]{3,12})"
_TIME = r"(?:[T ,]{1,2}[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?: ?[AaPp][Mm])?)?"
_BEGINS = re.compile(r"[0-9](?<![\w.\-/].)[0-9]{0,3}(?=[-/. ](?:[^\W_]| )|st|nd|rd|th)")
_DAY, _YEAR = r"(?:3[01]|[12][0-9]|0?[1-9])", r"(?:1[5-9]|20)[0-9]{2}"
_NUMERIC = re.compile(
    rf"(?:{_YEAR}(?P<a>[-/.])(?:0?[1-9]|1[0-2])(?P=a){_DAY}|{_DAY}(?P<b>[-/.]) ?{_DAY}(?P=b) "
    rf"?(?:{_YEAR}|[0-9]{{2}})){_TIME}(?![\w/\-]|\.[0-9])"
)
_BY_SIGNS = re.compile(rf"(?<![0-9])(?:{_YEAR}) ?年 ?(?:1[0-2]|0?[1-9]) ?月 ?{_DAY} ?日")
_DAY_FIRST = re.compile(
    rf"{_DAY}(?:st|nd|rd|th|\.)?[ -](?:of )?(?:de )?{_MONTH}\b\.?,?(?:[ -](?:de )?(?:{_YEAR}|"
    rf"'?[0-9]{{2}}))?(?![\w/\-]|\.[0-9])"
)
_MONTH_FIRST = re.compile(rf"{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?(?:,? {_YEAR})?(?![\w/\-]|\.[0-9])")
_MONTH_WORDS = frozenset(month.lower() for month in _WRITTEN)
_BIRTH_SIGNS = r"д\. ?р\.|生年月日|誕生日|生まれ|出生"
_BIRTH_WORDS = cue(
    r"born\b|birth\w*|date_?of_?birth\w*|dob\b|d\.o\.b|geb\.|geboren\w*|geburt\w*|née?\b|naissance|nac(?:í|id)\w*|"
    r"nacimiento|nat[oa] (?:il|a)|nascita|"
    r"nasc(?:i|id\w*)\b|nascimento|geboorte\w*|urodz\w*|född\w*|født|fødsels\w*|syntyn\w*|syntymä\w*|narozen\w*|"
    r"născut\w*|doğum\w*|"
    r"рожд\w*|родил\w*|ur\."
)
_BIRTH_SIGN = re.compile(_BIRTH_SIGNS)
_BIRTH = re.compile(rf"{_BIRTH_WORDS.pattern}|{_BIRTH_SIGNS}", re.IGNORECASE)


def date_hits(reading: Reading, entities: frozenset[str]) -> Iterator[Hit]:
    """Dates; DATE_OF_BIRTH beside a word of birth, else DATE_TIME, as far as each is asked for."""
    text = reading.text
    births = None if "DATE_OF_BIRTH" in entities else False
    for found in _found(reading):
        if births is None:
            births = _says_birth(reading)
        if not births and "DATE_TIME" not in entities:
            return
        start, end = found.span()
        near = births and _BIRTH.search(text, max(0, start - 40), min(len(text), end + 12))
        if near and (near.end() <= start or near.start() >= end):
            yield _hit("DATE_OF_BIRTH", start, end, 0.85, Layer.CONTEXT)
        elif "DATE_TIME" in entities:
            yield _hit("DATE_TIME", start, end, 0.6, Layer.PATTERN)
    if "DATE_TIME" in entities and reading.marks & _NAMED:
        for day, end in reading.word_ends(sorted(reading.woken & _DAYS)):
            yield _hit("DATE_TIME", end - len(day), end, 0.5, Layer.PATTERN)


_DAYS = frozenset(listed("monday tuesday wednesday thursday friday saturday sunday"))
_BIRTH_WORD = re.compile(
    r"born|birth|dob|geb|née?$|naiss|naci|nací|ur$|nat[oa]$|nasc|urodz|född|født|fødsel|synty|naroz|născut|doğum|dateofbirth|рожд|родил"
).match
_NAMED = mark(_DAYS | _MONTH_WORDS)


class _OfBirth(dict[str, bool]):
    """Which words are of a birth, a few thousand at a time: texts are made of the same words."""

    def __missing__(self, word: str) -> bool:
        if len(self) > _REMEMBERED:
            self.clear()
        said = self[word] = _BIRTH_WORD(word) is not None
        return said


_REMEMBERED = 4000
_OF_BIRTH = _OfBirth()


def _says_birth(reading: Reading) -> bool:
    """Whether one of the words is of a birth."""
    if any(map(_OF_BIRTH.__getitem__, reading.words)):
        return True
    return not reading.text.isascii() and _BIRTH_SIGN.search(reading.text) is not None


def _found(reading: Reading) -> Iterator[re.Match[str]]:
    """Dates of each kind; those that name a month only where a month is named."""
    text, months = reading.text, reading.woken & _MONTH_WORDS
    for place in _BEGINS.finditer(text):
        found = _NUMERIC.match(text, place.start())
        if found is None and months:
            named = _DAY_FIRST.match(text, place.start())
            found = named if named and named["month"] in _WRITTEN else None
        if found is not None:
            yield found
    if "年" in text:
        yield from _BY_SIGNS.finditer(text)
    if months:
        for month, end in reading.word_ends(sorted(months)):
            found = _MONTH_FIRST.match(reading.text, end - len(month))
            if found is not None and found["month"] in _WRITTEN:
                yield found


def _hit(entity: str, start: int, end: int, score: float, layer: Layer) -> Hit:
    return Hit(entity=entity, start=start, end=end, score=score, layer=layer, witness=Witness.PATTERN)
