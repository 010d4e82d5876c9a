"""Phone numbers: candidates by their shape, decided by the numbering plans that phonenumbers carries.

phonenumbers' own matcher reads a text once per region. Here a run of digits is looked at once; the plan of a region is
asked only for candidates, and how the digits are grouped counts: a plan prints its numbers in known groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product

from sluicegate.frozen import frozen
from sluicegate.pii.runs import Run
from sluicegate.pii.word_list import listed
from sluicegate.pii.wording import Words, named, told_business

__all__ = ["EXTENSION", "PHONE_WORDS", "REGIONS", "Phone", "phones_in"]

PHONE_WORDS = Words(
    whole=frozenset(
        listed(
            "tel mob cell cellphone call called calling callback dial ring fax whatsapp signal sms text reach "
            "reached reachable contact hotline helpline landline office home work voicemail telegram viber digits "
            "ruf portable joindre tél móvil cellulare recapito bel bellen gsm ligue ligar celular kom tlf puh cep "
            "volejte mobilní тел моб "
        )
    ),
    stems=tuple(
        listed(
            "contatto contacto contato kontakt контакт richiam rappel telefon telephon teleph phone mobil handy "
            "rufnummer anruf rückruf erreich téléphon appel teléfono llám llam chiam telefoon mobiel telefone "
            "telemóvel komórk dzwo mobilnummer puhelin soita sună телефон мобильн звони позвон перезвон 電話 携帯 連絡 "
            "전화 휴대 localizable raggiungibil contactable contactável joignab bereikb"
        )
    ),
)
"""What names a phone number, in the languages of the regions below."""

REGIONS = listed(
    "US GB IE CA AU NZ IN IL BR ZA DE AT CH LI LU FR BE NL ES PT IT DK NO SE FI IS PL CZ SK HU RO BG GR HR SI EE LV "
    "LT TR UA RU MX SG"
)
"""Whose national numbers are known when no locale is named."""

EXTENSION = re.compile(r"[ ,]{0,2}(?:x|ext\.?|extension|#|durchwahl|poste)[ .:]{0,2}[0-9]{1,6}(?![0-9])", re.IGNORECASE)

_SPLIT = re.compile(r" {2,}|\t| ?/ | / ?| [\-] ")
_DATE = re.compile(
    r"(?:(?:18|19|20)[0-9]{2}([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])([-/. ])(?:0?[1-9]|[12][0-9]|3[01])\2(?:(?:18|19|20)[0-9]{2}|[0-9]{2}))(?![0-9])"
)
_YEARS = re.compile(r"(?:1[0-9]|20)[0-9]{2}[-/ \u2010-\u2013]{1,3}(?:1[0-9]|20)[0-9]{2}\Z")
_UNIT_BEFORE = re.compile(
    r"(?<![^\W_])(?:apt|apartment|appt|suite|ste|unit|flat|floor|room|lgh)\.? ?#?\Z", re.IGNORECASE
)
"""What follows is the number of a door, whatever is grouped behind it."""
_OF_A_CLIENT = re.compile(
    r"(?:num[eé]ro|número|num[eé]r|nummer|nr|n[o°º]|c[oó]di(?:ce|go)|номер)\.? "
    r"(?:d[eiou] )?(?:client[ea]?s?|klienta|klant|клиента)[ :]{1,3}\Z",
    re.IGNORECASE,
)
"""What follows is the number that a shop gave to a customer."""
_NUMBERED = re.compile(r" numaralı (?!telefon|hat|cep|gsm)", re.IGNORECASE)
_HOUSE_BEFORE = re.compile(r"(?<![^\W_])no[.:] ?\Z", re.IGNORECASE)
"""What follows, three digits and a stroke, is a house and its door."""
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹#]|EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK|Rs\.?) ?\Z")
_MONEY_AFTER = re.compile(
    r" ?(?:[%€£$°]|EUR\b|USD\b|GBP\b|CHF\b|PLN\b|kr\b|km\b|kg\b|mm\b|ms\b|bytes\b|rows\b|people\b|users\b|million)"
)

_FRACTION = re.compile(r"(?:^|[ /])0\.[0-9]{4,}")
_DECIMALS = re.compile(r"(?:0|[1-9][0-9]{0,2})\.[0-9]{3,}(?: {1,2}-?(?:0|[1-9][0-9]{0,2})\.[0-9]{3,})*")


@frozen
class Phone:
    """One phone number: `text[start:end]`."""

    start: int
    end: int
    score: float
    named: bool
    """Whether a word beside it says that it is a phone."""


@frozen
class _Plan:
    """How one region numbers its phones."""

    code: str
    trunk: str
    """What is dialled before a national number."""
    number: re.Pattern[str]
    """Every kind of national number."""
    mobile: re.Pattern[str]
    groups: frozenset[tuple[int, ...]]
    """How its numbers are printed."""
    lengths: frozenset[int]


def phones_in(text: str, run: Run, regions: Iterable[str]) -> Iterator[Phone]:
    """The phone numbers of one run of digits, usually none or the whole run."""
    whole = _phone(text, run.groups, run.between, tuple(regions))
    if whole is not None:
        yield whole
        return
    for groups, between in _pieces(run):
        part = _phone(text, groups, between, tuple(regions))
        if part is not None:
            yield part


_Groups = tuple[tuple[int, int], ...]


def _pieces(run: Run) -> Iterator[tuple[_Groups, tuple[str, ...]]]:
    """The run cut where two numbers meet."""
    first = 0
    cuts = [place for place, sep in enumerate(run.between) if _SPLIT.fullmatch(sep)]
    if not cuts:
        return
    for cut in [*cuts, len(run.groups) - 1]:
        yield run.groups[first : cut + 1], run.between[first:cut]
        first = cut + 1


def _phone(text: str, groups: _Groups, between: tuple[str, ...], regions: tuple[str, ...]) -> Phone | None:
    count = sum(end - start for start, end in groups)
    if not 7 <= count <= 17 or len(groups) > 9:
        return None
    start, end = groups[0][0], groups[-1][1]
    before = text[start - 1 : start] if start else ""
    if before == "(" and ")" in "".join(between):
        start -= 1
        before = text[start - 1 : start] if start else ""
    plus = before == "+" or text[max(0, start - 2) : start] == "+("
    if plus:
        start -= 1 if before == "+" else 2
    if _stands_inside(text, start, end) or (not plus and _is_other(text, start, end, groups, between)):
        return None
    digits = "".join(text[one:two] for one, two in groups)
    lengths = tuple(two - one for one, two in groups)
    is_named = named(text, start, end, PHONE_WORDS)
    if (
        not plus
        and not is_named
        and (told_business(text, start) or _UNIT_BEFORE.search(text, max(0, start - 11), start))
    ):
        return None
    if not plus and _is_numbered(text, (start, end), lengths, between, is_named=is_named):
        return None
    score = _international(digits, lengths, between, is_named=is_named, plus=plus)
    if score is None and not plus:
        score = _national(digits, lengths, between, regions, is_named=is_named)
    if score is None:
        return None
    extension = EXTENSION.match(text, end)
    return Phone(start=start, end=extension.end() if extension else end, score=score, named=is_named)


def _is_numbered(
    text: str, place: tuple[int, int], lengths: tuple[int, ...], between: tuple[str, ...], *, is_named: bool
) -> bool:
    """Whether it is a house with its door, or what a shop numbered: a customer, a record."""
    start, end = place
    if lengths[0] < 4 and between[:1] == ("/",) and _HOUSE_BEFORE.search(text, max(0, start - 5), start):
        return True
    if is_named:
        return False
    before = text[max(0, start - 32) : start].lower()
    of_client = "cl" in before or "kl" in before or "кл" in before
    return bool(of_client and _OF_A_CLIENT.search(text, max(0, start - 32), start)) or bool(_NUMBERED.match(text, end))


def _stands_inside(text: str, start: int, end: int) -> bool:
    """Whether letters, an at sign or an underscore touch the number."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if before.isalnum() or (
        before != "" and before in "_@=&#%,.:-/" and text[start - 2 : start - 1].isalnum() and before not in ",:="
    ):
        return True
    if after in ("_", "@") or (after.isalpha() and not EXTENSION.match(text, end)):
        return True
    return (
        after in ("-", ".", "/")
        and text[end + 1 : end + 2].isalnum()
        and not PHONE_WORDS.first(text[end + 1 : end + 12].lower())
    )


