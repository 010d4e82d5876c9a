"""Saying yes quickly: most answers keep their schema, and a plain yes needs neither errors nor paths.

A schema of the usual keywords is compiled to nested functions, some ten times faster than a full validation. They
only ever say a yes that the full validator would say too; a no is asked again there, which then words it. A schema with
any other keyword is not compiled at all. What JSON cannot hold is not accepted either, so that one walk does for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from sluicegate.checks.formats import ANNOTATIONS, FORMATS
from sluicegate.checks.pattern import TooLong, compile_pattern, ecma
from sluicegate.checks.values import MAX_BITS, MAX_DEPTH, is_sound, is_sound_text
from sluicegate.model import Json

__all__ = ["compile_accepts"]

_Accepts: TypeAlias = Callable[[Any], bool]


def compile_accepts(schema: Json) -> _Accepts | None:
    """A function that is true only for sound values the schema allows; None for a schema beyond the usual keywords."""
    try:
        return _Compiler(schema).accepts(schema)
    except _Unusual:
        return None


class _Unusual(Exception):  # noqa: N818 - a property of the schema
    """The schema uses something that is left to the full validator."""


class _Compiler:
    def __init__(self, root: Json) -> None:
        self._root = root
        self._by_reference: dict[str, _Accepts] = {}
        self._depth: int | None = 0
        """The level of what is compiled; None where a part around it sees to it that the value is sound."""

    def accepts(self, schema: Any) -> _Accepts:
        if isinstance(schema, bool):
            return self._sound() or (lambda _value: True) if schema else _never
        unusual = schema.keys() - _PARTS.keys() - _SILENT
        if unusual:
            raise _Unusual
        made = [(key, make(self, schema)) for key, make in _PARTS.items() if key in schema]
        says_type = any(key in _OF_TYPE.get(str(schema.get("type")), ()) for key, part in made if part is not None)
        parts = [part for key, part in made if part is not None and not (says_type and key == "type")]
        if (sound := self._sound()) is not None and not _sees_all(schema):
            parts.insert(0, sound)  # before a reference, which might follow what holds itself for ever
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            first, second = parts
            return lambda value: first(value) and second(value)
        fixed = tuple(parts)

        def every(value: Any) -> bool:
            for part in fixed:  # noqa: SIM110 - a loop, because this runs for every value of every answer
                if not part(value):
                    return False
            return True

        return every

    def _sound(self) -> _Accepts | None:
        """A part that looks at the value's soundness and nothing else, where somebody has to."""
        depth = self._depth
        return None if depth is None else lambda value: is_sound(value, depth)

    @contextmanager
    def below(self) -> Iterator[None]:
        """Compile what stands one level further down, and is reached by nobody else."""
        depth = self._depth
        if depth is not None and depth >= MAX_DEPTH:
            raise _Unusual
        self._depth = None if depth is None else depth + 1
        yield
        self._depth = depth

    @contextmanager
    def again(self) -> Iterator[None]:
        """Compile one of several that read the same value: the soundness of it is looked at once."""
        depth, self._depth = self._depth, None
        yield
        self._depth = depth

    def reference(self, schema: Mapping[str, Any]) -> _Accepts:
        target: str = schema["$ref"]
        known = self._by_reference
        if target not in known:
            # Entered before it is compiled, and looked up when called, so that a schema may refer to itself.
            known[target] = _never
            with self.again():
                known[target] = self.accepts(self._at(target))
        return lambda value: known[target](value)  # noqa: PLW0108 - the entry is replaced while this is compiled

    def _at(self, target: str) -> Any:
        if not target.startswith("#/") or "~" in target or "%" in target:
            raise _Unusual
        found = self._root
        for step in target[2:].split("/"):
            if not isinstance(found, dict) or step not in found:
                raise _Unusual
            found = found[step]
        return found


def _never(_value: Any) -> bool:
    return False


def _sees_all(schema: Mapping[str, Any]) -> bool:
    """Whether the tests of its keywords look at everything in a value that they accept, half characters and all."""
    named = schema.get("type")
    if named == "object":
        return any(key in schema for key in _OF_TYPE["object"])
    return "items" in schema if named == "array" else isinstance(named, str)


def _type(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    named = schema["type"]
    tests = [_TYPES[name] for name in ([named] if isinstance(named, str) else named)]
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


_TYPES: Mapping[str, _Accepts] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str and (value.isascii() or is_sound_text(value)),
    "number": lambda value: (type(value) is int or type(value) is float) and is_sound(value, 0),
    "integer": lambda value: type(value) is int and value.bit_length() <= MAX_BITS,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}
"""Exact types: a subclass, and 1.0 as a whole number, are asked of the full validator."""


_OF_TYPE: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
}
"""Keywords whose own test asks for the type as well, so that one call does for both."""


def _allows_others(schema: Mapping[str, Any], kind: str) -> bool:
    """Whether a keyword that reads one type lets values of every other pass, as it does unless `type` asks for it."""
    return schema.get("type") != kind


