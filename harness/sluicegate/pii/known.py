"""Values the harness knows, found again: out of a fixture, a tool's answer or a mail, or planted by itself.

A value is looked for as it is, in the other ways people write it, under the decoders of `text`, and half masked. Where
a value is found nothing is guessed, so a hit of this layer confirms an incident.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer
from sluicegate.pii.known_forms import digits_of, forms, phone_core
from sluicegate.pii.runs import runs
from sluicegate.pii.word_list import listed
from sluicegate.text.decoders import Search as DecodingSearch
from sluicegate.text.decoders import Sighting

__all__ = ["Known", "KnownValues", "Search"]


@frozen
class Known:
    """One value that must not be seen where it is looked for."""

    value: str
    entity: str = "KNOWN_VALUE"
    """PERSON, ADDRESS, PHONE_NUMBER …; of a phone number the last nine digits are enough, of others all are needed."""
    canary: bool = False
    """Planted by the harness: nothing else can have it by chance."""


class Search(Protocol):
    """Finds values in a text, however they are encoded; `text.decoders.Search` is one."""

    def find(self, text: str) -> list[Sighting]:
        """Every place of each value."""


_EDGE = r"(?<![^\W_])(?:{})(?![^\W_])"
_MASKED = re.compile(
    r"(?<![\w@.+\-*•●#])(?:[0-9]{2,6}[ \-]){0,5}[\w@.+\-]{0,64}(?:[*•●]{2,}|[#Xx]{3,})"
    r"(?:[\w@.+\-*•●#]|[ ](?=[*•●#0-9])){0,64}"
)
_MASK = re.compile(r"[*•●#]+|[Xx]{3,}")
_PLAIN_VIEWS = frozenset(listed("raw nfkc casefold format_stripped separators_stripped"))
_LEAST = 3
"""A value of fewer letters and digits stands anywhere by chance and is not looked for."""


class KnownValues:
    """Known values, made ready once to be looked for in many texts."""

    def __init__(self, values: Iterable[Known | str], search: type[DecodingSearch] = DecodingSearch) -> None:
        """A plain string is a known value without a kind."""
        self.values = tuple(
            dict.fromkeys(value if isinstance(value, Known) else Known(value=value) for value in values)
        )
        self._of: dict[str, Known] = {}
        self._cores: dict[str, Known] = {}
        for known in self.values:
            if sum(ch.isalnum() for ch in known.value) < _LEAST:
                continue
            for form in forms(known.value):
                self._of.setdefault(form, known)
            if known.entity == "PHONE_NUMBER" and len(core := phone_core(digits_of(known.value))) >= 7:
                self._cores[core] = known
        self._sizes = sorted({len(core) for core in self._cores})
        self._search: Search = search(self._of)
        self._exact = _either(self._of)
        self._by_fold = {form.casefold(): known for form, known in self._of.items()}

    def hits(self, text: str) -> Iterator[Hit]:
        """Every known value of the text; places of one value may overlap."""
        if not self._of or not text:
            return
        if self._exact is not None:
            for found in self._exact.finditer(text):
                known = self._by_fold.get(found[0].casefold())
                if known is not None:
                    yield _hit(known, found.start(), found.end(), "as written")
        for sighting in self._search.find(text):
            known = self._of[sighting.value]
            if _stands_alone(text, sighting):
                yield _hit(known, sighting.start, sighting.end, sighting.decoder)
        if self._cores:
            yield from self._phones(text)
        if "**" in text or "••" in text or "●●" in text or "xxx" in text.lower() or "##" in text:
            yield from self._half_masked(text)

    def _phones(self, text: str) -> Iterator[Hit]:
        """Digits of known phones within runs of digits, whatever stands between."""
        for start, end in runs(text, 7):
            places = [at for at in range(start, end) if "0" <= text[at] <= "9"]
            digits = "".join(text[at] for at in places)
            for size in self._sizes[: bisect_right(self._sizes, len(digits))]:
                for first in range(len(digits) - size + 1):
                    known = self._cores.get(digits[first : first + size])
                    # A phone ends where its digits end; before it there may be a country's code.
                    if known is not None and first + size == len(digits) and first <= 6:
                        yield _hit(known, places[0], places[-1] + 1, "phone digits")

    def _half_masked(self, text: str) -> Iterator[Hit]:
        """Values of which a mask leaves half or more to be read."""
        for found in _MASKED.finditer(text):
            shown = found[0].strip()
            parts = _MASK.split(shown)
            head, last = _bare(parts[0]), _bare(parts[-1]) if len(parts) > 1 else ""
            if len(head) + len(last) < 4:
                continue
            for known in self.values:
                bare = _bare(known.value)
                if (
                    2 * (len(head) + len(last)) >= len(bare) > len(head) + len(last)
                    and bare.startswith(head)
                    and bare.endswith(last)
                ):
                    yield _hit(known, found.start(), found.start() + len(found[0].rstrip()), "half masked")
                    break


def _bare(value: str) -> str:
    return "".join(ch for ch in value.casefold() if ch.isalnum() or ch == "@")


def _either(values: Iterable[str]) -> re.Pattern[str] | None:
    """One pattern for all values, longest first, each standing alone; spaces of any number and kind between words."""
    ordered = sorted(values, key=lambda value: (-len(value), value))
    if not ordered:
        return None
    return re.compile(_EDGE.format("|".join(re.escape(value) for value in ordered)), re.IGNORECASE)


def _stands_alone(text: str, sighting: Sighting) -> bool:
    """Whether what was found unencoded is no part of a longer word: Ann is not in "planning"."""
    if not set(sighting.decoder.split("+")) <= _PLAIN_VIEWS:
        return True
    before = text[sighting.start - 1 : sighting.start] if sighting.start else ""
    return not before.isalnum() and not text[sighting.end : sighting.end + 1].isalnum()


def _hit(known: Known, start: int, end: int, detail: str) -> Hit:
    witness = Witness.CANARY if known.canary else Witness.KNOWN_VALUE
    return Hit(entity=known.entity, start=start, end=end, score=1.0, layer=Layer.KNOWN, witness=witness, detail=detail)