def _is_other(text: str, start: int, end: int, groups: _Groups, between: tuple[str, ...]) -> bool:
    """Dates, years, amounts, measures, coordinates and other decimals."""
    dated = _DATE.match(text, start, end)
    if dated and not (dated.end() < end and text[start] == "0" and len(groups) > 4):
        return True
    if _YEARS.match(text[start:end]) or _MONEY_BEFORE.search(text[max(0, start - 4) : start]):
        return True
    if _MONEY_AFTER.match(text, end) or _DECIMALS.fullmatch(text, start, end) or _FRACTION.search(text, start, end):
        return True
    # 1.234.567 and 1 234 567 are amounts; a trunk zero makes them phones.
    lengths = [two - one for one, two in groups]
    thousands = len(lengths) > 2 and lengths[0] <= 3 and all(length == 3 for length in lengths[1:])
    return thousands and set(between) == {"."} and text[groups[0][0]] != "0"


def _international(
    digits: str, lengths: tuple[int, ...], between: tuple[str, ...], *, is_named: bool, plus: bool
) -> float | None:
    """Behind a plus or 00: the country's code, and a length that its plan has."""
    if not plus:
        grouped = len(lengths) > 1 or is_named or (digits.startswith("001") and len(digits) == 13)
        if digits.startswith("00") and digits[2:3] not in ("", "0") and grouped:
            digits = digits[2:]
        elif not (digits.startswith("1") and len(lengths) > 1 and lengths[0] == 1 and len(digits) == 11):
            return None
    for size in (1, 2, 3):
        plans = _plans_of_code(digits[:size])
        if not plans:
            continue
        rest = digits[size:]
        for plan in plans:
            national = (
                rest[len(plan.trunk) :]
                if plan.trunk and rest.startswith(plan.trunk) and "(" in "".join(between)
                else rest
            )
            if any(len(given) in plan.lengths for given in (national, rest, rest.lstrip("0"))):
                return 0.85 if plan.number.fullmatch(national) else 0.6
    return 0.5 if plus and is_named and 7 <= len(digits) <= 15 else None


