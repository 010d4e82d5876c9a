"""Presidio's own loop, for recognisers that a user brings: no model, but lemmas, and a context search that bisects.

Presidio asks an NlpEngine for tokens and lemmas; its usual one downloads a model. The one here cuts words by a regular
expression and takes lower case for the lemma: with empty lemmas context words would silently count for nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer

__all__ = ["Brought", "analyzer"]

_TOKEN = re.compile(r"\w+|[^\w\s]")


@frozen
class _Token:
    """What Presidio reads of a token of spaCy."""

    text: str
    idx: int

    @property
    def lemma_(self) -> str:
        """Lower case stands in for the lemma."""
        return self.text.lower()

    def __len__(self) -> int:
        return len(self.text)


def analyzer(recognisers: Iterable[Any], language: str = "en") -> Any:
    """An AnalyzerEngine of Presidio with these recognisers and no others. Offline; imports Presidio."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    engine = _light_engine(language)
    registry = RecognizerRegistry(recognizers=list(recognisers), supported_languages=[language])
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=engine,
        supported_languages=[language],
        context_aware_enhancer=_bisecting(),
    )


class Brought:
    """A user's recognisers as one more layer."""

    def __init__(self, recognisers: Sequence[Any], language: str = "en") -> None:
        """Nothing is imported until a text is scanned."""
        self._recognisers = recognisers
        self._language = language
        self._analyzer: Any = None

    def hits(self, text: str, unread: list[str]) -> Iterator[Hit]:
        """What they say of a text; an exception of theirs is told in `unread`."""
        try:
            if self._analyzer is None:
                self._analyzer = analyzer(self._recognisers, self._language)
            found = self._analyzer.analyze(text, self._language)
        except Exception as error:  # noqa: BLE001 - code of the user's: whatever it raises, the text was not read
            unread.append(f"recognisers of the user: {type(error).__name__}: {error}")
            return
        for result in found:
            yield Hit(
                entity=result.entity_type,
                start=result.start,
                end=result.end,
                score=min(1.0, float(result.score)),
                layer=Layer.CHECKSUM if result.score >= 1.0 else Layer.PATTERN,
                witness=Witness.PATTERN,
                detail="recogniser of the user",
            )


def _light_engine(language: str) -> Any:
    nlp: Any = import_module("presidio_analyzer.nlp_engine")

    class Light(nlp.NlpEngine):  # type: ignore[misc]  # seen as untyped, installed or not
        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:
            tokens = [_Token(text=found[0], idx=found.start()) for found in _TOKEN.finditer(text)]
            places, lemmas = [token.idx for token in tokens], [token.lemma_ for token in tokens]
            return nlp.NlpArtifacts(
                entities=[], tokens=tokens, tokens_indices=places, lemmas=lemmas, nlp_engine=self, language=language
            )

        def process_batch(self, texts: Iterable[str], language: str, **_options: Any) -> Iterator[tuple[str, Any]]:
            for text in texts:
                yield text, self.process_text(text, language)

        def is_stopword(self, _word: str, _language: str) -> bool:
            return False

        def is_punct(self, word: str, _language: str) -> bool:
            return not any(ch.isalnum() for ch in word)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return [language]

    return Light()


def _bisecting() -> Any:
    enhancers: Any = import_module("presidio_analyzer.context_aware_enhancers")

    class Bisecting(enhancers.LemmaContextAwareEnhancer):  # type: ignore[misc]  # seen as untyped, installed or not
        @staticmethod
        def _find_index_of_match_token(_word: str, start: int, tokens: Sequence[Any], indices: Sequence[int]) -> int:
            """The token that holds a place, or the next one; Presidio counts from the first token for every hit."""
            at = max(0, bisect_right(indices, start) - 1)
            inside = bool(tokens) and start < indices[at] + len(tokens[at])
            return at if inside or at + 1 >= len(tokens) else at + 1

    return Bisecting()
