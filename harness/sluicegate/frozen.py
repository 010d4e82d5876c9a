"""Frozen values: dataclasses whose classes cost a start a tenth of what `dataclasses` takes for them.

A start makes some two hundred of these classes, and `dataclasses` compiles six functions for each, most of which
nobody calls. Here they share one of each kind; `__init__`, which cannot be shared, is compiled at the first instance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, cast, dataclass_transform

__all__ = ["frozen"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(kind: type[T]) -> type[T]:
    """What `@dataclass(frozen=True, slots=True, kw_only=True)` makes of a class, for less.

    Not for what no class here needs: a frozen base, InitVar, fields that `__init__` does not take or are named `_set`.
    """
    given = frozenset(vars(kind))
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(kind)
    made.__dataclass_params__.frozen = True  # a frozen dataclass may inherit from it, no other
    for name, shared in _SHARED.items():
        if name not in given:
            setattr(made, name, shared)
    if "__init__" not in given:
        made.__init__ = _init_of(made)
    return cast("type[T]", made)


def _init_of(kind: Any) -> Callable[..., None]:
    """Stands in until the first instance, which has the real one compiled."""

    def first(self: Any, /, *args: Any, **given: Any) -> None:
        if kind.__init__ is first:
            kind.__init__ = _compiled(kind)
        kind.__init__(self, *args, **given)

    return first


def _compiled(kind: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": _ABSENT}
    arguments, stores = ["self"], ["    pass"]
    said = fields(kind)
    if said:
        arguments.append("*")
    for item in said:
        name = value = item.name
        default = f"_default_{name}"
        if item.default_factory is not MISSING:
            known[default] = item.default_factory
            arguments.append(f"{name}=_absent")
            value = f"{default}() if {name} is _absent else {name}"
        elif item.default is not MISSING:
            known[default] = item.default
            arguments.append(f"{name}={default}")
        else:
            arguments.append(name)
        stores.append(f"    _set(self, {name!r}, {value})")
    if hasattr(kind, "__post_init__"):
        stores.append("    self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(arguments)}):", *stores]), known)  # noqa: S102 - the way of `dataclasses`: our own field names, no input
    init = cast("Callable[..., None]", known["__init__"])
    init.__annotations__ = {**{item.name: item.type for item in said}, "return": None}
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    init.__module__ = kind.__module__
    return init


class _Absent:
    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()
_COMPARED: dict[type, Callable[[Any], Any]] = {}


def _compared(kind: Any) -> Callable[[Any], Any]:
    """What equality and hash read of an instance."""
    fetch = _COMPARED.get(kind)
    if fetch is None:
        names = [item.name for item in fields(kind) if item.compare]
        fetch = _COMPARED[kind] = attrgetter(*names) if names else lambda _value: ()
    return fetch


def _eq(self: Any, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    fetch = _compared(type(self))
    return fetch(self) == fetch(other)


def _hash(self: Any) -> int:
    return hash(_compared(type(self))(self))


@recursive_repr()
def _repr(self: Any) -> str:
    said = ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
    return f"{type(self).__qualname__}({said})"


def _setattr(_self: Any, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, item.name) for item in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for item, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)


class _Signature:
    """What `help` and `inspect.signature` show, though `__init__` is not there yet."""

    def __get__(self, _instance: object, kind: Any) -> Any:
        import inspect

        signature = inspect.signature(_compiled(kind))
        return signature.replace(parameters=list(signature.parameters.values())[1:])


_SHARED: dict[str, Any] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
    "__signature__": _Signature(),
}
