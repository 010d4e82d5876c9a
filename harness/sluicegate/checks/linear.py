"""Searching a regular expression in time linear in the text, whatever the expression.

A backtracking engine can need exponential time on a text that its author did not foresee, and the texts here come from
models under attack. This one follows all alternatives at once (Thompson 1968), remembering the sets it met as states.
It answers only whether there is a match. Look-around, back references, possessive repeats and atomic groups are no
regular language and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["LinearPattern", "NotRegular"]

_MAX_NODES = 4_000
_MAX_STATES = 2_000
_Test = Callable[[str], bool]
_NONE, _NEWLINE, _WORD, _OTHER, _LAST_NEWLINE = range(5)
"""Kinds of character beside a position; the last only after it: a newline that ends the text."""


class NotRegular(Exception):  # noqa: N818 - a property of the expression, not an error of the caller
    """The expression uses what a finite automaton cannot do, or is too large for one."""


class LinearPattern:
    """A compiled expression as an automaton whose states are made as they are met."""

    def __init__(self, tree: Any, flags: int) -> None:
        self._tests: list[_Test | None] = []
        self._out: list[tuple[int, ...]] = []
        self._guard: list[str | None] = []
        end = self._node()
        self._end = end
        self._start = _Builder(self._node, self._wire).sequence(tree, flags, end)
        self._asserts = any(self._guard)
        self._forget()

    def search(self, text: str) -> bool:
        """Whether the expression matches anywhere in `text`."""
        core, kinds, last = frozenset({self._start}), self._kind, len(text) - 1
        before = _NONE
        for index, ch in enumerate(text):
            kind = kinds(ch) if self._asserts else _OTHER
            context = (before, _LAST_NEWLINE if kind == _NEWLINE and index == last else kind)
            closed = self._close(core, context)
            if closed is None:
                return True
            core = self._step(closed, ch)
            before = kind
        return self._close(core, (before, _NONE)) is None

    def _node(self) -> int:
        if len(self._out) >= _MAX_NODES:
            raise NotRegular("its counted repeats unfold to more than 4000 places")
        self._tests.append(None)
        self._guard.append(None)
        self._out.append(())
        return len(self._out) - 1

    def _wire(self, node: int, out: tuple[int, ...], test: _Test | None = None, guard: str | None = None) -> None:
        self._out[node], self._tests[node], self._guard[node] = out, test, guard

    def _forget(self) -> None:
        self._closures: dict[tuple[frozenset[int], tuple[int, int]], frozenset[int] | None] = {}
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._kinds: dict[str, int] = {}

    def _kind(self, ch: str) -> int:
        kind = self._kinds.get(ch)
        if kind is None:
            kind = _NEWLINE if ch == "\n" else _WORD if ch == "_" or ch.isalnum() else _OTHER
            self._kinds[ch] = kind
        return kind

    def _close(self, core: frozenset[int], context: tuple[int, int]) -> frozenset[int] | None:
        """The consuming places reachable from `core` without a character, or None when the end is among them."""
        key = (core, context if self._asserts else (_OTHER, _OTHER))
        if key in self._closures:
            return self._closures[key]
        seen, stack, consuming = set(core), list(core), set()
        while stack:
            node = stack.pop()
            guard = self._guard[node]
            if guard is not None and not _ASSERTIONS[guard](*context):
                continue
            if self._tests[node] is not None:
                consuming.add(node)
                continue
            fresh = [after for after in self._out[node] if after not in seen]
            seen.update(fresh)
            stack += fresh
        result = None if self._end in seen else frozenset(consuming)
        if len(self._closures) > _MAX_STATES:
            self._forget()
        self._closures[key] = result
        return result

    def _step(self, closed: frozenset[int], ch: str) -> frozenset[int]:
        key = (closed, ch)
        core = self._steps.get(key)
        if core is None:
            # The start is always added: a match may begin at any character.
            core = frozenset(self._out[node][0] for node in closed if self._passes(node, ch)) | {self._start}
            if len(self._steps) > 20 * _MAX_STATES:
                self._forget()
            self._steps[key] = core
        return core

    def _passes(self, node: int, ch: str) -> bool:
        test = self._tests[node]
        return test is not None and test(ch)


class _Builder:
    """From the standard library's parse tree to places and arrows, back to front."""

    def __init__(self, node: Callable[[], int], wire: Callable[..., None]) -> None:
        self._node = node
        self._wire = wire

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int, after: int) -> int:
        """The place at which `tree` begins, when what follows begins at `after`."""
        for op, argument in reversed(list(tree)):
            after = self._one(str(op), argument, flags, after)
        return after

    def _one(self, op: str, argument: Any, flags: int, after: int) -> int:
        if op in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = argument
            return self._repeat(int(low), int(high), inner, flags, after)
        if op == "SUBPATTERN":
            _group, add, remove, inner = argument
            return self.sequence(inner, (flags | add) & ~remove, after)
        if op == "BRANCH":
            return self._fork(*(self.sequence(branch, flags, after) for branch in argument[1]))
        node = self._node()
        if op == "AT":
            self._wire(node, (after,), guard=_assertion(str(argument), flags))
            return node
        self._wire(node, (after,), test=_character_test(op, argument, flags))
        return node

    def _fork(self, *ways: int) -> int:
        node = self._node()
        self._wire(node, ways)
        return node

    def _repeat(self, low: int, high: int, inner: Any, flags: int, after: int) -> int:
        if high >= 2**31:
            loop = self._node()
            self._wire(loop, (self.sequence(inner, flags, loop), after))
            after = loop
        else:
            end = after
            for _ in range(high - low):
                after = self._fork(self.sequence(inner, flags, after), end)
        for _ in range(low):
            after = self.sequence(inner, flags, after)
        return after


