"""A JSON Schema error in the user's words: the rule, what was seen instead, the mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sluicegate.checks.check import Problem
from sluicegate.checks.masking import masked
from sluicegate.checks.pattern import TooLong, compile_pattern, ecma
from sluicegate.checks.values import path_of, seen
from sluicegate.errors import nearest

__all__ = ["problems_of"]

_MAX_NAMES = 20
"""Extra or missing names listed of one object."""


def problems_of(error: Any) -> Iterator[Problem]:
    """The problems a `jsonschema.ValidationError` stands for, each at its own place."""
    steps = tuple(error.absolute_path)
    by_name = _BY_NAME.get(error.validator)
    if by_name is not None:
        yield from by_name(error, steps)
        return
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(error, steps)
        return
    describe = _RULES.get(error.validator or "")
    expected = describe(error.validator_value) if describe else f"breaks '{error.validator}' of the schema"
    yield Problem(place=path_of(steps), expected=expected, seen=_seen(error))


def _seen(error: Any) -> str:
    value = error.instance
    if error.validator in ("minLength", "maxLength") and isinstance(value, str):
        return f"{len(value)} characters: {value[:300]}"
    if error.validator in ("minItems", "maxItems") and isinstance(value, list):
        return f"{len(value)} items"
    return seen(value)


def _missing(error: Any, steps: tuple[Any, ...]) -> Iterator[Problem]:
    for name in error.validator_value:
        if name not in error.instance:
            yield Problem(
                place=path_of(steps), expected=f"lacks '{name}'", seen=seen(error.instance), mend=f"Add '{name}'."
            )


def _extra(error: Any, steps: tuple[Any, ...]) -> Iterator[Problem]:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    extra = [name for name in error.instance if name not in known and not any(_fits(p, name) for p in patterns)]
    for name in extra[:_MAX_NAMES]:
        yield Problem(
            place=path_of((*steps, name)),
            expected="is a field the contract does not have",
            seen=seen(error.instance[name]),
            mend=nearest(name[:100], known) or "Remove it, or add it to the contract.",
        )
    if len(extra) > _MAX_NAMES:
        expected = f"has more than {_MAX_NAMES} fields the contract does not have"
        yield Problem(place=path_of(steps), expected=expected, seen=f"{len(extra)} of them")


def _fits(pattern: str, name: str) -> bool:
    try:
        return compile_pattern(ecma(pattern)).search(name)
    except TooLong:
        return False


def _alternatives(error: Any, steps: tuple[Any, ...]) -> Iterator[Problem]:
    by_form: dict[int, list[Any]] = {}
    for each in error.context:
        form = each.relative_schema_path[0] if each.relative_schema_path else _NO_FORM
        by_form.setdefault(form, []).append(each)
    # The form of the right type is the one that was meant; among those, the one with the fewest faults.
    meant = min(by_form.values(), key=lambda errors: (any(_is_other_kind(each) for each in errors), len(errors)))
    inner = next(problems_of(meant[0]))
    count = len(error.validator_value)
    yield Problem(
        place=path_of(steps),
        expected=f"fits none of the {count} allowed forms; nearest: {inner.place} {inner.expected}",
        seen=inner.seen,
        mend=inner.mend,
    )


_NO_FORM = -1
"""`false` among the forms, which nothing fits."""


def _is_other_kind(error: Any) -> bool:
    return error.validator is None or (error.validator in ("type", "const") and not error.relative_path)


def _type(value: Any) -> str:
    names = [value] if isinstance(value, str) else list(value)
    words = {"object": "an object", "array": "a list", "string": "text", "integer": "a whole number", "null": "null"}
    words |= {"number": "a number", "boolean": "true or false"}
    return f"must be {' or '.join(words.get(name, name) for name in names)}"


def _pattern(value: str) -> str:
    return "must not be blank" if value == r"\S" else f"must match {masked(value, limit=80)}"


def _shown(values: Any) -> str:
    return masked(", ".join(seen(value) for value in values[:20]), limit=200)


_RULES: Mapping[str, Callable[[Any], str]] = {
    "": lambda _none: "is not allowed here",  # by a schema that is `false`, which names no rule
    "type": _type,
    "enum": lambda value: f"must be one of {_shown(value)}",
    "const": lambda value: f"must be {masked(seen(value), limit=80)}",
    "minLength": lambda value: f"must have at least {value} character{'s' * (value != 1)}",
    "maxLength": lambda value: f"must have at most {value} characters",
    "minItems": lambda value: f"must have at least {value} item{'s' * (value != 1)}",
    "maxItems": lambda value: f"must have at most {value} items",
    "uniqueItems": lambda _value: "must not hold an item twice",
    "minProperties": lambda value: f"must have at least {value} field{'s' * (value != 1)}",
    "maxProperties": lambda value: f"must have at most {value} fields",
    "minimum": lambda value: f"must be at least {value}",
    "maximum": lambda value: f"must be at most {value}",
    "exclusiveMinimum": lambda value: f"must be more than {value}",
    "exclusiveMaximum": lambda value: f"must be less than {value}",
    "multipleOf": lambda value: f"must be a multiple of {value}",
    "pattern": _pattern,
    "format": lambda value: {
        "date": "must be a date that exists, written YYYY-MM-DD",
        "date-time": "must be a time as RFC 3339 writes it, with zone",
    }.get(value, f"must be a valid {value}"),
    "contains": lambda _value: "must hold an item of the asked form",
    "not": lambda _value: "has a form that is forbidden",
    "oneOf": lambda _value: "fits more than one of the forms of which it must fit exactly one",
    "unevaluatedProperties": lambda _value: "has fields the contract does not have",
    "unevaluatedItems": lambda _value: "has items the contract does not have",
    "dependentRequired": lambda _value: "lacks a field that another field asks for",
}

_BY_NAME: Mapping[str, Callable[[Any, tuple[Any, ...]], Iterator[Problem]]] = {
    "required": _missing,
    "additionalProperties": _extra,
}
