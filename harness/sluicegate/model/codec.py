"""Between JSON and the words: strict and typed one way, sparse the other.

Reading, unknown keys are faults with the nearest right name. Writing, fields at their default are left out, so that
a field added later changes no digest.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from sluicegate.errors import Fault, InputError, misspelt, nearest
from sluicegate.model.accepting import ACCEPTORS, DOUBTS
from sluicegate.model.json import canonical, digest_bytes

__all__ = ["decode", "decode_or_faults", "digest_of", "encode", "encode_shared"]

T = TypeVar("T")
_Reader = Callable[[Any, str, "list[Fault]"], Any]
_BAD: Any = object()


def decode(kind: type[T], value: object, where: str = "") -> T:
    """`value` (parsed JSON) as a `kind`. Raises InputError with every fault found, each at `where: path`."""
    try:
        sound: T = ACCEPTORS[kind](value)
    except DOUBTS:
        result, faults = _read(kind, value, where)
    else:
        return sound
    if faults or result is None:
        raise InputError(faults)
    return result


def decode_or_faults(kind: type[T], value: object, where: str = "") -> tuple[T | None, list[Fault]]:
    """Like `decode`, returning the faults instead of raising, so that a caller can collect those of a whole file."""
    try:
        return ACCEPTORS[kind](value), []
    except DOUBTS:
        return _read(kind, value, where)


def _read(kind: type[T], value: object, where: str) -> tuple[T | None, list[Fault]]:
    found: list[Fault] = []
    result: T | None = _reader(cast("Hashable", kind))(value, "$", found)
    if not found:
        return result, []
    return None, [Fault(where=where, what=f"{fault.where} {fault.what}", mend=fault.mend) for fault in found]


@cache
def _reader(kind: Hashable) -> _Reader:
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_reader(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if kind in (str, int, float, bool):
        return _scalar_reader(kind)
    return _reader_of_generic(get_origin(kind), get_args(kind))


def _reader_of_generic(origin: Any, of: tuple[Any, ...]) -> _Reader:
    if origin in (Union, types.UnionType):
        rest = [kind for kind in of if kind is not type(None)]
        if len(rest) == 1 < len(of):
            return _optional_reader(rest[0])
        if all(is_dataclass(kind) for kind in of):
            return _union_reader(of)
    if origin in (tuple, Sequence):
        return _tuple_reader(of[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(of[1])
    return _any


def encode(value: Any) -> Any:
    """A dataclass (or list, mapping, enum of them) as plain JSON values, defaults left out."""
    return _COPYING[type(value)](value)


def encode_shared(value: Any) -> Any:
    """`encode` for what is serialised at once: JSON values inside are the same objects, not copies."""
    return _SHARING[type(value)](value)


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical bytes of a JSON value or dataclass (defaults left out), 64 hexadecimal digits."""
    return digest_bytes(canonical(encode_shared(value)))