def _assertion(at: str, flags: int) -> str:
    if at == "AT_BEGINNING" and flags & re.MULTILINE:
        return "AT_BEGINNING_LINE"
    if at == "AT_END" and flags & re.MULTILINE:
        return "AT_END_LINE"
    if "BOUNDARY" in at and flags & re.ASCII:
        raise NotRegular("it asks for ASCII word boundaries")
    return at


_ASSERTIONS: dict[str, Callable[[int, int], bool]] = {
    "AT_BEGINNING": lambda before, _after: before == _NONE,
    "AT_BEGINNING_STRING": lambda before, _after: before == _NONE,
    "AT_BEGINNING_LINE": lambda before, _after: before in (_NONE, _NEWLINE),
    "AT_END": lambda _before, after: after in (_NONE, _LAST_NEWLINE),
    "AT_END_LINE": lambda _before, after: after in (_NONE, _NEWLINE, _LAST_NEWLINE),
    "AT_END_STRING": lambda _before, after: after == _NONE,
    "AT_BOUNDARY": lambda before, after: (before == _WORD) != (after == _WORD),
    # The standard library finds no \\B in an empty text.
    "AT_NON_BOUNDARY": lambda before, after: (
        (before == _WORD) == (after == _WORD) and (before, after) != (_NONE, _NONE)
    ),
}


def _character_test(op: str, argument: Any, flags: int) -> _Test:
    if op == "ANY":
        return (lambda _ch: True) if flags & re.DOTALL else (lambda ch: ch != "\n")
    if op == "LITERAL":
        return _folding(chr(argument).__eq__, flags)
    if op == "NOT_LITERAL":
        same = _folding(chr(argument).__eq__, flags)
        return lambda ch: not same(ch)
    if op == "IN":
        return _set_test(argument, flags)
    raise NotRegular(f"it uses {op.lower().replace('_', ' ')}")


def _set_test(items: list[tuple[Any, Any]], flags: int) -> _Test:
    negated = str(items[0][0]) == "NEGATE"
    tests = [_item_test(str(op), argument, flags) for op, argument in items if str(op) != "NEGATE"]
    holds = _folding(lambda ch: any(test(ch) for test in tests), flags)
    return (lambda ch: not holds(ch)) if negated else holds


def _item_test(op: str, argument: Any, flags: int) -> _Test:
    if op == "LITERAL":
        return chr(argument).__eq__
    if op == "RANGE":
        low, high = argument
        return lambda ch: low <= ord(ch) <= high
    # The category's own class, asked of the standard library: \d, \w, \s and their opposites.
    name = str(argument).removeprefix("CATEGORY_")
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.removeprefix("NOT_")]
    fits = re.compile(f"\\{letter.upper() if name.startswith('NOT_') else letter}", flags & re.ASCII).match
    return lambda ch: fits(ch) is not None


def _folding(test: _Test, flags: int) -> _Test:
    if not flags & re.IGNORECASE:
        return test
    return lambda ch: any(test(form) for form in {ch, ch.lower(), ch.upper(), ch.casefold()} if len(form) == 1)
