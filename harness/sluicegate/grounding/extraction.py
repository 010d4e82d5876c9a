"""A text as typed claims with their places. Total, linear in the text, and without a model.

What is more telling wins where two readings overlap: a link before its digits, a date before a number. `vocabulary` is
what the evidence knows: its identifiers, names and states, and the nouns its numbers are of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from sluicegate.frozen import frozen
from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.codes import fold, known_codes
from sluicegate.grounding.dates import dates_in, times_in
from sluicegate.grounding.hedges import hedges_of
from sluicegate.grounding.kept import kept
from sluicegate.grounding.masked import masked_in
from sluicegate.grounding.money import CURRENCIES, CURRENCY, CURRENCY_WORDS, currency_of
from sluicegate.grounding.names import names_in
from sluicegate.grounding.numbers import DIGITS, decimal_places, number_word, readings
from sluicegate.grounding.phrases import phrases_in
from sluicegate.grounding.places import Places, folded, matches_at
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.statuses import may_name, said_in
from sluicegate.grounding.units import UNIT, unit_of
from sluicegate.grounding.wording import stem, words

__all__ = ["Vocabulary", "claims_in", "fold", "identifiers_in", "is_account"]

_URL = re.compile(r"\bhttps?://[^\s<>\"'`)\]}|]{1,500}|\bwww\.[^\s<>\"'`)\]}|]{1,500}", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(
    r"(?<![\w+])(?:\+|00)\d(?:[ ()./-]{0,3}\d){7,14}(?!\w)|(?<!\w)0\d{2,4}[ /-]\d(?:[ -]?\d){5,9}(?!\w)"
)
_IBAN = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?![\w-])")
_SIGN = re.compile("[€£$₺₽¥₴₹]")
_CURRENCIES = frozenset(folded(word.rstrip(".")) for word in (*CURRENCIES, *CURRENCY_WORDS))
_MONEY = re.compile(
    rf"(?<![\w.,])(?P<c1>{CURRENCY})\s?(?P<n1>[-−–]?(?:{DIGITS}))|"
    rf"(?<![\w.,%])(?P<n2>[-−–]?(?:{DIGITS}))\s?(?P<c2>{CURRENCY})",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    rf"(?<![\w.,])(?P<n>[-−–]?(?:{DIGITS}))\s?(?:%|(?:percent|per cent|prozent|pour cent|por ciento|процент\w*)\b)|"
    rf"%\s?(?P<n2>\d{{1,3}}(?:[.,]\d+)?)",
    re.IGNORECASE,
)
_QUANTITY = re.compile(rf"(?<![\w.,])(?P<n>[-−–]?(?:{DIGITS}))(?:\s|-)?(?P<u>{UNIT})(?![\w/])", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w-])#?(?=[A-Za-z_-]*\d)(?=\d*[-_/]?[A-Z])[A-Z0-9][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*(?![\w-])")
_HASH = re.compile(r"(?<![\w#])#(\d{2,20})\b")
_LABELS = tuple(
    words(
        "order parcel shipment tracking invoice ticket case reference booking customer return bestellung bestellnummer "
        "auftrag sendung paket rechnung commande colis facture pedido envío paquete factura заказ посылк отправлени "
        "счет счёт sipariş kargo fatura"
    )
)
"""What a word before an identifier begins with."""
_NUMBERED = words("numarali lu nolu")
"""One of them, folded, stands behind an identifier."""
_LABELLED = re.compile(
    r"\b(?:order|parcel|shipment|tracking|invoice|ticket|case|reference|booking|customer|return|bestellung|"
    r"bestellnummer|auftrag|sendung|paket"
    r"|rechnung|commande|colis|facture|pedido|envío|paquete|factura|заказ\w*|посылк\w*|отправлени\w*|сч[её]т\w*|"
    r"sipariş\w*|kargo\w*|fatura\w*)"
    r"(?:\s+(?:number|no\.?|nr\.?|id|nummer|numéro|número|номер|numarası))?\s*(?:[:#№]|n[o°º]\.?|"
    r"nr\.?)?\s*(?P<id>\d{3,20})(?![\w.,]*\d|\s?[%€$£])"
    r"|(?P<tr>\d{3,20})\s+(?:numaralı|no'lu|nolu)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    rf"(?<![\w.,/-])(?P<sign>[-−–](?=\d))?(?P<n>{DIGITS})(?![\w])(?:(?:\s|-)(?P<noun>[^\W\d_]{{2,}}))?"
)
_SCORE = re.compile(r"(?<![\w.,/:-])(\d{1,3})\s?[-–]\s?(\d{1,3})(?![\w/:-]|[.,]\d)")
_WORDY = re.compile(
    r"(?<![\w-])(?P<w>[^\W\d_]{2,}(?:-[^\W\d_]{2,})?|[ao])(?:\s+|-)(?P<noun>[^\W\d_]{2,}(?:\s[^\W\d_]{2,})?)(?!\w)"
)


@frozen
class Vocabulary:
    """What the evidence knows, folded."""

    identifiers: frozenset[str] = frozenset()
    """Whole, as `fold` makes them."""
    spaced: tuple[str, ...] = ()
    """Those of them that are several words."""
    phrases: tuple[str, ...] = ()
    """Names and other short texts, in lower case."""
    states: tuple[str, ...] = ()
    """States that are no common word for one."""
    nouns: frozenset[str] = frozenset()
    """Words of the fields that hold numbers, as stems."""
    counted: frozenset[str] = frozenset()
    """Those of them that are plurals, and so are counted: of `blocks`, `a block` is one."""
    numbered: frozenset[str] = frozenset()
    """Identifiers of all fields, also of those that tell no record: of cards, accounts."""


_NOTHING = Vocabulary()


def claims_in(
    text: str,
    *,
    language: str = "en",
    today: date | None = None,
    vocabulary: Vocabulary = _NOTHING,
    names: bool = False,
) -> list[Claim]:
    """Every claim in order of place. `language` is a two-letter code; one that is not known is read as English.

    `names`: also names that the evidence does not know, by their capitals.
    """
    return list(_read(text, language, today, vocabulary, names))


@kept(characters=200_000)
def identifiers_in(text: str, vocabulary: Vocabulary) -> tuple[Claim, ...]:
    """The identifiers of `claims_in(text, vocabulary=vocabulary)`: what is read after them takes no place of theirs."""
    claims = _Taken(len(text)).first_of(_exact(Places(text), "en", None, vocabulary))
    return tuple(sorted((claim for claim in claims if claim.kind is Kind.IDENTIFIER), key=lambda claim: claim.start))


@kept(characters=500_000)
def _read(text: str, language: str, today: date | None, vocabulary: Vocabulary, names: bool) -> tuple[Claim, ...]:
    """A draft, and the request it answers, are read by every check, and again for every claim that may repeat it."""
    taken, places = _Taken(len(text)), Places(text)
    language = language[:2].lower()
    exact = _exact(places, language, today, vocabulary)
    found = list(taken.first_of(chain(exact, _loose(places, language, vocabulary))))
    if names:
        found += [
            Claim(kind=Kind.NAME, start=start, end=end, value=text[start:end].lower())
            for start, end in names_in(text, language)
            if taken.free(start, end)
        ]
    return tuple(sorted(found, key=lambda claim: (claim.start, claim.end)))


class _Taken:
    """Which characters belong to a claim already."""

    def __init__(self, length: int) -> None:
        self._bytes = bytearray(length)

    def free(self, start: int, end: int) -> bool:
        return self._bytes.find(1, start, end) < 0

    def first_of(self, claims: Iterable[Claim]) -> Iterator[Claim]:
        """Those that overlap none before them."""
        for claim in claims:
            if self.free(claim.start, claim.end):
                self._bytes[claim.start : claim.end] = b"\x01" * (claim.end - claim.start)
                yield claim


def _exact(places: Places, language: str, today: date | None, vocabulary: Vocabulary) -> Iterator[Claim]:
    """Contacts, identifiers, moments and amounts, the more telling first."""
    yield from _contacts(places)
    if places.numbers:
        for start, end, value in masked_in(places.text, vocabulary.numbered):
            yield Claim(kind=Kind.IDENTIFIER, start=start, end=end, value=value)
    for start, end, value in known_codes(places.text, vocabulary.identifiers, vocabulary.spaced):
        yield Claim(kind=Kind.IDENTIFIER, start=start, end=end, value=value)
    for start, end, whens in dates_in(places, language, today):
        yield Claim(kind=Kind.DATE, start=start, end=end, value=whens[0], others=whens[1:])
    if places.numbers:
        for start, end, whens in times_in(places):
            yield Claim(kind=Kind.TIME, start=start, end=end, value=whens[0])
        yield from _measured(places, language)
        yield from _codes(places)


def _loose(places: Places, language: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    """States, names and bare numbers."""
    text = places.text
    for start, end in sentences(text) if vocabulary.states or may_name(places) else ():
        for said in said_in(text[start:end], vocabulary.states):
            if said.asserted:
                yield Claim(
                    kind=Kind.STATUS,
                    start=start + said.start,
                    end=start + said.end,
                    value=said.state,
                    negated=said.negated,
                )
    for start, end in phrases_in(places, vocabulary.phrases) if vocabulary.phrases else ():
        yield Claim(kind=Kind.NAME, start=start, end=end, value=text[start:end].lower())
    yield from _numbers(places, language)
    yield from _words(text, language, vocabulary)


def _contacts(places: Places) -> Iterator[Claim]:
    text = places.text
    if "://" in text or "www." in text.lower():
        for found in _URL.finditer(text):
            said = found[0].rstrip(".,;:!?")
            yield Claim(
                kind=Kind.URL, start=found.start(), end=found.start() + len(said), value=said.rstrip("/").lower()
            )
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield Claim(kind=Kind.EMAIL, start=found.start(), end=found.end(), value=found[0].rstrip(".").lower())
    for found in _IBAN.finditer(text) if places.numbers else ():
        value = fold("".join(found[0].split()))
        if is_account(value):
            yield Claim(kind=Kind.IDENTIFIER, start=found.start(), end=found.end(), value=value)
    for found in matches_at(_PHONE, text, places.with_before("+")):
        if not re.fullmatch(r"0\d{1}[./-]\d{1,2}[./-]\d{2,4}", found[0]):
            yield Claim(
                kind=Kind.PHONE, start=found.start(), end=found.end(), value=re.sub(r"\D", "", found[0]).lstrip("0")
            )


_COUNTRY = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{11,30}")


def is_account(value: str) -> bool:
    """Whether a folded identifier is the number of a bank account: an IBAN's form, mostly digits."""
    return _COUNTRY.fullmatch(value) is not None and sum(ch.isdigit() for ch in value) * 2 > len(value)


