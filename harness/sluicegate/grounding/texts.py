"""What texts attest: snippets a retriever gave, and the request that is answered."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cached_property

from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.extraction import claims_in, fold
from sluicegate.grounding.index import Evidence
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.units import base, unit_of
from sluicegate.grounding.wording import cues_in, stem

__all__ = ["Texts", "normal"]

_LEAST_WORDS = 3
_VALUES = frozenset({Kind.MONEY, Kind.DATE, Kind.TIME, Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER})
_BLANKS = re.compile(r"[\s\u00a0]+")
_TYPED = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."}
)


class Texts:
    """The texts of the evidence, read when first asked."""

    def __init__(self, evidence: Evidence, *, language: str, today: date | None) -> None:
        self._evidence = evidence
        self._language = language
        self._today = today

    @cached_property
    def _attested(self) -> dict[tuple[str, object, str], str]:
        return self._claims(self._evidence.texts)

    @cached_property
    def _requested(self) -> dict[tuple[str, object, str], str]:
        return self._claims(self._evidence.requests)

    @cached_property
    def _sentences(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for path, text in (*self._evidence.texts, *self._evidence.requests):
            for start, end in sentences(text):
                found.setdefault(normal(text[start:end]), path)
        return found

    @cached_property
    def _whole(self) -> list[tuple[str, str]]:
        return [(path, normal(text)) for path, text in (*self._evidence.texts, *self._evidence.requests)]

    @cached_property
    def asked_ids(self) -> tuple[str, ...]:
        """Identifiers of the evidence that stand in the request, in order."""
        words = [word for _, text in self._evidence.requests for word in re.findall(r"#?\w+(?:[-_/.]\w+)*", text)]
        return tuple(dict.fromkeys(fold(word) for word in words if fold(word) in self._evidence.by_id))

    @cached_property
    def _forms(self) -> dict[str, list[tuple[str, list[tuple[Claim, str]]]]]:
        found: dict[str, list[tuple[str, list[tuple[Claim, str]]]]] = {}
        for path, text in self._evidence.texts:
            claims = self._read(text)
            for span in sentences(text):
                own = _valued(claims, span)
                if own and (form := _form(text, span, own)):
                    found.setdefault(form, []).append((path, [(claim, text[claim.start : claim.end]) for claim in own]))
        return found

    def differs(self, text: str, span: tuple[int, int], claim: Claim, claims: list[Claim]) -> tuple[str, str] | None:
        """Path and value of a text with the same sentence, word for word, and another value in this claim's place."""
        if not self._evidence.texts:
            return None
        own = _valued(claims, span)
        known = self._forms.get(_form(text, span, own), []) if claim in own else []
        if not known:
            return None
        at = own.index(claim)
        said = [(path, values[at]) for path, values in known]
        if any(other.value == claim.value and other.unit == claim.unit for _, (other, _) in said):
            return None
        path, (other, raw) = said[0]
        return (path, raw) if other.kind is claim.kind else None

    def attests(self, claim: Claim) -> str:
        """The path of a text that says the same, or empty."""
        return self._path(self._attested, self._evidence.texts, claim)

    def in_request(self, claim: Claim) -> str:
        """The path of the request where it says the same, or empty."""
        return self._path(self._requested, self._evidence.requests, claim)

    def says_of(self, claim: Claim, sentence: str) -> str:
        """The path of a text that says the same of something both name, which no record does: `the Solo plan`."""
        for path, text in self._evidence.texts if self.attests(claim) else ():
            for span in sentences(text):
                said = [item for item in self._read(text) if span[0] <= item.start < span[1]]
                if any(_key(item, item.value) == _key(claim, claim.value) for item in said) and any(
                    self._is_new(name) for name in _names_of(sentence, text[slice(*span)])
                ):
                    return path
        return ""

    def _is_new(self, name: str) -> bool:
        """Whether no record holds the word."""
        return not any(name in fact.raw.lower() for record in self._evidence.records for fact in record.facts)

    def said_in(self, texts: list[tuple[str, str]], claim: Claim) -> bool:
        """Whether one of these texts says the same."""
        return bool(self._path(self._claims(texts), texts, claim))

    def verbatim(self, sentence: str) -> str:
        """The path of the text that holds the sentence word for word, or empty."""
        said = normal(sentence).strip("-•* ")
        if len(said.split()) < _LEAST_WORDS:
            return ""
        return self._sentences.get(said) or next((path for path, text in self._whole if said in text), "")

    def _claims(self, texts: list[tuple[str, str]]) -> dict[tuple[str, object, str], str]:
        found: dict[tuple[str, object, str], str] = {}
        for path, text in texts:
            for claim in self._read(text):
                for value in (claim.value, *claim.others):
                    for key in {_key(claim, value), (_family(claim), value, _ANY)}:
                        found.setdefault(key, path)
        return found

    def _read(self, text: str) -> list[Claim]:
        return claims_in(text, language=self._language, today=self._today, vocabulary=self._evidence.vocabulary)

    def _path(self, known: dict[tuple[str, object, str], str], texts: list[tuple[str, str]], claim: Claim) -> str:
        for value in (claim.value, *claim.others):
            bare = (_family(claim), value, "" if _is_measured(claim) else _ANY)
            for key in (_key(claim, value), bare):
                if (path := known.get(key)) is not None and (claim.kind is not Kind.MONEY or key is not bare):
                    return path
        if claim.kind in (Kind.IDENTIFIER, Kind.NAME, Kind.URL, Kind.EMAIL):
            said = normal(str(claim.value))
            return next((path for path, text in texts if said in normal(text)), "")
        return ""


