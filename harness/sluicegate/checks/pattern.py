"""Regular expressions of users, searched in texts of models, within bounded time.

The standard library's engine is used while the worst it can do is small; otherwise the automaton of `linear`. What
neither can do safely (look-around or back references inside nested repeats) is refused with the mend.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sluicegate.checks.linear import LinearPattern, NotRegular
from sluicegate.checks.needed import needed_words
from sluicegate.errors import Fault, InputError

__all__ = ["MAX_TEXT", "Pattern", "TooLong", "compile_pattern", "ecma"]

MAX_TEXT = 1_000_000
"""Characters a pattern reads; a longer text is a violation, not a pass."""
_QUICK_STEPS = 10_000_000
"""Steps of backtracking, at worst, that are still cheaper than building the automaton: some hundredths of a second."""
_PATIENT_STEPS = 200_000_000
"""The same where there is no automaton: a second or two."""
_WIDE = 16
"""A repeat that may run more often than this counts as unbounded."""

_MAX_WAYS = 100_000
_TOO_MANY = 1e18


class TooLong(Exception):  # noqa: N818 - a property of the text
    """The text is longer than the pattern can be searched in within bounded time."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} characters, at most {limit} can be searched")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern with what it may cost."""

    source: str
    quick: re.Pattern[str]
    automaton: LinearPattern | None
    quick_limit: int
    """Longest text the backtracking engine is given when there is an automaton."""
    limit: int
    """Longest text that is searched at all."""
    needed: tuple[str, ...] = ()
    """Words one of which stands wherever the pattern occurs."""
    folds: bool = False
    """It ignores case, and so does the search for the needed words."""

    def search(self, text: str) -> bool:
        """Whether the pattern occurs in `text`. Raises TooLong."""
        length = len(text)
        if length > self.limit:
            raise TooLong(length, self.limit)
        if self.needed and self._lacks(text):
            return False
        if length <= self.quick_limit or self.automaton is None:
            return self.quick.search(text) is not None
        return self.automaton.search(text)

    def _lacks(self, text: str) -> bool:
        """Whether none of the needed words is there."""
        if self.folds:
            if not text.isascii():
                return False
            text = text.lower()
        for word in self.needed:  # noqa: SIM110 - a loop, because this runs for every text of every answer
            if word in text:
                return False
        return True


@lru_cache(maxsize=1024)
def compile_pattern(source: str, *, where: str = "pattern") -> Pattern:
    """A pattern ready to search. Raises InputError for one that is broken or could take for ever."""
    from re import _parser  # type: ignore[attr-defined]  # the library's own tree; a second parser would disagree

    try:
        quick = re.compile(source)
        tree = _parser.parse(source)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(
            Fault(where=where, what=f"the pattern {source!r} is broken: {error}.", mend="Escape it, or use `contains`.")
        ) from None
    cost = _cost(tree)
    first = str(tree[0][1]) if tree else ""
    anchored = first == "AT_BEGINNING_STRING" or (first == "AT_BEGINNING" and not quick.flags & re.MULTILINE)
    automaton, why = _automaton(tree, quick.flags)
    if automaton is None and cost.endless:
        raise InputError(
            Fault(
                where=where,
                what=f"the pattern {source!r} nests unbounded repeats and {why}; it could take for ever.",
                mend="Make the inner repeat possessive (`\\w++`), or write it without look-around and references.",
            )
        )
    return Pattern(
        source=source,
        quick=quick,
        automaton=automaton,
        quick_limit=_reach(_QUICK_STEPS, cost, anchored=anchored),
        limit=MAX_TEXT if automaton is not None else _reach(_PATIENT_STEPS, cost, anchored=anchored),
        needed=needed_words(tree, quick.flags),
        folds=bool(quick.flags & re.IGNORECASE),
    )


def ecma(source: str) -> str:
    """A JSON Schema pattern as Python reads it: `$` is the end itself, not also before a last newline."""
    parts: list[str] = []
    in_class = False
    index = 0
    while index < len(source):
        ch = source[index]
        if ch == "\\":
            parts.append(source[index : index + 2])
            index += 2
            continue
        if ch == "[":
            in_class = True
        elif ch == "]":
            in_class = False
        parts.append(r"\Z" if ch == "$" and not in_class else ch)
        index += 1
    return "".join(parts)


def _automaton(tree: Any, flags: int) -> tuple[LinearPattern | None, str]:
    try:
        return LinearPattern(tree, flags), ""
    except (NotRegular, RecursionError) as reason:
        return None, str(reason)


def _reach(steps: int, cost: _Cost, *, anchored: bool) -> int:
    """The longest text that costs at most `steps`: ways times length to the power of degree, times the starts tried."""
    if cost.endless:
        return 0
    power = max(cost.degree if anchored else cost.degree + 1, 1)
    return min(MAX_TEXT, int((steps / cost.ways) ** (1 / power)))


class _Cost(NamedTuple):
    """The worst that backtracking can do with one part of an expression."""

    degree: float = 0
    """Time as a power of the text's length; infinite where an open repeat stands inside an unbounded one."""
    held: float = 0
    """How often what follows may be tried again, as a power of the length; 0 for what never gives back."""
    ways: float = 1
    """How many ways the bounded choices can be made."""

    @property
    def endless(self) -> bool:
        """The number of ways doubles with each character, or is as good as that."""
        return math.isinf(self.degree) or self.ways > _MAX_WAYS


def _cost(tree: Any) -> _Cost:
    degree, held, ways = 0.0, 0.0, 1.0
    for op, argument in tree:
        part = _cost_of(str(op), argument)
        degree = max(degree, held + part.degree)
        held += part.held
        ways = min(ways * part.ways, _TOO_MANY)
    return _Cost(degree, held, ways)


def _cost_of(op: str, argument: Any) -> _Cost:
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = argument
        cost = _repeat_cost(int(low), int(high), _cost(inner))
        return cost._replace(held=0) if op == "POSSESSIVE_REPEAT" else cost
    if op == "BRANCH":
        return _either([_cost(branch) for branch in argument[1]])
    if op == "SUBPATTERN":
        return _cost(argument[3])
    if op in ("ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
        # What is inside is tried once per arrival and never again.
        return _cost(argument if op == "ATOMIC_GROUP" else argument[1])._replace(held=0)
    if op == "GROUPREF_EXISTS":
        return _either([_cost(branch) for branch in argument[1:] if branch is not None])
    return _Cost()


def _either(parts: list[_Cost]) -> _Cost:
    return _Cost(
        max(part.degree for part in parts),
        max(part.held for part in parts),
        min(sum(part.ways for part in parts), _TOO_MANY),
    )


def _repeat_cost(low: int, high: int, body: _Cost) -> _Cost:
    if high > _WIDE and low != high:
        # More than one way through the body, or a repeat in it that gives back: the ways multiply with every turn.
        degree = math.inf if body.held or body.ways > 1 else body.degree + 1
        return _Cost(degree, max(degree, 1))
    ways = (high - low + 1) * (_TOO_MANY if body.ways > 1 and high > _WIDE else body.ways ** max(high, 1))
    turns = max(high, 1)
    return _Cost((turns - 1) * body.held + body.degree, turns * body.held, min(ways, _TOO_MANY))