def _codes(places: Places) -> Iterator[Claim]:
    text = places.text
    labelled = places.of_beginnings(_LABELS) if places.known.isdisjoint(_NUMBERED) else range(len(text))
    for found in matches_at(_LABELLED, text, labelled):
        group = "id" if found["id"] else "tr"
        yield Claim(kind=Kind.IDENTIFIER, start=found.start(group), end=found.end(group), value=found[group])
    if "#" in text:
        for found in _HASH.finditer(text):
            yield Claim(kind=Kind.IDENTIFIER, start=found.start(), end=found.end(), value=found[1])
    for found in _CODE.finditer(text):
        digits = sum(ch.isdigit() for ch in found[0])
        if digits >= 2 and len(found[0]) >= 5:
            yield Claim(kind=Kind.IDENTIFIER, start=found.start(), end=found.end(), value=fold(found[0]))


def _measured(places: Places, language: str) -> Iterator[Claim]:
    text, signed = places.text, places.with_before("-−–")
    for found in matches_at(_MONEY, text, sorted({*signed, *places.of(_CURRENCIES), *_signs(text)})):
        number, currency = found["n1"] or found["n2"], found["c1"] or found["c2"]
        yield from _numeric(Kind.MONEY, text, found.start(), found.end(), number, language, currency_of(currency))
    percents = [found.start() for found in re.finditer("%", text)] if "%" in text else []
    for found in matches_at(_PERCENT, text, sorted({*signed, *percents})):
        yield from _numeric(Kind.PERCENTAGE, text, found.start(), found.end(), found["n"] or found["n2"], language, "%")
    for found in matches_at(_QUANTITY, text, signed):
        if found["u"] in ("FT", "IN", "MIN", "H", "S", "M", "G"):  # capitals are an abbreviation of something else
            continue
        yield from _numeric(Kind.QUANTITY, text, found.start(), found.end(), found["n"], language, unit_of(found["u"]))


