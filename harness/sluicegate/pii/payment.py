"""Payment: card numbers of 12 to 19 digits and IBANs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluicegate.pii.checkdigits import luhn, mod97
from sluicegate.pii.iban import IBAN_LENGTHS
from sluicegate.pii.word_list import listed
from sluicegate.pii.wording import Words

__all__ = ["CARD_WORDS", "card_issuer", "card_shape_holds", "iban_at"]

CARD_WORDS = Words(
    whole=frozenset(
        listed(
            "card cards credit debit visa mastercard amex maestro diners discover jcb unionpay cc ccn pan carte "
            "tarjeta carta cartão kort kortnummer karta cvv cvc exp expiry expires payment"
        )
    ),
    stems=("kredit", "kart"),
)
"""What names a card."""

_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    # ISO/IEC 7812 issuer ranges as the schemes publish them, with the lengths they issue.
    ("visa", r"4", (13, 16, 19)),
    ("mastercard", r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    ("american express", r"3[47]", (15,)),
    ("diners club", r"30[0-5]|3095|36|3[89]", (14, 15, 16, 17, 18, 19)),
    ("discover", r"6011|64[4-9]|65", (16, 17, 18, 19)),
    ("jcb", r"35(?:2[89]|[3-8])", (16, 17, 18, 19)),
    ("jcb", r"2131|1800", (15,)),
    ("unionpay", r"62|81", (16, 17, 18, 19)),
    ("maestro", r"50[0-9]{2}|5[6-8]|6[0-9]{3}", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("mir", r"220[0-4]", (16, 17, 18, 19)),
    ("troy", r"9792", (16,)),
    ("rupay", r"60|81|82|508", (16,)),
)
_COMPILED = tuple((name, re.compile(prefix), lengths) for name, prefix, lengths in _ISSUERS)

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?:[ \u00a0\u2009\u202f.\-]?[A-Z0-9]){11,30}", re.IGNORECASE)


def card_issuer(digits: str) -> str | None:
    """The scheme whose range and length the number has, if its Luhn digit holds; None = no card number."""
    if not 12 <= len(digits) <= 19 or len(set(digits)) < 2 or not luhn(digits):
        return None
    return next((name for name, prefix, lengths in _COMPILED if len(digits) in lengths and prefix.match(digits)), None)


def card_shape_holds(lengths: Sequence[int]) -> bool:
    """Whether digits are grouped as cards are printed: one group, fours with a rest, 4-6-4, 4-6-5, 6 and a rest."""
    if len(lengths) == 1:
        return True
    if tuple(lengths) in ((4, 6, 4), (4, 6, 5)) or (len(lengths) == 2 and lengths[0] in (4, 6, 8)):
        return True
    return 3 <= len(lengths) <= 5 and all(length == 4 for length in lengths[:-1]) and lengths[-1] <= 7


def iban_at(text: str, start: int) -> int | None:
    """Where the IBAN that begins at `start` ends; None = there is none. Length by country, check digits MOD 97-10."""
    found = _IBAN.match(text, start)
    if found is None:
        return None
    run = found[0]
    length = IBAN_LENGTHS.get(run[:2].upper())
    places = [place for place, ch in enumerate(run) if ch.isalnum()]
    if length is None or len(places) < length:
        return None
    end = places[length - 1] + 1
    compact = "".join(run[place] for place in places[:length]).upper()
    if not compact.isascii() or not mod97(compact) or text[start + end : start + end + 1].isalnum():
        return None
    return start + end
