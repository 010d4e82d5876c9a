"""What a case says its output must, or must not, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sluicegate.checks.check import Problem
from sluicegate.checks.difference import difference, json_equal, shown
from sluicegate.checks.pattern import TooLong, compile_pattern
from sluicegate.checks.values import seen
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Output, Rule, canonical
from sluicegate.model.paths import MISSING, Path, parse_path

__all__ = ["output_path", "rule_faults", "rule_holds", "rule_problems"]

_FIELDS = tuple(Output.__dataclass_fields__)


@lru_cache(maxsize=1024)
def output_path(text: str, *, where: str = "") -> Path:
    """A path into an output. Raises InputError when it does not begin with a field an output has."""
    path = parse_path(text, where=where)
    first = path.steps[0] if path.steps else ""
    if first not in _FIELDS:
        mend = nearest(str(first), _FIELDS) or f"It has {', '.join(_FIELDS)}."
        raise InputError(Fault(where=where, what=f"'{text}' does not begin with a field of the output.", mend=mend))
    return path


def rule_faults(rule: Rule, where: str) -> list[Fault]:
    """What makes a rule unusable: its path, its pattern, or more than one operator."""
    faults: list[Fault] = []
    try:
        output_path(rule.field)
    except InputError as error:
        faults += [replace(fault, where=where) for fault in error.faults]
    try:
        if rule.matches is not None:
            # Without `where`, so that a pattern which stands in every case is compiled once.
            compile_pattern(rule.matches)
    except InputError as error:
        faults += [replace(fault, where=where) for fault in error.faults]
    given = [name for name in ("contains", "equals", "matches") if getattr(rule, name) is not None]
    if len(given) > 1:
        what = f"the rule on '{rule.field}' has {' and '.join(given)}."
        faults.append(Fault(where=where, what=what, mend="Keep one of contains, equals, matches."))
    return faults


def rule_problems(rule: Rule, output: Output, *, forbidden: bool = False) -> Iterator[Problem]:
    """Nothing, or the one problem that the rule (of `must`, or with `forbidden` of `must_not`) is not kept.

    What cannot be read (a text too long to search, `contains` of an object) keeps neither.
    """
    holds = _holds(rule, output)
    if isinstance(holds, str):
        yield Problem(place=_place(rule), expected=f"cannot be judged: {holds}", seen="", mend="")
    elif holds is forbidden:
        value = output_path(rule.field).get(output)
        word = "must not" if forbidden else "must"
        yield Problem(place=_place(rule), expected=f"{word} {_said(rule)}", seen=_seen(rule, value))


def rule_holds(rule: Rule, output: Output) -> bool | None:
    """Whether the output says what the rule asks; None when that cannot be judged."""
    holds = _holds(rule, output)
    return None if isinstance(holds, str) else holds


def _holds(rule: Rule, output: Output) -> bool | str:
    """Whether the rule holds, or why nobody can say. Where nothing stands at the path, nothing holds."""
    value = output_path(rule.field).get(output)
    if value is MISSING:
        return False
    if rule.matches is not None:
        text = _text(value)
        try:
            return text is not None and compile_pattern(rule.matches).search(text)
        except TooLong as too_long:
            return str(too_long)
    if rule.contains is not None:
        return _contains(value, rule.contains)
    return json_equal(value, rule.equals)


def _contains(value: Any, part: str) -> bool | str:
    if isinstance(value, str):
        return part in value
    if isinstance(value, (list, tuple)):
        return any(part in item for item in value if isinstance(item, str))
    if isinstance(value, Mapping):
        return "`contains` reads a text or a list, and this is an object"
    text = _text(value)
    return text is not None and part in text


def _text(value: Any) -> str | None:
    """The text of a scalar as JSON writes it; None for null, lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return canonical(value).decode()
    return None


def _said(rule: Rule) -> str:
    if rule.matches is not None:
        return f"match {rule.matches}"
    if rule.contains is not None:
        return f"contain '{rule.contains}'"
    return f"equal {_whole(rule.equals) or seen(rule.equals)}"


def _seen(rule: Rule, value: Any) -> str:
    """What is there: a list or object whole where it is short, else the first place where it differs."""
    if value is MISSING:
        return "nothing is there"
    where = difference(value, rule.equals) if rule.equals is not None else ""
    return _whole(value) or (f"{seen(value)}; {where}" if where else seen(value))


def _whole(value: Any) -> str | None:
    return shown(value) if isinstance(value, (list, tuple, Mapping)) else None


def _place(rule: Rule) -> str:
    return f"$.{rule.field.strip().removeprefix('$').removeprefix('.')}"
