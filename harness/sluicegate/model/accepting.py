"""JSON that has nothing wrong with it, read at a fifth of what finding faults costs.

Nearly everything that is read was written by this package and is as it should be. Here nobody keeps paths or names a
fault: at the first doubt the whole value is left to the reader that does.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from sluicegate.model.often import twin_of

__all__ = ["ACCEPTORS", "DOUBTS"]

_Acceptor = Callable[[Any], Any]

DOUBTS = (KeyError, TypeError)
"""What an acceptor raises for a value that may be wrong; it accepts nothing that `decode` would not, or not as that."""


class _Acceptors(dict[Any, _Acceptor]):
    """The reader of sound values of each type, made at its first value. For any other value it raises a doubt."""

    def __missing__(self, kind: Any) -> _Acceptor:
        accept = self[kind] = _made(kind)
        return accept


ACCEPTORS = _Acceptors()


def _made(kind: Any) -> _Acceptor:
    if is_dataclass(kind) and isinstance(kind, type):
        return _of_dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {item.value: item for item in kind if isinstance(item.value, str)}.__getitem__
    if kind is float:
        return _number
    if kind in (str, int, bool):
        return _of_scalar(kind)
    return _of_generic(get_origin(kind), get_args(kind))


def _of_generic(origin: Any, of: tuple[Any, ...]) -> _Acceptor:
    if origin in (Union, types.UnionType):
        rest = [kind for kind in of if kind is not type(None)]
        if len(rest) == 1 < len(of):
            return _of_optional(ACCEPTORS[rest[0]])
        if all(is_dataclass(kind) for kind in of):
            return _doubted
    if origin in (tuple, Sequence):
        return _of_tuple(ACCEPTORS[of[0]])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _of_mapping(ACCEPTORS[of[1]])
    return _anything


def _anything(value: Any) -> Any:
    return value


def _doubted(value: Any) -> Any:
    raise TypeError


def _number(value: Any) -> float:
    if type(value) is float and isfinite(value):
        return value
    if type(value) is int:
        return float(value)
    raise TypeError


def _of_scalar(kind: Any) -> _Acceptor:
    def accept(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise TypeError

    return accept


def _of_optional(inner: _Acceptor) -> _Acceptor:
    return lambda value: None if value is None else inner(value)


def _of_tuple(inner: _Acceptor) -> _Acceptor:
    def accept(value: Any) -> tuple[Any, ...]:
        if type(value) is list:
            return tuple([inner(item) for item in value])
        raise TypeError

    return accept


def _of_mapping(inner: _Acceptor) -> _Acceptor:
    def accept(value: Any) -> dict[str, Any]:
        if type(value) is dict and all(type(key) is str for key in value):
            return {key: inner(item) for key, item in value.items()}
        raise TypeError

    return accept


def _of_dataclass(kind: Any) -> _Acceptor:
    if (twin := twin_of(kind)) is not None:
        return _of_one_made_often(kind, twin)
    hints = get_type_hints(kind)
    inner: dict[str, _Acceptor] = {}

    def accept(value: Any) -> Any:
        if not inner:  # not before: a type may hold itself
            inner.update({item.name: ACCEPTORS[hints[item.name]] for item in fields(kind)})
        if type(value) is not dict:
            raise TypeError
        return kind(**{key: inner[key](item) for key, item in value.items()})

    return accept


def _of_one_made_often(kind: Any, twin: type) -> _Acceptor:
    """Made once per type, some lines for each field: no table is asked, no arguments are passed by name."""
    hints = get_type_hints(kind)
    known: dict[str, Any] = {"_kind": kind, "_twin": twin, "_new": object.__new__}
    lines = ["def accept(value):", "    if type(value) is not dict: raise TypeError", "    left = len(value)"]
    lines.append("    made = _new(_twin)")
    for item in fields(kind):
        name, hint = item.name, hints[item.name]
        lines += [f"    if {name!r} in value:", f"        item = value[{name!r}]"]
        lines += [f"        {line}" for line in _accepted(hint, f"_accept_{name}", known)]
        lines += [f"        made.{name} = item", "        left -= 1"]
        if item.default_factory is not MISSING:
            known[f"_default_{name}"] = item.default_factory
            lines.append(f"    else: made.{name} = _default_{name}()")
        elif item.default is not MISSING:
            known[f"_default_{name}"] = item.default
            lines.append(f"    else: made.{name} = _default_{name}")
        else:
            lines.append("    else: raise KeyError")
    lines += ["    if left: raise KeyError", "    made.__class__ = _kind", "    return made"]
    exec("\n".join(lines), known)  # noqa: S102 - the way of `dataclasses`: our own field names, no input
    return cast("_Acceptor", known["accept"])


def _accepted(hint: Any, accept: str, known: dict[str, Any]) -> list[str]:
    """Lines that read `item` as a `hint`, with what they call in `known`."""
    origin, of = get_origin(hint), get_args(hint)
    if hint in (str, int, bool):
        return [f"if type(item) is not {hint.__name__}: raise TypeError"]
    if ACCEPTORS[hint] is _anything:
        return []
    if origin in (Union, types.UnionType) and len(of) == 2 and of[1] is type(None):
        inner = _accepted(of[0], accept, known)
        return ["if item is not None:", *(f"    {line}" for line in inner)] if inner else []
    if origin is tuple:
        known[accept] = ACCEPTORS[of[0]]
        made = f"item = tuple([{accept}(each) for each in item]) if item else ()"
        return ["if type(item) is not list: raise TypeError", made]
    known[accept] = ACCEPTORS[hint]
    return [f"item = {accept}(item)"]
