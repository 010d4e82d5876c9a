"""What Presidio's recognisers add: licences, passports, insurance, tax and bank numbers that a word beside them names.

Each of the recognisers here scores below the threshold until one of its context words stands within five words before
the number. So the text is searched for those words first, and a recogniser reads only what follows one of its own. Its
patterns run under a time-out, and a time-out is told; Presidio itself logs it and goes on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.reading import Reading
from sluicegate.pii.word_list import listed
from sluicegate.pii.wording import told_business

__all__ = ["ENTITIES", "Curated", "curated", "presidio_hits"]

_TIMEOUT_S = 1.5
_REACH = 72
"""Characters behind a context word that are read: about five words and a number."""

_CLASSES: Mapping[str, str] = {
    "ABA_ROUTING_NUMBER": "AbaRoutingRecognizer",
    "AU_ABN": "AuAbnRecognizer",
    "AU_ACN": "AuAcnRecognizer",
    "AU_MEDICARE": "AuMedicareRecognizer",
    "AU_TFN": "AuTfnRecognizer",
    "CA_POSTAL_CODE": "CaPostalCodeRecognizer",
    "CRYPTO": "CryptoRecognizer",
    "DE_FUEHRERSCHEIN": "DeFuehrerscheinRecognizer",
    "DE_HEALTH_INSURANCE": "DeHealthInsuranceRecognizer",
    "DE_ID_CARD": "DeIdCardRecognizer",
    "DE_PASSPORT": "DePassportRecognizer",
    "DE_SOCIAL_SECURITY": "DeSocialSecurityRecognizer",
    "DE_TAX_NUMBER": "DeTaxNumberRecognizer",
    "DE_VAT_ID": "DeVatIdRecognizer",
    "ES_PASSPORT": "EsPassportRecognizer",
    "IN_AADHAAR": "InAadhaarRecognizer",
    "IN_PASSPORT": "InPassportRecognizer",
    "IN_VOTER": "InVoterRecognizer",
    "IT_DRIVER_LICENSE": "ItDriverLicenseRecognizer",
    "IT_IDENTITY_CARD": "ItIdentityCardRecognizer",
    "IT_PASSPORT": "ItPassportRecognizer",
    "IT_VAT_CODE": "ItVatCodeRecognizer",
    "KR_RRN": "KrRrnRecognizer",
    "MEDICAL_LICENSE": "MedicalLicenseRecognizer",
    "NG_NIN": "NgNinRecognizer",
    "SE_ORGANISATIONSNUMMER": "SeOrganisationsnummerRecognizer",
    "SG_NRIC_FIN": "SgFinRecognizer",
    "TH_TNIN": "ThTninRecognizer",
    "TR_LICENSE_PLATE": "TrLicensePlateRecognizer",
    "UK_DRIVING_LICENCE": "UkDrivingLicenceRecognizer",
    "UK_PASSPORT": "UkPassportRecognizer",
    "UK_POSTCODE": "UkPostcodeRecognizer",
    "UK_VEHICLE_REGISTRATION": "UkVehicleRegistrationRecognizer",
    "US_BANK_NUMBER": "UsBankRecognizer",
    "US_DRIVER_LICENSE": "UsLicenseRecognizer",
    "US_MBI": "UsMbiRecognizer",
    "US_NPI": "UsNpiRecognizer",
    "US_PASSPORT": "UsPassportRecognizer",
    "ZA_ID_NUMBER": "ZaIdNumberRecognizer",
}
"""Entity and the class that finds it. InPanRecognizer is not here: its time grows faster than the text."""

ENTITIES = frozenset(_CLASSES)

_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"[0-9]")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_TOO_COMMON = frozenset(
    listed(
        "number no id identification card code check save lot de account tax security file vehicle state address us "
        "his her car business "
        "company united states document photo post delivery shipping mailing correspondence invoice rechnung für "
        "feld south african "
        "australian british indian smart pi org national nummer número neuer deutsche mot association identity her "
        "bundesamt pass"
    )
)
_HOLDS: Mapping[str, re.Pattern[str]] = {"UK_POSTCODE": re.compile(r"[0-9][^\W\d_]{2}")}
"""What every value of a kind holds, where looking for it first is worth it."""
_ALWAYS = frozenset(("account", "address", "identity"))
"""Common words that name a number all the same when a recogniser lists them alone."""


@frozen
class Curated:
    """The recognisers that could be made, by the words that call them."""

    by_word: Mapping[str, tuple[Any, ...]]
    words: frozenset[str]
    """Those words."""
    entities: frozenset[str]
    """What they find; less than ENTITIES when the installed Presidio is older."""


@cache
def curated(entities: frozenset[str]) -> Curated:
    """The recognisers of those entities, made by class for one language. Imports Presidio."""
    from presidio_analyzer import predefined_recognizers

    by_word: defaultdict[str, list[Any]] = defaultdict(list)
    made: set[str] = set()
    for entity in sorted(entities & ENTITIES):
        kind = getattr(predefined_recognizers, _CLASSES[entity], None)
        if kind is None:
            continue
        recogniser = kind(supported_language="en")
        made.add(entity)
        words = {word for phrase in recogniser.context or () for word in _calling(phrase.lower())}
        for word in words:
            by_word[word].append(recogniser)
    return Curated(
        by_word={word: tuple(found) for word, found in by_word.items()},
        words=frozenset(by_word),
        entities=frozenset(made),
    )


def _calling(phrase: str) -> Iterator[str]:
    """The words of a phrase that call its recogniser: those that name something by themselves."""
    words = _WORD.findall(phrase)
    if len(words) == 1 and words[0] in _ALWAYS:
        yield words[0]
    yield from (word for word in words[:2] if word not in _TOO_COMMON and len(word) > 2)


def presidio_hits(reading: Reading, asked: Curated, unread: list[str]) -> Iterator[Hit]:
    """Hits behind context words. Time-outs are added to `unread`."""
    called, text = reading.words & asked.words, reading.text
    for word, start in reading.word_ends(sorted(called)):
        end = min(len(text), start + _REACH)
        if _DIGIT.search(text, start, end) is None:
            continue
        last = _word_end(text, end)
        for recogniser in asked.by_word[word]:
            yield from _asked(text, (start, end, last), recogniser, unread)


def _asked(text: str, place: tuple[int, int, int], recogniser: Any, unread: list[str]) -> Iterator[Hit]:
    """Hits from behind a context word to the end of the last word that is read."""
    start, end, last = place
    entity = recogniser.supported_entities[0]
    if entity in _HOLDS and _HOLDS[entity].search(text, start, last) is None:
        return
    for pattern in recogniser.patterns:
        try:
            for found in _compiled(pattern.regex).finditer(text, start, last, timeout=_TIMEOUT_S):
                one, two = found.span()
                if two > one and len(_TOKEN.findall(text, start, one)) <= 5:
                    score = _score(recogniser, pattern.score, found[0])
                    if score is not None and not told_business(text, one):
                        yield _hit(entity, one, two, score, recogniser.name)
        except TimeoutError:
            unread.append(f"{entity}: {recogniser.name} took longer than {_TIMEOUT_S} s on characters {start} to {end}")


@cache
def _compiled(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.DOTALL | regex.MULTILINE | regex.IGNORECASE)


def _word_end(text: str, end: int) -> int:
    """A little further, so that no number is cut in the middle."""
    least = end
    while end < len(text) and end < least + 20 and text[end].isalnum():
        end += 1
    return end


def _score(recogniser: Any, base: float, value: str) -> float | None:
    """Presidio's own sum: the pattern's score and 0.35 for its context, 1 for check digits that hold."""
    if not any(ch.isdigit() for ch in value):
        return None
    valid = recogniser.validate_result(value)
    if valid is False or recogniser.invalidate_result(value):
        return None
    return 1.0 if valid else min(1.0, max(0.4, base + 0.35))


def _hit(entity: str, start: int, end: int, score: float, name: str) -> Hit:
    checked = score == 1.0
    return Hit(
        entity=entity,
        start=start,
        end=end,
        score=score,
        layer=Layer.CHECKSUM if checked else Layer.CONTEXT,
        witness=Witness.STRUCTURE if checked else Witness.PATTERN,
        detail=name,
    )