class _Writers(dict[type, Callable[[Any], Any]]):
    """The encoder of each type, made at its first value: one plain lookup per value after that."""

    def __init__(self, *, shares: bool) -> None:
        super().__init__()
        self.shares = shares
        """JSON values (dicts and lists) are passed on as they are, not copied."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        writer = self[kind] = _made_writer(kind, self)
        return writer


_COPYING = _Writers(shares=False)
_SHARING = _Writers(shares=True)
_SCALARS = frozenset({str, int, float, bool, type(None)})


def _made_writer(kind: type, writers: _Writers) -> Callable[[Any], Any]:
    if kind in (dict, list) and writers.shares:
        return lambda value: value
    if kind is dict:
        return lambda value: {
            key: item if type(item) in _SCALARS else writers[type(item)](item) for key, item in value.items()
        }
    if kind in (tuple, list):
        return lambda value: [writers[type(item)](item) for item in value]
    if kind is frozenset:
        return lambda value: [writers[type(item)](item) for item in sorted(value)]
    if is_dataclass(kind):
        return _dataclass_writer(kind, writers)
    return (lambda value: value.value) if issubclass(kind, Enum) else (lambda value: value)


def _dataclass_writer(kind: type, writers: _Writers) -> Callable[[Any], dict[str, Any]]:
    """Runs several times per trial, so it is made once per type, a line for each field.

    What is left at its default, which is most, costs one comparison.
    """
    known: dict[str, Any] = {"_scalars": _SCALARS, "_writers": writers}
    lines = ["def write(value):", "    said = {}"]
    for item in fields(kind):
        name = item.name
        default = item.default if item.default_factory is MISSING else item.default_factory()
        known[f"_default_{name}"], known[f"_said_{name}"] = default, encode(default)
        lines += [
            f"    item = value.{name}",
            f"    if item is not _default_{name}:",
            "        kind = type(item)",
            "        if kind not in _scalars:",
            "            item = _writers[kind](item)",
            f"        if item != _said_{name}:",
            f"            said[{name!r}] = item",
        ]
    exec("\n".join([*lines, "    return said"]), known)  # noqa: S102 - the way of `dataclasses`: our own field names, no input
    return cast("Callable[[Any], dict[str, Any]]", known["write"])


def _any(value: Any, path: str, found: list[Fault]) -> Any:
    return value


def _dataclass_reader(kind: type) -> _Reader:
    hints = get_type_hints(kind)
    plan: dict[str, Any] = {}
    needed: list[str] = []
    for item in fields(kind):
        plan[item.name] = hints[item.name]
        if item.default is MISSING and item.default_factory is MISSING:
            needed.append(item.name)
    readers: dict[str, _Reader] = {}

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        if not isinstance(value, Mapping):
            found.append(Fault(where=path, what=f"is {_said(value)}; expected a mapping for {kind.__name__}."))
            return _BAD
        if not readers:
            readers.update({name: _reader(hint) for name, hint in plan.items()})
        before = len(found)
        given = {}
        for key, item in value.items():
            reader = readers.get(key)
            if reader is None:
                found.append(Fault(where=path, what=f"has an unknown key '{key}'.", mend=nearest(str(key), plan)))
                if (meant := misspelt(str(key), plan.keys() - value.keys())) and meant not in given:
                    # Read on below it: what else is wrong is said at once, and nothing is called missing.
                    given[meant] = readers[meant](item, f"{path}.{key}", found)
                continue
            given[key] = reader(item, f"{path}.{key}", found)
        lacking = [name for name in needed if name not in value and name not in given]
        found += [Fault(where=path, what=f"lacks '{name}'.", mend=f"Add '{name}'.") for name in lacking]
        return kind(**given) if len(found) == before else _BAD

    return read


def _enum_reader(kind: type[Enum]) -> _Reader:
    values = {item.value: item for item in kind}

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        if isinstance(value, str) and value in values:
            return values[value]
        known = ", ".join(map(str, values))
        found.append(
            Fault(where=path, what=f"is {_said(value)}; expected one of {known}.", mend=nearest(str(value), values))
        )
        return _BAD

    return read


def _scalar_reader(kind: type) -> _Reader:
    name = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind]

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        if type(value) is kind and not (isinstance(value, float) and not math.isfinite(value)):
            return value
        if kind is float and type(value) is int:
            return float(value)
        found.append(Fault(where=path, what=f"is {_said(value)}; expected {name}."))
        return _BAD

    return read


def _optional_reader(kind: Any) -> _Reader:
    inner = _reader(kind)

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        return None if value is None else inner(value, path, found)

    return read


def _union_reader(kinds: tuple[Any, ...]) -> _Reader:
    """The one of several dataclasses whose fields fit the keys best, so that faults are told of the one meant."""

    def misfit(kind: Any, keys: set[str]) -> int:
        needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
        return len(needed - keys) + len(keys - {f.name for f in fields(kind)})

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        keys = set(value) if isinstance(value, Mapping) else set()
        return _reader(min(kinds, key=lambda kind: misfit(kind, keys)))(value, path, found)

    return read


def _tuple_reader(kind: Any) -> _Reader:
    inner = _reader(kind)

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        if isinstance(value, str) or not isinstance(value, Sequence):
            found.append(Fault(where=path, what=f"is {_said(value)}; expected a list."))
            return _BAD
        return tuple([inner(item, f"{path}[{index}]", found) for index, item in enumerate(value)])

    return read


def _mapping_reader(kind: Any) -> _Reader:
    inner = _reader(kind)

    def read(value: Any, path: str, found: list[Fault]) -> Any:
        if not isinstance(value, Mapping):
            found.append(Fault(where=path, what=f"is {_said(value)}; expected a mapping."))
            return _BAD
        return {str(key): inner(item, f"{path}.{key}", found) for key, item in value.items()}

    return read


def _said(value: Any) -> str:
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