def _national(
    digits: str, lengths: tuple[int, ...], between: tuple[str, ...], regions: tuple[str, ...], *, is_named: bool
) -> float | None:
    """Without a country's code: valid in one of the regions and grouped as it prints, or named and of a fair length."""
    valid = grouped = False
    for plan in _plans(regions):
        trunk = plan.trunk if plan.trunk and digits.startswith(plan.trunk) else ""
        # Ten digits of any kind are a number of Russia; only with what is dialled before them is one seen.
        if not plan.number.fullmatch(digits[len(trunk) :]) or (plan.code == "7" and not trunk):
            continue
        valid = True
        leading = lengths if not trunk else (lengths[0] - len(trunk), *lengths[1:])
        if len(lengths) > 1 and (tuple(size for size in leading if size) in plan.groups or trunk == "0"):
            grouped = True
            break
        # One run of digits with a zero first may number an order as well, so only what can be a mobile is told.
        if trunk == "0" and len(digits) >= 10 and plan.mobile.fullmatch(digits[1:]):
            grouped = True
            break
    if not is_named and _is_written_business(digits, lengths, between):
        return None
    if is_named:
        return 0.75 if valid else (0.5 if len(digits) <= 13 and _looks_dialled(digits, lengths, between) else None)
    if grouped:
        return 0.6 if len(digits) >= 8 else None
    bracketed = any(")" in sep for sep in between) and 9 <= len(digits) <= 12
    north_american = lengths[-3:] == (3, 3, 4) and len(lengths) <= 4 and len(digits) in (10, 11, 13)
    return 0.45 if bracketed or (north_american and digits[-10] not in "01") or _zero_led(digits, lengths) else None


def _is_written_business(digits: str, lengths: tuple[int, ...], between: tuple[str, ...]) -> bool:
    """68923-68929 is from here to there, 2026-48213 and 2026/48213 the number of a paper."""
    if between not in (("-",), ("/",)) or digits[0] == "0":
        return False
    return (lengths[0] > 4 and between == ("-",)) or (lengths[0] == 4 and digits[:2] in ("19", "20"))


def _looks_dialled(digits: str, lengths: tuple[int, ...], between: tuple[str, ...]) -> bool:
    """No group so long that only a machine reads it, or one piece of a usual length."""
    if len(lengths) == 1:
        return 7 <= len(digits) <= 12 and len(set(digits)) > 2
    return max(lengths) <= 8 and not any("/" in sep for sep in between[1:])


def _zero_led(digits: str, lengths: tuple[int, ...]) -> bool:
    """0xx xxx xxxx in some groups: no plan known here, but nothing else is written so."""
    return (
        digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 12 and 2 <= len(lengths) <= 6 and lengths[0] >= 2
    )


@cache
def _plans(regions: tuple[str, ...]) -> tuple[_Plan, ...]:
    return tuple(plan for region in regions if (plan := _plan(region)) is not None)


@cache
def _plan(region: str) -> _Plan | None:
    """The region's plan out of phonenumbers' tables; None = no such region."""
    from phonenumbers.phonemetadata import PhoneMetadata

    given = PhoneMetadata.metadata_for_region(region, None)
    if given is None:
        return None
    kinds = (
        "fixed_line",
        "mobile",
        "toll_free",
        "premium_rate",
        "shared_cost",
        "voip",
        "personal_number",
        "uan",
        "pager",
    )
    patterns = [
        pattern
        for kind in kinds
        if (desc := getattr(given, kind)) is not None and (pattern := desc.national_number_pattern) is not None
    ]
    lengths = given.general_desc.possible_length if given.general_desc else ()
    return _Plan(
        code=str(given.country_code),
        trunk=given.national_prefix or "",
        number=re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)"),
        mobile=re.compile((given.mobile and given.mobile.national_number_pattern) or r"(?!)"),
        groups=frozenset(shape for form in given.number_format for shape in _printed(form.pattern or "")),
        lengths=frozenset(lengths),
    )


_COUNTED = re.compile(r"\(\\d(?:\{(\d+)(?:,(\d+))?\})?\)")


def _printed(pattern: str) -> Iterator[tuple[int, ...]]:
    r"""Lengths of groups that a format of phonenumbers prints: (\d{3})(\d{2,3}) is 3 2 and 3 3."""
    ranges = []
    for found in _COUNTED.finditer(pattern):
        least = int(found[1] or 1)
        ranges.append(range(least, int(found[2] or least) + 1))
    yield from product(*ranges)


@cache
def _plans_of_code(code: str) -> tuple[_Plan, ...]:
    """Plans of the main region behind a country's code."""
    regions = _codes().get(code, ())
    return tuple(plan for region in regions[:1] if (plan := _plan(region)) is not None)


@cache
def _codes() -> Mapping[str, tuple[str, ...]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {str(code): tuple(regions) for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if code}
