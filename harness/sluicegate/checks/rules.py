"""What a case says its output must, or must not, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from typing import Any, get_args, get_origin, get_type_hints

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
    """A path into an output. Raises InputError for one at which no output has anything."""
    path = parse_path(text, where=where)
    first = path.steps[0] if path.steps else ""
    if first not in _FIELDS:
        mend = nearest(str(first), _FIELDS) or f"It has {', '.join(_FIELDS)}."
        raise InputError(Fault(where=where, what=f"'{text}' does not begin with a field of the output.", mend=mend))
    if (fault := _dead_end(path, where)) is not None:
        raise InputError(fault)
    return path


def _dead_end(path: Path, where: str) -> Fault | None:
    """Why nothing can ever stand at a path, as far as the output's own words go; a JSON value may hold anything."""
    kind: Any = Output
    for at, step in enumerate(path.steps):
        if isinstance(kind, type) and is_dataclass(kind):
            names = _hints(kind)
            if step not in names:
                mend = nearest(str(step), names) or f"It has {', '.join(names)}."
                what = f"'{path.text}': there is no '{step}' in {_reached(path, at)}."
                return Fault(where=where, what=what, mend=mend)
            kind = names[str(step)]
        elif get_origin(kind) is tuple:
            if isinstance(step, str) and not step.isdecimal():
                mend = f"Write {_reached(path, at)}[0].{step}, or the number that is meant."
                return Fault(where=where, what=f"'{path.text}': {_reached(path, at)} is a list.", mend=mend)
            kind = get_args(kind)[0]
        elif kind in (str, int, float) or (isinstance(kind, type) and issubclass(kind, Enum)):
            what = f"'{path.text}': nothing stands below {_reached(path, at)}, which is one value."
            return Fault(where=where, what=what, mend=f"Write {_reached(path, at)}.")
        else:
            return None
    return None


def _reached(path: Path, count: int) -> str:
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path.steps[:count])
    return said.removeprefix(".")


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    """The fields of one of our dataclasses with their types; `X | None` is X."""
    return {name: _whole_type(hint) for name, hint in get_type_hints(kind).items()}


def _whole_type(hint: Any) -> Any:
    rest = [kind for kind in get_args(hint) if kind is not type(None)]
    return rest[0] if type(None) in get_args(hint) and len(rest) == 1 else hint


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
