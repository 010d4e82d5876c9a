"""Runs of digits: what stands together as one number, and the groups it falls into."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import pairwise

from sluicegate.frozen import frozen

__all__ = ["LONGEST", "Run", "Window", "runs", "taken_apart", "windows"]

LONGEST = 8
"""Groups of one number, at most."""

_RUN = re.compile(r"[0-9]+(?:[ \t\u00a0\u2007\u2009\u202f.\-\u2010-\u2013/()]{1,3}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_PLAIN = frozenset((" ", "-", ".", "/"))
_ONE = str.maketrans(dict.fromkeys("\t\u00a0\u2007\u2009\u202f", " ") | dict.fromkeys("\u2010\u2011\u2012\u2013", "-"))


@frozen
class Run:
    """Digits with at most three separators between: `text[start:end]`."""

    start: int
    end: int
    groups: tuple[tuple[int, int], ...]
    """Where each group of digits begins and ends in the text."""
    between: tuple[str, ...]
    """The separators after each group but the last; spaces and hyphens of any kind are written as one kind."""


@frozen
class Window:
    """Neighbouring groups that may be one number."""

    start: int
    end: int
    digits: str
    shape: str
    """Lengths of the groups with the separators between, e.g. 3-2-4."""
    lengths: tuple[int, ...]


def runs(text: str, shortest: int = 2) -> Iterator[tuple[int, int]]:
    """Start and end of every run of `shortest` characters or more."""
    for found in _RUN.finditer(text):
        start, end = found.span()
        if end - start >= shortest:
            yield start, end


def taken_apart(text: str, start: int, end: int) -> Run:
    """The groups of one run."""
    if text[start:end].isdigit():
        return Run(start=start, end=end, groups=((start, end),), between=())
    groups = tuple([found.span() for found in _GROUP.finditer(text, start, end)])
    between = tuple(
        [sep if (sep := text[one[1] : two[0]]) in _PLAIN else sep.translate(_ONE) for one, two in pairwise(groups)]
    )
    return Run(start=start, end=end, groups=groups, between=between)


def windows(text: str, run: Run, shapes: Container[str]) -> Iterator[Window]:
    """Sequences of up to eight groups that stand apart from the rest of their run: spaces or more around them.

    Groups of one window have a single separator between, so that two numbers side by side are not read as one. Told
    are those of one of the shapes, those of 12 to 19 digits, and four groups between full stops.
    """
    count = len(run.groups)
    if count == 1:
        size = run.end - run.start
        if 12 <= size <= 19 or str(size) in shapes:
            digits = text[run.start : run.end]
            yield Window(start=run.start, end=run.end, digits=digits, shape=str(size), lengths=(size,))
        return
    for first in range(count):
        if first and run.between[first - 1] in _GLUE:
            continue
        shape, digits, lengths = "", "", []
        for last in range(first, min(first + LONGEST, count)):
            one, two = run.groups[last]
            if two - one > 34:
                break
            shape += str(two - one)
            digits += text[one:two]
            lengths.append(two - one)
            apart = last + 1 == count or run.between[last] not in _GLUE
            if apart and (12 <= len(digits) <= 19 or shape in shapes or shape.count(".") == 3):
                start = run.groups[first][0]
                yield Window(start=start, end=two, digits=digits, shape=shape, lengths=tuple(lengths))
            if last + 1 < count:
                if len(run.between[last]) > 1:
                    break
                shape += run.between[last]


_GLUE = ("-", ".", "/")
