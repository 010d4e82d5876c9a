"""Known values are found however they are written, and only they."""

from __future__ import annotations

import base64

import pytest

from sluicegate.model import Witness
from sluicegate.pii.hits import Layer
from sluicegate.pii.known import Known, KnownValues

_VALUES = KnownValues(
    [
        Known(value="Jürgen Weißmann", entity="PERSON"),
        Known(value="Ann", entity="PERSON"),
        Known(value="Bo Ek", entity="PERSON"),
        Known(value="+49 171 1234567", entity="PHONE_NUMBER"),
        Known(value="4111111111111111", entity="CREDIT_CARD", canary=True),
        Known(value="Hauptstraße 12, 10115 Berlin", entity="ADDRESS"),
        Known(value="1985-07-30", entity="DATE_OF_BIRTH"),
        Known(value="jane.doe@example.test", entity="EMAIL_ADDRESS"),
        Known(value="Иван Петров", entity="PERSON"),
    ]
)


def _told(text: str) -> set[tuple[str, str]]:
    return {(hit.entity, text[hit.start : hit.end]) for hit in _VALUES.hits(text)}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("JÜRGEN WEISSMANN", "PERSON"),
        ("Weißmann, Jürgen", "PERSON"),
        ("Ek, Bo", "PERSON"),
        ("juergen weissmann", "PERSON"),
        ("Jurgen Weissmann", "PERSON"),
        ("Jürgen\n Weißmann", "PERSON"),
        ("Ivan Petrov", "PERSON"),
        ("0171/1234567", "PHONE_NUMBER"),
        ("+49 (0)171 123 45 67", "PHONE_NUMBER"),
        ("0049-171-1234567", "PHONE_NUMBER"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
        ("4111.1111.1111.1111", "CREDIT_CARD"),
        ("4111 1111 **** ****", "CREDIT_CARD"),
        ("Hauptstr. 12\n10115 Berlin", "ADDRESS"),
        ("HAUPTSTRASSE 12", "ADDRESS"),
        ("30.7.1985", "DATE_OF_BIRTH"),
        ("July 30, 1985", "DATE_OF_BIRTH"),
        ("jane.d******@example.test", "EMAIL_ADDRESS"),
        ("tset.elpmaxe@eod.enaj", "EMAIL_ADDRESS"),
        ("jane.doe%40example.test", "EMAIL_ADDRESS"),
        (base64.b64encode(b"write to jane.doe@example.test").decode(), "EMAIL_ADDRESS"),
        (b"jane.doe@example.test".hex(), "EMAIL_ADDRESS"),
    ],
)
def test_a_known_value_is_found_in_every_way_of_writing_it(text: str, entity: str) -> None:
    """Case, accents, order, separators, masks that hide half, and encodings."""
    assert entity in {told for told, _ in _told(f"so: {text} and more")}


@pytest.mark.parametrize(
    "text",
    [
        "planning Annual reports",
        "Jürgen Weber",
        "0171/1234568",
        "4111 **** **** ****",
        "Hauptstraße 13, 10115 Berlin",
        "***",
    ],
)
def test_what_only_resembles_a_known_value_is_not_it(text: str) -> None:
    """Parts of words, other numbers, and masks that hide more than half."""
    assert _told(text) == set()


def test_hits_say_canary_or_known_value_and_stand_above_every_other_layer() -> None:
    """What is known confirms an incident; what is guessed does not."""
    hits = list(_VALUES.hits("Ann paid with 4111111111111111"))

    assert {(hit.entity, hit.witness, hit.layer) for hit in hits} == {
        ("PERSON", Witness.KNOWN_VALUE, Layer.KNOWN),
        ("CREDIT_CARD", Witness.CANARY, Layer.KNOWN),
    }


def test_another_search_can_take_the_place_of_the_decoders() -> None:
    """Whoever finds values in a text serves; the written forms are found without it."""

    class Nothing:
        def __init__(self, values: object) -> None:
            self.values = values

        def find(self, text: str) -> list[object]:
            return []

    known = KnownValues(["jane.doe@example.test"], Nothing)  # type: ignore[arg-type]

    assert [len(list(known.hits(text))) for text in ("jane.doe@example.test", "tset.elpmaxe@eod.enaj")] == [1, 0]
