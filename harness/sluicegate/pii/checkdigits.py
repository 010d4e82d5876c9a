"""Check digit rules as the issuers publish them: plain functions of digits that answer yes or no.

Every function takes a string without separators and never raises, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

__all__ = ["date_holds", "ean_holds", "iso_mod11_10", "luhn", "mod97", "weighted"]

_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_VALUES = {code: str(code - 55) for code in range(65, 91)}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: every second digit from the right is doubled, the sum of all is a multiple of ten."""
    if not _plain(digits):
        return False
    codes = digits.encode()[::-1]
    return (sum(codes[::2]) - 48 * ((len(codes) + 1) // 2) + sum(codes[1::2].translate(_DOUBLED))) % 10 == 0


def mod97(compact: str) -> bool:
    """ISO 7064 MOD 97-10 as ISO 13616 uses it: the first four characters go last, letters count from A = 10."""
    if len(compact) < 5 or not (compact.isascii() and compact.isalnum()):
        return False
    return int((compact[4:] + compact[:4]).upper().translate(_VALUES)) % 97 == 1


def iso_mod11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10, the hybrid system of the German tax number and the Croatian OIB."""
    if not _plain(digits):
        return False
    product = 10
    for ch in digits[:-1]:
        product = 2 * ((product + ord(ch) - 48) % 10 or 10) % 11
    return (11 - product) % 10 == ord(digits[-1]) - 48


def ean_holds(digits: str) -> bool:
    """GS1: digits weigh 3 and 1 in turn from the right, the check digit fills up to ten."""
    if not _plain(digits):
        return False
    codes = digits.encode()[::-1]
    return (sum(codes[::2]) + 3 * sum(codes[1::2]) - 48 * ((len(codes) + 1) // 2 + 3 * (len(codes) // 2))) % 10 == 0


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digit times weight, as far as both go. Zero for what is not digits."""
    if not _plain(digits):
        return 0
    total: int = sum(map(mul, digits.encode(), weights))
    return total - 48 * sum(weights[: len(digits)])


def date_holds(day: str, month: str) -> bool:
    """Whether day and month can stand in one date of some year."""
    if not (_plain(day) and _plain(month)):
        return False
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS[int(month) - 1]


def _plain(digits: str) -> bool:
    return digits.isascii() and digits.isdigit()