_ANY = "*"
"""In the place of a unit: of any, or of none."""


def _key(claim: Claim, value: object) -> tuple[str, object, str]:
    """What a value is known by: an amount with its currency, 1200 g as 1.2 kg. Ten days are no ten percent."""
    if claim.kind is Kind.MONEY:
        return _family(claim), value, claim.unit
    if not _is_measured(claim) or not isinstance(value, Decimal):
        return _family(claim), value, ""
    return _family(claim), *base(value, "day" if claim.unit == "business day" else claim.unit)


_CAPITAL = re.compile(r"(?<![\w-])(?=[^\W\d_])[A-ZÀ-ÞА-ЯİŞĞ][\w-]{2,}")


def _names_of(one: str, other: str) -> set[str]:
    """Words with a capital in both, which speak of no field and do not merely begin both."""
    first, second = ([word.lower() for word in _CAPITAL.findall(text)] for text in (one, other))
    begin = {first[0]} & {second[0]} if first and second and one[:1].isupper() and other[:1].isupper() else set()
    shared = (set(first) & set(second)) - begin
    return {
        word for word in shared if not unit_of(word) and cues_in(word)[:1] == [(0, len(word), frozenset([stem(word)]))]
    }


def _is_measured(claim: Claim) -> bool:
    return claim.kind in (Kind.QUANTITY, Kind.PERCENTAGE)


def normal(text: str) -> str:
    """One blank between words, one case, one kind of quotes and dashes."""
    return _BLANKS.sub(" ", text.translate(_TYPED)).strip().casefold()


def _valued(claims: list[Claim], span: tuple[int, int]) -> list[Claim]:
    """The claims of a sentence that are values, which a rule of the house can have another of."""
    return [claim for claim in claims if span[0] <= claim.start < span[1] and claim.kind in _VALUES]


def _form(text: str, span: tuple[int, int], own: list[Claim]) -> str:
    """A sentence with a mark in the place of each value; empty where few words are left."""
    parts, at = [], span[0]
    for claim in own:
        parts += [text[at : claim.start], f" <{claim.kind}> "]
        at = claim.end
    form = normal("".join([*parts, text[at : span[1]]])).strip(" .!-•*")
    return form if len(form.split()) - len(own) >= _LEAST_WORDS else ""


def _family(claim: Claim) -> str:
    """Kinds that may be written in each other's place."""
    return "number" if claim.kind in (Kind.NUMBER, Kind.QUANTITY, Kind.PERCENTAGE) else claim.kind.value
