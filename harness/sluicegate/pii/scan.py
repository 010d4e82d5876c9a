"""The scanner: every layer over one text, and one answer for each piece of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model.finding import Witness
from sluicegate.pii import addresses, dates, names, numbers, presidio, secrets
from sluicegate.pii.engine import Brought
from sluicegate.pii.hits import Hit, Layer, overlap_free
from sluicegate.pii.internet import hardware_and_ipv6, mail_addresses, urls
from sluicegate.pii.known import Known, KnownValues
from sluicegate.pii.models import Model
from sluicegate.pii.phones import REGIONS
from sluicegate.pii.reading import read, set_apart

__all__ = ["COVERED", "NOT_PERSONAL", "UNCOVERED", "Examined", "Scanner", "UnreadError"]

_INTERNET = frozenset({"EMAIL_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS", "URL"})
COVERED = (
    numbers.ENTITIES
    | _INTERNET
    | dates.ENTITIES
    | presidio.ENTITIES
    | secrets.ENTITIES
    | names.ENTITIES
    | addresses.ENTITIES
)
"""Entity types that some layer finds in text it knows nothing about."""

NOT_PERSONAL = frozenset(
    {"DATE_TIME", "URL", "DE_VAT_ID", "IT_VAT_CODE", "AU_ABN", "AU_ACN", "FR_SIREN", "SE_ORGANISATIONSNUMMER"}
)
"""Found only when asked for: dates, links and the numbers of companies are no personal data by themselves."""

UNCOVERED = (
    "AGE",
    "GENDER",
    "LOCATION",
    "MEDICAL_CONDITION",
    "NATIONALITY",
    "NRP",
    "OCCUPATION",
    "ORGANIZATION",
    "USERNAME",
)
"""Kinds of personal data that nothing here finds unless they are among the known values."""

_DIGIT = re.compile(r"[0-9]")
THRESHOLD = 0.35
"""The least score that is told; Presidio's figures below it are noise."""


class UnreadError(RuntimeError):
    """A part of the text could not be read in time: what a scan found is not all that may be there."""


@frozen
class Examined:
    """What one text holds, and what could not be read of it."""

    hits: tuple[Hit, ...]
    unread: tuple[str, ...] = ()
    """One line for each recogniser that ran out of time. Empty = everything was read."""


class Scanner:
    """Personal data and secrets in text. Offline; linear in the text; made once, used often."""

    def __init__(
        self,
        *,
        locales: Iterable[str] = (),
        known: Iterable[Known | str] = (),
        entities: Iterable[str] | None = None,
        threshold: float = THRESHOLD,
        model: str | None = None,
        recognisers: Sequence[Any] = (),
    ) -> None:
        """Locales (en_GB, de-DE, FR) narrow whose national phone numbers are looked for; none = all that are known.

        `model` names an installed recogniser of names (`spacy:en_core_web_sm`); `recognisers` are a user's own, of
        Presidio's kind. Raises InputError when presidio-analyzer or the model is not installed or an entity is unknown.
        """
        _need_presidio()
        self.entities = _chosen(entities)
        self.threshold = threshold
        self._regions = _regions(locales)
        self._known = KnownValues(known)
        self._more: list[Brought | Model] = [Brought(recognisers)] if recognisers else []
        if model is not None:
            self._more.append(Model(model))

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Kinds of personal data that no layer finds in unknown text, and those that this installation lacks."""
        missing = (self.entities & presidio.ENTITIES) - presidio.curated(self.entities).entities
        modelled = {"LOCATION", "ORGANIZATION"} if any(isinstance(more, Model) for more in self._more) else set()
        return tuple(sorted({*UNCOVERED, *missing} - modelled))

    def scan(self, text: str) -> list[Hit]:
        """Hits that share no character, by place. Raises UnreadError when something could not be read in time."""
        examined = self.examine(text)
        if examined.unread:
            raise UnreadError("; ".join(examined.unread))
        return list(examined.hits)

    def examine(self, text: str) -> Examined:
        """Hits and what could not be read. Never raises, whatever the text."""
        unread: list[str] = []
        found = [hit for hit in self._found(text, unread) if hit.score >= self.threshold]
        return Examined(hits=tuple(overlap_free(found)), unread=tuple(unread))

    def _found(self, text: str, unread: list[str]) -> list[Hit]:
        asked, reading = self.entities, read(text)
        apart = set_apart(text)
        found = [*self._known.hits(text), *self._internet(text, apart)]
        found += [hit for hit in numbers.number_hits(apart, self._regions, asked) if hit.entity in asked]
        if "SECRET" in asked:
            found += secrets.secret_hits(reading if apart is text else read(apart))
        found += dates.date_hits(reading, asked)
        if "PERSON" in asked:
            found += names.name_hits(reading)
        if "ADDRESS" in asked:
            found += addresses.address_hits(reading)
        # Its recognisers are of numbers, and importing it takes longer than reading a thousand texts.
        if _DIGIT.search(text) is not None:
            found += presidio.presidio_hits(reading, presidio.curated(asked), unread)
        for more in self._more:
            found += more.hits(text, unread)
        return found

    def _internet(self, text: str, apart: str) -> Iterator[Hit]:
        asked = self.entities
        if "@" in text and "EMAIL_ADDRESS" in asked:
            yield from (_shaped("EMAIL_ADDRESS", start, end, 1.0) for start, end in mail_addresses(text))
        if ":" in text or "-" in text:
            found = hardware_and_ipv6(apart)
            yield from (_shaped(entity, start, end, 0.95) for entity, start, end in found if entity in asked)
        if "URL" in asked:
            yield from (_shaped("URL", start, end, 0.6) for start, end in urls(text))


def _shaped(entity: str, start: int, end: int, score: float) -> Hit:
    return Hit(entity=entity, start=start, end=end, score=score, layer=Layer.PATTERN, witness=Witness.PATTERN)


def _need_presidio() -> None:
    for package in ("presidio_analyzer", "phonenumbers"):
        if find_spec(package) is None:
            what = f"The pii suite needs presidio-analyzer; {package} is not installed."
            raise InputError([Fault(where="pii", what=what, mend="Run: pip install 'sluicegate[pii]'")])


def _chosen(entities: Iterable[str] | None) -> frozenset[str]:
    if entities is None:
        return COVERED - NOT_PERSONAL
    asked = frozenset(entities)
    unknown = sorted(asked - COVERED)
    if unknown:
        what = f"Nothing finds {', '.join(unknown)}."
        raise InputError([Fault(where="pii.entities", what=what, mend=f"Choose from: {', '.join(sorted(COVERED))}")])
    return asked


_LANGUAGES = {
    "en": "US GB IE CA AU NZ IN",
    "de": "DE AT CH LI LU",
    "fr": "FR BE CH LU CA",
    "nl": "NL BE",
    "es": "ES MX",
    "pt": "PT BR",
    "it": "IT CH",
    "da": "DK",
    "nb": "NO",
    "no": "NO",
    "nn": "NO",
    "sv": "SE FI",
    "fi": "FI",
    "cs": "CZ",
    "el": "GR",
    "et": "EE",
    "sl": "SI",
    "uk": "UA",
    "he": "IL",
}


def _regions(locales: Iterable[str]) -> tuple[str, ...]:
    """Regions whose numbering plans are asked, in the order of the locales."""
    found: list[str] = []
    for locale in locales:
        language, _, region = locale.replace("-", "_").partition("_")
        if region or language.isupper():
            found.append((region or language).upper())
        else:
            found += _LANGUAGES.get(language.lower(), language.upper()).split()
    return tuple(dict.fromkeys(found)) or tuple(REGIONS)