def _one_of_texts(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    allowed = schema["enum"]
    if not all(type(value) is str for value in allowed):
        raise _Unusual
    texts = frozenset(allowed)
    return lambda value: type(value) is str and value in texts


def _const(compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    return _one_of_texts(compiler, {"enum": [schema["const"]]})


def _lengths(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    low, high = schema.get("minLength", 0), schema.get("maxLength", float("inf"))
    others = _allows_others(schema, "string")

    def fits(value: Any) -> bool:
        if type(value) is not str:
            return others
        return low <= len(value) <= high and (value.isascii() or is_sound_text(value))

    return fits


def _bounds(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    others = _allows_others(schema, "number")

    def fits(value: Any) -> bool:
        if type(value) is not float and type(value) is not int:
            return others
        return low <= value <= high and is_sound(value, 0)

    return fits


def _strict_bounds(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    low, high = schema.get("exclusiveMinimum", float("-inf")), schema.get("exclusiveMaximum", float("inf"))
    others = _allows_others(schema, "number")

    def fits(value: Any) -> bool:
        if type(value) is not float and type(value) is not int:
            return others
        return low < value < high and is_sound(value, 0)

    return fits


def _pattern(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    search = compile_pattern(ecma(schema["pattern"])).search
    others = _allows_others(schema, "string")

    def fits(value: Any) -> bool:
        try:
            return search(value) and is_sound_text(value) if type(value) is str else others
        except TooLong:
            return False

    return fits


def _format(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts | None:
    name = schema["format"]
    if name in ANNOTATIONS:
        return None
    holds = FORMATS[name]
    others = _allows_others(schema, "string")
    return lambda value: holds(value) and is_sound_text(value) if type(value) is str else others


def _counts(_compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    low, high = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
    others = _allows_others(schema, "array")
    return lambda value: low <= len(value) <= high if type(value) is list else others


def _items(compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    with compiler.below():
        accepts = compiler.accepts(schema["items"])
    others = _allows_others(schema, "array")

    def every(value: Any) -> bool:
        if type(value) is not list:
            return others
        for item in value:  # noqa: SIM110 - a loop, because this runs for every list of every answer
            if not accepts(item):
                return False
        return True

    return every


def _members(compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    """`properties`, `required` and `additionalProperties` in one pass over the object."""
    with compiler.below():
        known = {name: compiler.accepts(below) for name, below in schema.get("properties", {}).items()}
        unknown = compiler.accepts(schema.get("additionalProperties", True))
    if not all(map(is_sound_text, known)):
        raise _Unusual
    required = tuple(schema.get("required", ()))
    others = _allows_others(schema, "object")

    def every(value: Any) -> bool:
        if type(value) is not dict:
            return others
        for name in required:
            if name not in value:
                return False
        for name, item in value.items():
            accepts = known.get(name)
            if accepts is None:
                if type(name) is not str or not is_sound_text(name) or not unknown(item):
                    return False
            elif not accepts(item):
                return False
        return True

    return every


def _any_of(compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    with compiler.again():
        ways = [compiler.accepts(below) for below in schema["anyOf"]]
    return lambda value: any(way(value) for way in ways)


def _all_of(compiler: _Compiler, schema: Mapping[str, Any]) -> _Accepts:
    with compiler.again():
        ways = [compiler.accepts(below) for below in schema["allOf"]]
    return lambda value: all(way(value) for way in ways)


def _only_first(key: str, *before: str) -> Callable[[_Compiler, Mapping[str, Any]], _Accepts | None]:
    """The keywords of one part are compiled once, for the first of them that is there."""
    return lambda compiler, schema: None if any(name in schema for name in before) else _SHARED[key](compiler, schema)


_SHARED: Mapping[str, Callable[[_Compiler, Mapping[str, Any]], _Accepts | None]] = {
    "lengths": _lengths,
    "bounds": _bounds,
    "strict": _strict_bounds,
    "counts": _counts,
    "members": _members,
}
_PARTS: Mapping[str, Callable[[_Compiler, Mapping[str, Any]], _Accepts | None]] = {
    "type": _type,
    "enum": _one_of_texts,
    "const": _const,
    "minLength": _only_first("lengths"),
    "maxLength": _only_first("lengths", "minLength"),
    "minimum": _only_first("bounds"),
    "maximum": _only_first("bounds", "minimum"),
    "exclusiveMinimum": _only_first("strict"),
    "exclusiveMaximum": _only_first("strict", "exclusiveMinimum"),
    "minItems": _only_first("counts"),
    "maxItems": _only_first("counts", "minItems"),
    "properties": _only_first("members"),
    "required": _only_first("members", "properties"),
    "additionalProperties": _only_first("members", "properties", "required"),
    "items": _items,
    "pattern": _pattern,
    "format": _format,
    "anyOf": _any_of,
    "allOf": _all_of,
    "$ref": lambda compiler, schema: compiler.reference(schema),
}
_SILENT = frozenset(
    {"$schema", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "example"}
    | {"deprecated", "readOnly", "writeOnly"}
)
"""Keywords that allow everything."""
