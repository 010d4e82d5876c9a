"""Frozen values that are made for every trial, at a third of what a frozen dataclass costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar, cast

__all__ = ["made_often", "maker", "twin_of"]

T = TypeVar("T")


class _Absent:
    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()
_TWINS: dict[type, type] = {}
_MAKERS: dict[type, Any] = {}


def maker(kind: type[T]) -> type[T]:
    """A function that takes what a class of `made_often` takes and gives what it gives, in half of the time again.

    For the few places where every trial passes. (It is no class; it is typed as one so that its arguments are checked.)
    """
    if kind not in _MAKERS:
        _compile(kind, _TWINS[kind])
    return cast("type[T]", _MAKERS[kind])


def twin_of(kind: type) -> type | None:
    """The class whose instance, all fields stored, becomes a `kind` by its `__class__`; None for other dataclasses."""
    return _TWINS.get(kind)


def made_often(kind: type[T]) -> type[T]:
    """A frozen, slotted, keyword-only dataclass with an `__init__` that stores its fields directly.

    A frozen dataclass stores each field through `object.__setattr__`. This one is, while its fields are stored, of a
    twin class with the same slots and no guard. Everything else about the dataclass stays. Raises TypeError for a
    class that has `__post_init__`, or other slots than its fields.
    """
    names = tuple(item.name for item in fields(cast("Any", kind)))
    if hasattr(kind, "__post_init__") or kind.__dict__.get("__slots__") != names or kind.__base__ is not object:
        raise TypeError(f"{kind.__name__} does more than hold its fields")
    _TWINS[kind] = type(kind.__name__, (), {"__slots__": names})

    def first(self: Any, /, *args: Any, **given: Any) -> None:
        if cast("Any", kind).__init__ is first:
            _compile(kind, _TWINS[kind])
        cast("Any", kind).__init__(self, *args, **given)

    # Compiled at the first instance, as in `frozen`: a start makes more classes than it makes instances of.
    setattr(kind, "__init__", first)  # noqa: B010 - mypy: assigning to a method
    return kind


def _compile(kind: type, twin: type) -> None:
    known: dict[str, Any] = {"_twin": twin, "_kind": kind, "_absent": _ABSENT, "_set": object.__setattr__}
    known["_new"] = object.__new__
    arguments, stores = [], []
    for item in fields(cast("Any", kind)):
        name, value = item.name, item.name
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
        stores.append(f"    self.{name} = {value}\n")
    source = (
        f"def __init__(self, *, {', '.join(arguments)}):\n"
        '    _set(self, "__class__", _twin)\n'
        f"{''.join(stores)}"
        "    self.__class__ = _kind\n"
        f"def make(*, {', '.join(arguments)}):\n"
        "    self = _new(_twin)\n"
        f"{''.join(stores)}"
        "    self.__class__ = _kind\n"
        "    return self\n"
    )
    exec(source, known)  # noqa: S102 - the way of `dataclasses` itself: field names of our own classes, no input
    made = cast("Callable[..., None]", known["__init__"])
    made.__annotations__ = {**{item.name: item.type for item in fields(cast("Any", kind))}, "return": None}
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__module__ = kind.__module__
    setattr(kind, "__init__", made)  # noqa: B010 - mypy: assigning to a method
    _MAKERS[kind] = known["make"]
