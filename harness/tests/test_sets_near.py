"""Near-duplicates and containment: the same answer as comparing each with each, and in time that does not explode."""

from __future__ import annotations

import random
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.model import Case, Given, Mail, decode
from sluicegate.sets.near import held_in, near_duplicates
from sluicegate.sets.sameness import arrives, asked_key, asks, shingles, text_key

small_sets = st.lists(st.frozensets(st.integers(0, 40), min_size=4, max_size=25), max_size=25)
thresholds = st.sampled_from((0.5, 0.7, 0.8, 0.9, 1.0))


def as_shingles(sets: list[frozenset[int]]) -> list[array[int]]:
    return [array("I", sorted(item)) for item in sets]


@settings(max_examples=40, deadline=None)
@given(small_sets, thresholds)
def test_twins_are_those_of_comparing_each_with_each(sets: list[frozenset[int]], threshold: float) -> None:
    """A set is a twin when an earlier set, itself none, is at least as like as the threshold; no pair is missed."""
    expected, firsts = {}, []
    for number, item in enumerate(sets):
        likeness = {other: len(item & sets[other]) / len(item | sets[other]) for other in firsts}
        best = max(likeness.values(), default=0.0)
        if best >= threshold:
            expected[number] = best
        else:
            firsts.append(number)

    found = list(near_duplicates(as_shingles(sets), threshold))

    assert {twin.index: twin.likeness for twin in found} == expected
    assert all(twin.like < twin.index and twin.like not in expected for twin in found)


@settings(max_examples=40, deadline=None)
@given(small_sets, small_sets, thresholds)
def test_what_a_text_holds_is_found(sets: list[frozenset[int]], texts: list[frozenset[int]], threshold: float) -> None:
    """Each set of which a text has at least the share, and no other."""
    expected = {
        (position, number)
        for position, text in enumerate(texts)
        for number, item in enumerate(sets)
        if len(item & text) / len(item) >= threshold
    }

    found = {(position, number) for position, number, _ in held_in(as_shingles(sets), as_shingles(texts), threshold)}

    assert found == expected


def test_short_texts_are_equal_or_they_are_not() -> None:
    """Below four word pairs likeness says nothing."""
    assert list(near_duplicates([array("I", [1, 2]), array("I", [1, 2])], 0.9)) == []


def test_templates_stay_linear() -> None:
    """Fifteen hundred texts that share nine tenths of their words and are no twins: few of the pairs are compared."""
    rng = random.Random(4)
    common = list(range(90))
    sets = [array("I", sorted({*common, *(rng.randrange(10**6) + 1000 for _ in range(12))})) for _ in range(1500)]
    compared = 0

    class Counted(frozenset):  # type: ignore[type-arg]
        pass

    from sluicegate.sets import near

    plain = near._jaccard

    def counting(*args: object) -> float:
        nonlocal compared
        compared += 1
        return plain(*args)  # type: ignore[arg-type]

    near._jaccard = counting  # type: ignore[assignment]
    try:
        assert list(near_duplicates(sets, 0.9)) == []
    finally:
        near._jaccard = plain
    assert compared < 1500 * 40


def test_equal_is_equal_after_normalising() -> None:
    """Case, width and white space make no other question; a word does."""
    one, same, other = (
        asked_key(asks(decode(Case, {"id": "x", "input": text})))
        for text in ("Where is  my order?", "ＷＨＥＲＥ is\nmy ORDER?", "Where was my order?")
    )

    assert one == same != other


def test_what_arrives_of_a_mail_is_subject_and_body() -> None:
    """Neither message id nor headers, which no training row has."""
    case = Case(id="m", given=Given(mail=Mail(subject="Order 7", body="Where is it?", message_id="<1@x>")))

    assert arrives(case) == [["Order 7", "Where is it?"]]
    assert text_key("Order 7 where is it") == text_key("order 7: Where is it?")
    assert text_key("…") == 0


def test_of_a_long_text_a_sample_is_kept() -> None:
    """At most 512 numbers, the same for the same text; looked for in, it is kept whole."""
    words = " ".join(f"w{number}" for number in range(5000))

    assert len(shingles(words)) == 512
    assert shingles(words) == shingles(words)
    assert len(shingles(words, whole=True)) == 4999
