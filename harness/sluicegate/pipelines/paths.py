"""Templates: JSON values with `${input.text}` in their texts, parsed once and filled per case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Json
from sluicegate.model.paths import MISSING, Path, parse_path
from sluicegate.pipelines.inputs import whole

__all__ = ["MISSING", "Path", "Template", "parse_path", "parse_template"]

_Fill = Callable[[Mapping[str, Any]], Any]
_MARK = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_KEPT_BACK = ("expect", "expected_output")


@dataclass(frozen=True, slots=True)
class Template:
    """A JSON value with places to fill."""

    paths: tuple[Path, ...]
    """Every path it reads, in order."""
    _fill: _Fill

    def fill(self, scope: Mapping[str, Any]) -> Json:
        """The value for this scope. Raises InputError naming the path that found nothing and the nearest key."""
        return self._fill(scope)


def parse_template(
    value: Json, roots: Iterable[str], *, where: str = "", quote: Callable[[str], str] | None = None
) -> Template:
    """`value` with each `${root.path}` in its texts to be replaced; `$${` writes a literal `${`.

    A text that is nothing but one `${…}` takes the value as it is, number, list or mapping; inside other text a value
    is written as text, passed through `quote` when given. Raises InputError with every fault found.
    """
    paths: list[Path] = []
    faults: list[Fault] = []
    fill = _parsed(value, _Parsing(tuple(roots), where, quote, paths, faults))
    if faults:
        raise InputError(faults)
    return Template(tuple(paths), fill)


@dataclass(frozen=True, slots=True)
class _Parsing:
    roots: tuple[str, ...]
    where: str
    quote: Callable[[str], str] | None
    paths: list[Path]
    faults: list[Fault]


def _parsed(value: Json, parsing: _Parsing) -> _Fill:
    if isinstance(value, str):
        return _text(value, parsing)
    if isinstance(value, Mapping):
        below = {str(key): _parsed(item, parsing) for key, item in value.items()}
        return lambda scope: {key: fill(scope) for key, fill in below.items()}
    if isinstance(value, (list, tuple)):
        items = [_parsed(item, parsing) for item in value]
        return lambda scope: [fill(scope) for fill in items]
    return lambda _scope: value


def _text(text: str, parsing: _Parsing) -> _Fill:
    parts: list[str | Path] = []
    at = 0
    for match in _MARK.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match.group(1) is None:
            parts.append("${")
        elif (path := _path(match.group(1), parsing)) is not None:
            parts.append(path)
    parts.append(text[at:])
    if "${" in text[at:]:
        what = f"'{text[text.index('${', at) :]}' is not closed."
        mend = "Write ${input.name}, or $${ for the two signs themselves."
        parsing.faults.append(Fault(where=parsing.where, what=what, mend=mend))
    said = [part for part in parts if part != ""]
    if len(said) == 1 and isinstance(said[0], Path) and parsing.quote is None:
        only = said[0]
        return lambda scope: whole(_found(only, scope))
    if not any(isinstance(part, Path) for part in said):
        literal = "".join(part for part in said if isinstance(part, str))
        return lambda _scope: literal
    quote = parsing.quote
    return lambda scope: "".join(part if isinstance(part, str) else _written(part, scope, quote) for part in said)


def _path(text: str, parsing: _Parsing) -> Path | None:
    try:
        path = parse_path(text, where=parsing.where)
    except InputError as error:
        parsing.faults.extend(error.faults)
        return None
    root = str(path.steps[0]) if path.steps else "$"
    if root not in parsing.roots:
        known = ", ".join(parsing.roots)
        mend = nearest(root, parsing.roots) or f"Known are {known}."
        parsing.faults.append(Fault(where=parsing.where, what=f"'${{{text}}}' begins with '{root}'.", mend=mend))
        return None
    if root == "case" and len(path.steps) > 1 and path.steps[1] in _KEPT_BACK:
        what = f"'${{{text}}}' would tell the pipeline the right answer."
        parsing.faults.append(Fault(where=parsing.where, what=what, mend="Send ${input} or parts of ${case.given}."))
        return None
    parsing.paths.append(path)
    return path


def _found(path: Path, scope: Mapping[str, Any]) -> Any:
    value = path.get(scope)
    if value is MISSING:
        fault = path.missing(scope)
        raise InputError(
            Fault(where=f"${{{path.text}}}", what=fault.what, mend=fault.mend or f"Write ${{{path.text}?}} for null.")
        )
    return value


def _written(path: Path, scope: Mapping[str, Any], quote: Callable[[str], str] | None) -> str:
    value = whole(_found(path, scope))
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    # An endpoint is a URL itself; everything else is data and must not be able to change the URL around it.
    return text if quote is None or path.steps[0] == "endpoint" else quote(text)
