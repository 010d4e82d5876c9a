"""Recognisers of names that a user has installed: spaCy, transformers, GLiNER. Nothing is ever downloaded.

A model is named as `spacy:NAME`, `transformers:FOLDER` or `gliner:FOLDER`. What it says is an opinion: it never stands
against a layer that knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.model.finding import Witness
from sluicegate.pii.hits import Hit, Layer

__all__ = ["KINDS", "Model"]

_Spans = Callable[[str], Iterable[tuple[str, int, int, float]]]

_ENTITIES = {
    "PER": "PERSON",
    "PERSON": "PERSON",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "LOCATION": "LOCATION",
    "FAC": "LOCATION",
    "ADDRESS": "ADDRESS",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "NORP": "NRP",
}
"""What models call things, and what they are called here; anything else is not told."""


class Model:
    """A named model as one more layer."""

    def __init__(self, name: str) -> None:
        """Loads the model. Raises InputError when its kind is unknown, its package missing, or it is not installed."""
        kind, _, what = name.partition(":")
        if kind not in KINDS or not what:
            known = ", ".join(f"{kind}:NAME" for kind in KINDS)
            raise InputError(
                [Fault(where="pii.model", what=f"{name!r} names no model.", mend=f"Write one of: {known}.")]
            )
        if find_spec(kind) is None:
            missing = f"The model {name} needs {kind}, which is not installed."
            raise InputError([Fault(where="pii.model", what=missing, mend=f"Run: pip install {kind}")])
        self.name = name
        try:
            self._spans = KINDS[kind](what)
        except Exception as error:  # whatever a library says of a model that is not there
            said = f"{name} could not be loaded: {error}"
            raise InputError(
                [Fault(where="pii.model", what=said, mend="Install the model; none is downloaded.")]
            ) from error

    def hits(self, text: str, unread: list[str]) -> Iterator[Hit]:
        """What the model says of a text; an exception of its own is told in `unread`."""
        try:
            found = list(self._spans(text))
        except Exception as error:  # noqa: BLE001 - code of a library: whatever it raises, the text was not read
            unread.append(f"{self.name}: {type(error).__name__}: {error}")
            return
        for label, start, end, score in found:
            entity = _ENTITIES.get(label.upper().removeprefix("B-").removeprefix("I-"))
            if entity is not None and 0 <= start < end <= len(text):
                yield Hit(
                    entity=entity,
                    start=start,
                    end=end,
                    score=score,
                    layer=Layer.MODEL,
                    witness=Witness.OPINION,
                    detail=self.name,
                )


def _spacy(name: str) -> _Spans:
    import spacy

    nlp: Any = spacy.load(name)
    return lambda text: [(found.label_, found.start_char, found.end_char, 0.6) for found in nlp(text).ents]


def _transformers(folder: str) -> _Spans:
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    model: Any = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tag: Any = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple")
    return lambda text: [
        (found["entity_group"], int(found["start"]), int(found["end"]), float(found["score"])) for found in tag(text)
    ]


def _gliner(folder: str) -> _Spans:
    from gliner import GLiNER

    model: Any = GLiNER.from_pretrained(folder, local_files_only=True)
    labels = ["person", "address", "location", "organization"]
    return lambda text: [
        (found["label"], int(found["start"]), int(found["end"]), float(found["score"]))
        for found in model.predict_entities(text, labels)
    ]


KINDS: dict[str, Callable[[str], _Spans]] = {"spacy": _spacy, "transformers": _transformers, "gliner": _gliner}
"""How models of each kind are loaded."""
