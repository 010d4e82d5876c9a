"""Frozen values: what `dataclasses` makes of a class, at a tenth of the cost of making it."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.frozen import frozen

_FIELDS = st.tuples(st.integers(), st.text(), st.lists(st.integers(), max_size=3))


@frozen
class Ours:
    """As the package writes its words."""

    number: int
    text: str = "none"
    many: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The same, by the standard library."""

    number: int
    text: str = "none"
    many: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@given(_FIELDS, _FIELDS)
def test_two_values_are_alike_as_dataclasses_are(one: tuple, other: tuple) -> None:
    """Equality, words and contents of any two values are those of the standard library's."""
    said = [dict(zip(("number", "text", "many"), values, strict=True)) for values in (one, other)]
    ours, theirs = [Ours(**each) for each in said], [Theirs(**each) for each in said]

    assert (ours[0] == ours[1]) is (theirs[0] == theirs[1])
    assert [repr(each).replace("Ours", "Theirs") for each in ours] == [repr(each) for each in theirs]
    assert [asdict(each) for each in ours] == [asdict(each) for each in theirs]


def test_a_value_is_frozen_and_holds_its_fields_only() -> None:
    """Nothing is set, deleted or added; defaults are made anew; a copy and a pickle are the same value."""
    one = Ours(number=1)

    for spoil in (lambda: setattr(one, "number", 2), lambda: setattr(one, "new", 2), lambda: delattr(one, "text")):
        with pytest.raises(FrozenInstanceError):
            spoil()
    assert not hasattr(one, "__dict__")
    assert one.many is not Ours(number=1).many
    assert one == replace(one, aside="other") == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))
    assert replace(one, number=2) != one
    assert one != Theirs(number=1)
    assert [item.name for item in fields(one)] == ["number", "text", "many", "aside"]


def test_hash_leaves_out_what_equality_does() -> None:
    """Values that are equal hash alike; one that holds a list cannot be hashed."""
    assert hash(Ours(number=1, many=(), aside="a")) == hash(Ours(number=1, many=(), aside="b"))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(number=1))


@pytest.mark.parametrize("wrong", [{}, {"number": 1, "other": 2}])
def test_wrong_arguments_are_told_as_always(wrong: dict[str, int]) -> None:
    """Before the first instance and after it: `__init__` is compiled when it is first needed, and nobody sees it."""

    @frozen
    class Fresh:
        """One of its own for each case."""

        number: int

    for kind in (Fresh, Ours):
        with pytest.raises(TypeError, match=rf"{kind.__qualname__}.__init__\(\)"):
            kind(**wrong)
    assert str(inspect.signature(Fresh)) == "(*, number: 'int') -> None"


def test_a_class_may_check_itself_and_be_inherited_from() -> None:
    """`__post_init__` runs, methods of the class win, and a frozen dataclass may add fields."""

    @frozen
    class Even:
        """Refuses odd numbers."""

        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError(self.number)

        def __repr__(self) -> str:
            return "even"

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named(Ours):
        """One more field."""

        name: str = "n"

    with pytest.raises(ValueError, match="3"):
        Even(number=3)
    assert repr(Even(number=2)) == "even"
    assert Named(number=1) == Named(number=1, text="none", name="n") != Ours(number=1)
