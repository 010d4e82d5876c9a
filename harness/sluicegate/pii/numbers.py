"""What begins with digits, in one pass: cards, IBANs, numbers of states, phones, addresses of hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.internet import ipv4_holds
from sluicegate.pii.lettered_ids import lettered_at
from sluicegate.pii.national_ids import RULES, NumberRule
from sluicegate.pii.payment import CARD_WORDS, card_issuer, card_shape_holds, iban_at
from sluicegate.pii.phones import phones_in
from sluicegate.pii.runs import Run, Window, runs, taken_apart, windows
from sluicegate.pii.wording import GENERAL_ID, Around, cue, named, told_business

__all__ = ["ENTITIES", "number_hits"]

ENTITIES = frozenset(
    {
        "CREDIT_CARD",
        "IBAN_CODE",
        "PHONE_NUMBER",
        "IP_ADDRESS",
        "ES_NIF",
        "ES_NIE",
        "IT_FISCAL_CODE",
        "IE_PPS",
        "UK_NINO",
    }
    | {"FI_PERSONAL_IDENTITY_CODE", "PT_CARTAO_CIDADAO"}
    | {rule.entity for rule in RULES}
)
# Read once: an enumeration is slow to be asked for a member.
_CHECKSUM, _CONTEXT, _SHAPE = Layer.CHECKSUM, Layer.CONTEXT, Layer.PATTERN
_STRUCTURE, _PATTERN = Witness.STRUCTURE, Witness.PATTERN
_VERSION = re.compile(
    r"(?:\bv|version|release|build|firmware|section|chapter|paragraph|clause|article|figure|table|"
    r"abschnitt|kapitel|artikel|ziffer|punkt|sección|artículo|sezione|articolo|§) ?\Z",
    re.IGNORECASE,
)
_SPACED_NINO = re.compile(r"[A-Za-z]{2} [0-9]")
_SPACED_CODE = re.compile(r"[A-Za-z]{3} [A-Za-z]{3} [0-9]{2}[A-Za-z]")


def number_hits(text: str, regions: tuple[str, ...], entities: frozenset[str]) -> Iterator[Hit]:
    """Hits of every number of the text; those of one number may overlap."""
    done = 0
    wants_phones = "PHONE_NUMBER" in entities
    for start, end in runs(text):
        if end <= done:
            continue
        lettered = _lettered(text, start, end)
        if lettered is not None and not text[lettered.start : lettered.end].replace("-", "").isdigit():
            done = lettered.end
            yield lettered
            continue
        if end - start < 7:
            continue
        run = taken_apart(text, start, end)
        # A Finnish code whose check character is a digit looks as Danish and Swedish ones do.
        found = list(_checked(text, run)) or ([lettered] if lettered else [])
        if lettered and lettered not in found and named(text, start, end, cue(_FINNISH)):
            found = [lettered]
        yield from found
        if wants_phones and not found:
            for phone in phones_in(text, run, regions):
                layer = _CONTEXT if phone.named else _SHAPE
                yield Hit(
                    entity="PHONE_NUMBER",
                    start=phone.start,
                    end=phone.end,
                    score=phone.score,
                    layer=layer,
                    witness=_PATTERN,
                )


def _lettered(text: str, start: int, end: int) -> Hit | None:
    """A number with letters that begins at or shortly before a run of digits."""
    begin, least = start, max(0, start - 7)
    while begin > least and text[begin - 1].isalnum():
        begin -= 1
    if begin > 0 and text[begin - 1].isalnum():
        return None
    if begin < start:
        return _at(text, begin)
    if end - start >= _FEWEST:
        after = text[end : end + 4]
        # One letter or two may belong to it; three are a word.
        apart = after[1:2].isalpha() and after[0] in "-+ "
        if apart and end - start < _HETU:
            apart = len(after) < 4 or not after[1:].isalpha()
        if apart or after[:1].isalpha() or end - start == _HETU:
            found = _at(text, begin)
            if found is not None:
                return found
    if text[start - 1 : start] in (" ", "-") and start > 1 and text[start - 2].isalpha():
        if text[start - 2] in "XYZxyz" and not text[start - 3 : start - 2].isalnum():
            return _at(text, start - 2)
        for shape, width in ((_SPACED_NINO, 3), (_SPACED_CODE, 8)):
            before = start - width
            if before >= 0 and not text[before - 1 : before].isalnum() and shape.match(text, before):
                return _at(text, before)
    return None


def _at(text: str, start: int) -> Hit | None:
    if text[start].isalpha():
        end = iban_at(text, start)
        if end is not None:
            return _structure("IBAN_CODE", start, end)
    found = lettered_at(text, start)
    if found is None:
        return None
    rule, end = found
    is_named = named(text, start, end, cue(rule.words))
    if not is_named and (not rule.alone or told_business(text, start)):
        return None
    if rule.checked:
        return _structure(rule.entity, start, end)
    layer = _CONTEXT if is_named else _SHAPE
    return Hit(entity=rule.entity, start=start, end=end, score=0.85 if is_named else 0.6, layer=layer, witness=_PATTERN)


def _structure(entity: str, start: int, end: int) -> Hit:
    return Hit(entity=entity, start=start, end=end, score=1.0, layer=_CHECKSUM, witness=_STRUCTURE)


def _checked(text: str, run: Run) -> Iterator[Hit]:
    """Cards, numbers of states and addresses of hosts among the windows of one run."""
    by_shape = _by_shape()
    if _touches_letters(text, run.start, run.end):
        return
    for window in windows(text, run, by_shape):
        size = len(window.digits)
        if size < 7 and "." not in window.shape:
            continue
        if 12 <= size <= 19 and _is_card(text, window):
            yield _structure("CREDIT_CARD", window.start, window.end)
            continue
        best = _best(text, window, by_shape.get(window.shape, ()))
        if best is not None:
            yield best
        elif window.shape.count(".") == 3 and _is_host(text, window):
            yield Hit(
                entity="IP_ADDRESS",
                start=window.start,
                end=window.end,
                score=0.95,
                layer=_CHECKSUM,
                witness=_PATTERN,
            )


def _touches_letters(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return before.isalpha() or before == "_" or after.isalpha() or after == "_"


def _is_host(text: str, window: Window) -> bool:
    parts = text[window.start : window.end].split(".")
    return ipv4_holds(parts) and not _VERSION.search(text[max(0, window.start - 14) : window.start])


def _is_card(text: str, window: Window) -> bool:
    if len(set(window.shape) - set("0123456789")) > 1 or not card_shape_holds(window.lengths):
        return False
    if card_issuer(window.digits) is None:
        return False
    usual = len(window.digits) in (15, 16) or len(window.lengths) > 1
    if named(text, window.start, window.end, CARD_WORDS):
        return True
    # Fours, or 4-6-5, say card by themselves; a bare run may be the number of a parcel.
    return usual and (len(window.lengths) > 2 or not told_business(text, window.start))


def _best(text: str, window: Window, rules: tuple[NumberRule, ...]) -> Hit | None:
    """The rule that holds and is named; without a name one whose shape and digits are strong enough alone."""
    held = [rule for rule in rules if _holds(rule, window.digits)]
    if not held:
        return None
    held.sort(key=lambda rule: rule.entity in _UNCHECKED)
    around = Around(text, window.start, window.end)
    for rule in held:
        if around.named(cue(rule.words)):
            return _of(rule, window, is_named=True)
    if around.named(cue(GENERAL_ID)):
        return _of(held[0], window, is_named=True)
    if not around.told_business():
        for rule in held:
            if window.shape in rule.bare:
                return _of(rule, window, is_named=False)
    return None


def _of(rule: NumberRule, window: Window, *, is_named: bool) -> Hit:
    if rule.entity in _UNCHECKED:
        layer = _CONTEXT if is_named else _SHAPE
        score = 0.85 if is_named else 0.5
        return Hit(entity=rule.entity, start=window.start, end=window.end, score=score, layer=layer, witness=_PATTERN)
    return _structure(rule.entity, window.start, window.end)


def _holds(rule: NumberRule, digits: str) -> bool:
    return digits.count(digits[0]) < len(digits) and rule.holds(digits)


_FEWEST = 6
"""Digits before the first letter of a number that begins with digits."""
_HETU = 11
"""Characters of a Finnish code, whose last one may be a digit."""
_FINNISH = r"hetu\w*|henkilötunnu\w*|personal identity code"
_UNCHECKED = frozenset({"US_SSN", "US_ITIN", "DK_CPR"})
"""Shapes and dates only, no check digits."""


@cache
def _by_shape() -> Mapping[str, tuple[NumberRule, ...]]:
    found: dict[str, list[NumberRule]] = {}
    for rule in RULES:
        for shape in dict.fromkeys((*rule.shapes, *rule.bare)):
            found.setdefault(shape, []).append(rule)
    return {shape: tuple(rules) for shape, rules in found.items()}
