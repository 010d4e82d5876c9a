"""Texts that may be taken for each other have one skeleton, and no others have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.text.lookalike import CONFUSABLE, alike, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "раypal"),
        ("mike", "mi\u212ae"),
        ("allowed", "all\u200bowed"),
        ("modern", "modem"),
        ("Alice", "A1ice"),
        ("bcc", "bсc"),
        ("bcc", "ｂｃｃ"),
        ("allowed", "alIowed"),
        ("acme", "açme"),
        ("wine", "vvine"),
        ("bcc", "BCC"),
    ],
)
def test_like_texts_are_alike(one: str, other: str) -> None:
    """Other scripts, widths, cases, accents, invisible characters, and pairs drawn like one letter."""
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("acme", "acne"), ("to", "too"), ("order_id", "orderid"), ("x", "x"), ("", "\u200b")]
)
def test_others_are_not(one: str, other: str) -> None:
    """A text is no look-alike of itself, nor of one that reads otherwise."""
    assert not alike(one, other)


@given(st.text(st.characters(), max_size=100))
def test_nothing_raises_and_a_skeleton_is_its_own(text: str) -> None:
    """A plain skeleton folds to nothing else; confusables are single characters."""
    assert isinstance(skeleton(text), str)
    assert all(len(given) == 1 for given in CONFUSABLE)