def _signs(text: str) -> Iterator[int]:
    """Where a currency sign begins, and `US` before one."""
    for found in _SIGN.finditer(text):
        yield from (found.start() - 2, found.start()) if found.start() > 1 else (found.start(),)


def _numbers(places: Places, language: str) -> Iterator[Claim]:
    text = places.text
    for found in matches_at(_SCORE, text, places.numbers):
        for group in (1, 2):
            yield from _numeric(Kind.NUMBER, text, found.start(group), found.end(group), found[group], language, "")
    for found in matches_at(_NUMBER, text, places.with_before("-−–")):
        noun = (found["noun"] or "").lower()
        said = (found["sign"] or "") + found["n"]
        start = found.start("sign") if found["sign"] else found.start("n")
        yield from _numeric(Kind.NUMBER, text, start, found.end("n"), said, language, stem(noun))


def _words(text: str, language: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    """Number words before a noun that the evidence counts: `six assists`, `a block`."""
    if not vocabulary.nouns and not vocabulary.counted:
        return
    for found in _WORDY.finditer(text):
        low = found["w"].lower()
        value, end = number_word(low, language), found.end("w")
        if value is None and low not in ("a", "an"):
            continue
        nouns = [stem(word) for word in found["noun"].lower().split()]
        if value is None and low in ("a", "an") and language == "en":
            value = number_word("one", "en")
            if nouns[0] == "pair" and len(nouns) > 1:
                rest = re.match(r"\s+([^\W\d_]+)", text[found.end() :])
                nouns, value = [stem(rest[1].lower())] if rest and nouns[1] == "of" else nouns, number_word("two", "en")
                end = found.start("noun") + len("pair")
        known = vocabulary.counted if low in ("a", "an", "ein", "eine", "un", "une", "una") else vocabulary.nouns
        if value is None or nouns[0] not in known:
            continue
        yield Claim(
            kind=Kind.NUMBER,
            start=found.start("w"),
            end=end,
            value=value,
            unit=nouns[0],
            **hedges_of(text, found.start("w")),
        )


def _numeric(kind: Kind, text: str, start: int, end: int, number: str, language: str, unit: str) -> Iterator[Claim]:  # noqa: PLR0917 - where a walk stands
    negative = number[:1] in "-−–"
    values = readings(number.lstrip("-−–"), language)
    if not values:
        return
    values = tuple(-value for value in values) if negative else values
    hedges = hedges_of(text, start)
    yield Claim(
        kind=kind,
        start=start,
        end=end,
        value=values[0],
        unit=unit,
        others=values[1:],
        places=decimal_places(values[0]),
        **hedges,
    )
