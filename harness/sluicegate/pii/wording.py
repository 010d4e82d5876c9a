"""Words around a number: what names it, and what says that it is business and nobody's own.

The nearest word before a number wins: "order 7 paid with card 4111 …" is a card, "card order 4111…" is an order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from sluicegate.pii.word_list import listed

__all__ = ["GENERAL_ID", "Around", "Words", "cue", "named", "told_business"]

_BEFORE, _AFTER = 64, 32
"""Characters read on each side of a number."""

GENERAL_ID = (
    r"national id\w*|id card|identity (?:card|number|no)|identification (?:number|no)|personal (?:id|identity|"
    r"identification|number|code|no)|"
    r"citizen\w*|resident\w*|social security|social insurance|national insurance|insurance (?:number|no)|tax "
    r"(?:id|number|no|payer|file)\w*|"
    r"taxpayer|fiscal|tin\b|national number|birth number|date of birth|health (?:number|insurance|card)|passport"
)
"""What an English text calls the number of a person, whatever the country."""


class Words:
    """Words that name something, in lower case: whole ones and beginnings."""

    __slots__ = ("_said", "stems", "whole")

    def __init__(self, *, whole: frozenset[str], stems: tuple[str, ...] = ()) -> None:
        """Which words were asked for is remembered, a few thousand at a time: the same ones come again and again."""
        self.whole = whole
        self.stems = stems
        self._said: dict[str, bool] = {}

    def last(self, among: Sequence[str]) -> int:
        """Which of some words in lower case is the last that is one of these, or -1."""
        said = self._said
        for place in range(len(among) - 1, -1, -1):
            word = among[place]
            if (is_said := said.get(word)) is None:
                if len(said) > _REMEMBERED:
                    said.clear()
                is_said = said[word] = word in self.whole or word.startswith(self.stems)
            if is_said:
                return place
        return -1

    def first(self, after: str) -> bool:
        """Whether one of the words stands in a lower-case text."""
        return self.last(_TOKEN.findall(after)) >= 0


_REMEMBERED = 4000
_TOKEN = re.compile(r"[^\W_]+")
_BUSINESS = Words(
    whole=frozenset(
        listed(
            "order orders ordered purchase po so rma ticket case tracking track parcel parcels package shipment "
            "shipments "
            "shipped consignment delivery deliveries waybill awb courier invoice invoices inv receipt sku skus "
            "item items article product part serial model barcode isbn issn ean gtin upc asin imei version build "
            "release commit hash sha sha1 sha256 md5 checksum batch lot ref reference booking reservation "
            "confirmation transaction txn request trace span session correlation job task event timestamp epoch "
            "kundennummer colis suivi livraison pedido pedidos envío seguimiento albarán artículo ordine ordini "
            "tracciamento articolo encomenda kargo ups fedex dhl usps dpd gls hermes 1z customerno "
            "sn seri serie série matricola nota ts created updated unix 注 订 訂"
        )
    ),
    stems=tuple(
        listed(
            "bestell auftrag rechnung sendung liefer paket artikel vorgang commande facture réf factura fattura "
            "spedizion fatura zamówieni faktur przesyłk paczk bestelling factuur zending pakket ordre "
            "ordernummer beställning leverans tilaus lasku lähety objednávk zásilk comand colet sipariş "
            "zähler angebot vertrag offerte devis presupuesto preventiv oferta umow polis teklif sayaç договор счётчик "
            "счетчик "
            "seryjn serijn serienn серийн 製造 заказ трек посылк накладн отправлени 注文 追跡 伝票 订单 訂單 주문 송장"
        )
    ),
)
"""What says that a number is an order, a parcel, an invoice, a version: nobody's own."""


@cache
def cue(words: str) -> re.Pattern[str]:
    """Compiled words that name a number; they begin where a word begins."""
    return re.compile(rf"(?<![^\W_])(?:{words})", re.IGNORECASE)


class Around:
    """What stands around one number, read once whatever is asked of it."""

    __slots__ = ("_after", "_before", "_business", "_end", "_start", "_text")

    def __init__(self, text: str, start: int, end: int) -> None:
        """The number is `text[start:end]`."""
        self._text, self._start, self._end = text, start, end
        self._before = _spelled(text[max(0, start - _BEFORE) : start])
        self._after: str | None = None
        self._business: bool | None = None

    def named(self, words: re.Pattern[str] | Words) -> bool:
        """Whether one of the words stands close by, and no word of business is nearer before the number."""
        if isinstance(words, Words):
            among = _TOKEN.findall(self._before)
            last = words.last(among)
            if last >= 0:
                return _BUSINESS.last(among[last + 1 :]) < 0
        else:
            last = _last(words, self._before)
            if last >= 0:
                while last and self._before[last : last + 1].isalnum() and self._before[last - 1].isalnum():
                    last -= 1
                return _BUSINESS.last(_TOKEN.findall(self._before, last)) < 0
        if self._after is None:
            # What stands in the next field, cell or line names the value there.
            after = _NEXT_VALUE.split(self._text[self._end : self._end + _AFTER], maxsplit=1)[0]
            self._after = _spelled(after)
        follows = words.first(self._after) if isinstance(words, Words) else words.search(self._after) is not None
        return follows and not self.told_business()

    def told_business(self) -> bool:
        """Whether a word shortly before the number says that it is an order, a parcel, an invoice, a version …"""
        if self._business is None:
            self._business = told_business(self._text, self._start)
        return self._business


def named(text: str, start: int, end: int, words: re.Pattern[str] | Words) -> bool:
    """Whether one of the words stands close by, and no word of business is nearer before the number."""
    return Around(text, start, end).named(words)


def told_business(text: str, start: int) -> bool:
    """Whether a word shortly before the number says that it is an order, a parcel, an invoice, a version …"""
    return _BUSINESS.first(_spelled(text[max(0, start - 40) : start]))


def _spelled(words: str) -> str:
    """In lower case, and names of fields as the words they are made of: nhs_number, nhsNumber."""
    if _INNER.search(words) is not None:
        words = _FIELD.sub(lambda found: _CAPITAL.sub(r" \g<0>", found[0]), words)
    return words.replace("_", " ").lower()


_NEXT_VALUE = re.compile(r"[\"{}|;\n]")
_INNER = re.compile(r"[a-z][A-Z]")
_FIELD = re.compile(r"(?<![^\W_])[a-z]+(?:[A-Z][a-z0-9]+)+(?![^\W_])")
_CAPITAL = re.compile(r"[A-Z]")


def _last(words: re.Pattern[str], before: str) -> int:
    end = -1
    for found in words.finditer(before):
        end = found.end()
    return end
