"""What a user brings: a model by name, recognisers of Presidio's kind. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model import Witness
from sluicegate.pii.engine import analyzer
from sluicegate.pii.hits import Layer
from sluicegate.pii.scan import Scanner


def _badges() -> Any:
    from presidio_analyzer import Pattern, PatternRecognizer

    pattern = Pattern(name="badge", regex=r"\bB\d{5}\b", score=0.1)
    return PatternRecognizer(supported_entity="BADGE", patterns=[pattern], context=["badge"])


def test_a_model_that_is_installed_is_one_more_layer_and_the_weakest(tmp_path: Path) -> None:
    """Its hits are opinions; what it covers is no longer listed as uncovered."""
    import spacy

    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ORG", "pattern": "Quarnley Works"}, {"label": "ORG", "pattern": "ann@quarn.test"}])
    nlp.to_disk(tmp_path / "model")

    scanner = Scanner(model=f"spacy:{tmp_path / 'model'}")
    hits = scanner.scan("Quarnley Works sent it to ann@quarn.test")

    assert [(hit.entity, hit.layer, hit.witness) for hit in hits] == [
        ("ORGANIZATION", Layer.MODEL, Witness.OPINION),
        ("EMAIL_ADDRESS", Layer.PATTERN, Witness.PATTERN),
    ]
    assert "ORGANIZATION" not in scanner.uncovered


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("spacy:no_such_model", "could not be loaded"),
        ("gliner:somewhere", "pip install gliner"),
        ("oracle:x", "names no model"),
        ("spacy", "names no model"),
    ],
)
def test_a_model_that_is_not_there_is_a_users_fault(name: str, said: str) -> None:
    """With what to do about it; never a download, never a traceback."""
    with pytest.raises(InputError, match=said):
        Scanner(model=name)


def test_a_users_recogniser_counts_its_context_words() -> None:
    """A weak pattern is told beside its word and stays silent without; lemmas are there though no model is."""
    scanner = Scanner(recognisers=[_badges()])
    found = {text: [hit.entity for hit in scanner.scan(text)] for text in ("His badge B12345 is lost", "It was B12345")}

    assert found == {"His badge B12345 is lost": ["BADGE"], "It was B12345": []}


def test_the_context_search_finds_the_token_that_presidios_own_finds() -> None:
    """Bisection instead of counting from the first token, the same answer."""
    from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

    engine = analyzer([_badges()])
    text = "a badge, (B12345) and   B54321;end"
    artifacts = engine.nlp_engine.process_text(text, "en")
    places = [place for place, ch in enumerate(text) if not ch.isspace()]
    ask = (artifacts.tokens, artifacts.tokens_indices)

    assert [engine.context_aware_enhancer._find_index_of_match_token("x", at, *ask) for at in places] == [
        LemmaContextAwareEnhancer._find_index_of_match_token("x", at, *ask) for at in places
    ]


def test_what_a_users_recogniser_raises_is_told_and_not_swallowed() -> None:
    """A text that was not read is not clean."""

    class Broken:
        def analyze(self, *_given: Any) -> Any:
            raise ValueError("broken inside")

    scanner = Scanner(recognisers=[_badges()])
    scanner._more[0]._analyzer = Broken()  # type: ignore[union-attr]

    assert "broken inside" in scanner.examine("anything").unread[0]
