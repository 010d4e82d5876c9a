"""Postal addresses of Russia, Turkey and Japan, whose order and words are their own.

A search begins at a word that names a street, a quarter or a prefecture, and reads a bounded piece around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluicegate.pii.marks import mark
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import listed

__all__ = ["eastern_addresses"]

_RU_WORDS = frozenset(
    listed(
        "ул улица улице пр просп проспект проспекте пер переулок переулке бульвар бульваре наб набережная шоссе "
        "площадь проезд"
    )
)
_RU_CITY = r"(?:(?:г|гор|город|пос|с)\.? ?)?[А-ЯЁ][а-яё]+(?:-[А-Яа-яЁё]+){0,2}(?: [А-ЯЁ][а-яё]+)?"
_RU_LEADS = re.compile(
    rf"(?:[0-9]{{6}}, ?)?(?:(?:Россия|РФ), ?)?(?:{_RU_CITY}, ?)?(?P<before>[А-ЯЁ][а-яё]+(?:ая|ий|ый|ой|ом) )?\Z"
)
_RU_TAIL = re.compile(
    r"(?:-?(?:т|кт))?\.?(?P<behind> ?(?:[0-9]{1,2}-[а-я]{1,3} )?[А-ЯЁ][\w\-]*(?: [А-ЯЁ][\w\-]*){0,3})?"
    r",? ?(?:д(?:ом)?\.? ?)?[0-9]{1,4}(?:/[0-9]{1,3})?[а-яА-Я]?(?![\w])"
    r"(?:,? ?(?:к|корп|корпус|стр|строение|кв|квартира|офис|оф|подъезд|этаж)\.? ?[0-9]{1,4}){0,4}"
    rf"(?:, ?{_RU_CITY}(?![\w]))?(?:, ?[0-9]{{6}}(?![0-9]))?"
)

_TR_WORDS = frozenset(listed("cad cd caddesi sok sk sokak sokağı bulvarı bulvar blv"))
_TR_NAME = r"[A-ZÇĞİÖŞÜ0-9][\wçğıöşü]*\.?"
_TR_LEADS = re.compile(
    rf"(?:{_TR_NAME} ){{1,2}}(?:Mah\.|Mahallesi|Mh\.),? (?:{_TR_NAME} ){{1,3}}\Z|(?:{_TR_NAME} ){{1,3}}\Z"
)
_TR_TAIL = re.compile(
    r"\.?,? ?(?:[Nn]o|[Nn]umara) ?[:.]? ?[0-9]{1,4}(?:[/\-][0-9A-Z]{1,4}|[A-Z](?![\w]))?"
    r"(?:,? ?(?:D|Da|Daire|K|Kat|Blok|İç Kapı No) ?[:.]? ?[0-9]{1,3}){0,3}"
    r"(?:,? ?[0-9]{5}(?![0-9]))?(?:,? ?[A-ZÇĞİÖŞÜ][\wçğıöşü]+(?: ?/ ?[A-ZÇĞİÖŞÜ][\wçğıöşü]+| [A-ZÇĞİÖŞÜ][\wçğıöşü]+)?)?"
)

_JP = re.compile(
    r"(?:東京都|北海道|京都府|大阪府|[\u4e00-\u9fff]{2,3}県|[\u4e00-\u9fff]{2,4}市(?=[\u3041-\u9fff]{1,8}[区町]))[\u3041-\u30ff\u3400-\u9fff]{1,10}?[市区町村郡]"
    r"[\u3041-\u30ff\u3400-\u9fff]{0,15}?"
    r"(?:[0-9０-９]{1,4}|[一二三四五六七八九十]{1,3}(?=丁目))"
    r"(?:(?:丁目|番地|番|号|[\-－−ー](?=[0-9０-９]))[0-9０-９]{0,4}){1,5}"
    r"(?:[ \u3000]?[\u30a1-\u30ff]{2,15}[0-9０-９]{1,5}(?:号室)?)?"
)
_JP_LEADS = re.compile(r"〒? ?[0-9０-９]{3}[\-－−ー][0-9０-９]{4}[ \u3000]?\Z")
_RUSSIAN, _TURKISH = mark(_RU_WORDS), mark(_TR_WORDS)


def eastern_addresses(reading: Reading) -> Iterator[tuple[int, int]]:
    """Start and end of each: a street with its number, town and postcode; a prefecture with town and block."""
    text, words, marks = reading.text, reading.woken, reading.marks
    if text.isascii():
        return
    for word, end in reading.word_ends(sorted(words & _RU_WORDS) if marks & _RUSSIAN else ()):
        yield from _around(text, end - len(word), end, _RU_LEADS, _RU_TAIL)
    for word, end in reading.word_ends(sorted(words & _TR_WORDS) if marks & _TURKISH else ()):
        if text[end - len(word)].isupper():
            yield from _around(text, end - len(word), end, _TR_LEADS, _TR_TAIL)
    if "都" in text or "道" in text or "府" in text or "県" in text or "市" in text:
        for found in _JP.finditer(text):
            lead = _JP_LEADS.search(text, max(0, found.start() - 12), found.start())
            yield (lead.start() if lead else found.start()), found.end()


def _around(
    text: str, start: int, end: int, leads: re.Pattern[str], tail: re.Pattern[str]
) -> Iterator[tuple[int, int]]:
    """The address around one word for a street, if a number follows."""
    behind = tail.match(text, end, end + 120)
    lead = leads.search(text, max(0, start - 60), start)
    if behind is None or lead is None:
        return
    # "Area 45" and "street 5" are the name of nothing.
    if "before" not in lead.groupdict() or lead["before"] or behind["behind"]:
        yield lead.start(), behind.end()
