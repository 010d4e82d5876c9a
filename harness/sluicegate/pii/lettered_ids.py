"""Numbers of people that hold letters: what stands at one place of a text, and whether its check character is right."""

from __future__ import annotations

import re
from collections.abc import Callable

from sluicegate.frozen import frozen
from sluicegate.pii.checkdigits import date_holds
from sluicegate.pii.national_ids import fr_nir
from sluicegate.pii.wording import GENERAL_ID

__all__ = ["LETTERED", "LetteredRule", "lettered_at"]

_NIF_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CF_MONTHS = "ABCDEHLMPRST"
_CF_FIRST = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_CF_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (*_CF_FIRST, *_CF_FIRST, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")


@frozen
class LetteredRule:
    """One kind of number with letters in it."""

    entity: str
    shape: str
    """A regular expression, letters in upper case; digits and letters with the separators that are usual between."""
    holds: Callable[[str], bool]
    """The check character, on the value in upper case without separators."""
    checked: bool = True
    """Whether a rule of check digits stands behind `holds`, or only rules of the shape."""
    words: str = GENERAL_ID
    """What names it; asked only where `checked` is false or `alone` is."""
    alone: bool = True
    """Whether it is told without a word that names it."""


def es_nif(value: str) -> bool:
    """DNI: the letter is the number modulo 23 in the list TRWAGMYFPDXBNJZSQVHLCKE."""
    return value[:8].isdigit() and _NIF_LETTERS[int(value[:8]) % 23] == value[8:]


def es_nie(value: str) -> bool:
    """NIE: X, Y and Z stand for 0, 1 and 2 before the number of a DNI."""
    return value[:1] in "XYZ" and es_nif(f"{'XYZ'.index(value[0])}{value[1:]}")


def it_cf(value: str) -> bool:
    """Codice fiscale (decree of 23 December 1976): odd places by table, even ones by value, modulo 26.

    Digits may be letters where two people shared a code.
    """
    day = value[9:11].translate(_OMOCODIA)
    if not (day.isdigit() and value[8] in _CF_MONTHS and (1 <= int(day) <= 31 or 41 <= int(day) <= 71)):
        return False
    even = sum(int(ch) if ch.isdigit() else ord(ch) - 65 for ch in value[1:15:2])
    return (sum(_CF_ODD[ch] for ch in value[0:15:2]) + even) % 26 == ord(value[15]) - 65


def ie_pps(value: str) -> bool:
    """PPS number: weights 8 to 2, a second letter A, B or H weighs nine, modulo 23 with W = 0."""
    total = sum((8 - place) * int(ch) for place, ch in enumerate(value[:7]))
    second = value[8:9]
    total += 9 * (ord(second) - 64) if second in ("A", "B", "H") else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == value[7]


def fi_hetu(value: str) -> bool:
    """Henkilötunnus: the nine digits modulo 31 in 0123456789ABCDEFHJKLMNPRSTUVWXY."""
    digits = value[:6] + value[-4:-1]
    dated = date_holds(value[:2], value[2:4]) and int(value[-4:-1]) >= 2
    return dated and _HETU_LETTERS[int(digits) % 31] == value[-1]


def uk_nino(value: str) -> bool:
    """National Insurance number (HMRC, NIM39110): letters and pairs of letters that are never given."""
    return (
        value[0] not in "DFIQUV"
        and value[1] not in "DFIOQUV"
        and value[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
    )


def fr_nir_corsica(value: str) -> bool:
    """A number of Corsica: 2A counts as 19 and 2B as 18."""
    return fr_nir(value.replace("2A", "19", 1).replace("2B", "18", 1))


def pt_cc(value: str) -> bool:
    """Cartão de cidadão: Luhn from the left on values of digits and letters, A = 10 (AMA, validação do número)."""
    total = 0
    for place, ch in enumerate(value):
        number = int(ch, 36) * (2 if place % 2 == 0 else 1)
        total += number - 9 if place % 2 == 0 and number > 9 else number
    return total % 10 == 0


LETTERED: tuple[LetteredRule, ...] = (
    LetteredRule(entity="ES_NIF", shape=r"[0-9]{8}[- ]?[A-Z]", holds=es_nif),
    LetteredRule(entity="ES_NIF", shape=r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}[- ]?[A-Z]", holds=es_nif),
    LetteredRule(entity="ES_NIE", shape=r"[XYZ][- ]?[0-9]{7}[- ]?[A-Z]", holds=es_nie),
    LetteredRule(
        entity="IT_FISCAL_CODE",
        shape=r"[A-Z]{3} ?[A-Z]{3} ?[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2} ?[A-Z][0-9L-NP-V]{3} ?[A-Z]",
        holds=it_cf,
    ),
    LetteredRule(
        entity="IE_PPS",
        shape=r"[0-9]{7} ?[A-W][ABHTWX]?",
        holds=ie_pps,
        words=rf"pps\w*|public service|{GENERAL_ID}",
        alone=False,
    ),
    LetteredRule(
        entity="FI_PERSONAL_IDENTITY_CODE", shape=r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", holds=fi_hetu
    ),
    LetteredRule(
        entity="UK_NINO",
        shape=r"[A-Z]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}[- ]?[A-D]",
        holds=uk_nino,
        checked=False,
        words=rf"nino\b|ni (?:number|no)|n\.i\.|{GENERAL_ID}",
    ),
    LetteredRule(
        entity="FR_NIR", shape=r"[12] ?[0-9]{2} ?[0-9]{2} ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", holds=fr_nir_corsica
    ),
    LetteredRule(
        entity="IN_PAN",
        shape=r"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]",
        holds=lambda _value: True,
        checked=False,
        words=r"pan\b|permanent account|income tax",
        alone=False,
    ),
    LetteredRule(
        entity="PT_CARTAO_CIDADAO",
        shape=r"[0-9]{8}[- ]?[0-9] ?[A-Z0-9]{2}[0-9]",
        holds=pt_cc,
        words=rf"cart[ãa]o|cidad[ãa]o|\bcc\b|{GENERAL_ID}",
        alone=False,
    ),
)

_SHAPES = re.compile(
    "|".join(f"(?P<r{place}>{rule.shape})(?![^\\W_])" for place, rule in enumerate(LETTERED)), re.IGNORECASE
)
_SEPARATORS = re.compile(r"[ .\-]")


def lettered_at(text: str, start: int) -> tuple[LetteredRule, int] | None:
    """The rule whose shape and check character hold for what begins at `start`, and where it ends; None = none."""
    found = _SHAPES.match(text, start)
    if found is None or found.lastgroup is None:
        return None
    rule = LETTERED[int(found.lastgroup[1:])]
    compact = found[0].upper() if rule.entity.startswith("FI") else _SEPARATORS.sub("", found[0]).upper()
    return (rule, found.end()) if compact.isascii() and rule.holds(compact) else None
