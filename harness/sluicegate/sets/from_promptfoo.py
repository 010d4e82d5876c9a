"""Tests of promptfoo: a configuration (YAML, JSON), a table of tests (YAML, JSON, JSON lines, CSV), or results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.sets.documents import Row, document, rows
from sluicegate.sets.draft import Draft, mapping, texts
from sluicegate.sets.promptfoo_assertions import assertion_of_text, take

__all__ = ["promptfoo"]

_OF_RESULTS = frozenset({"Status", "Score", "Grader Reason"})
"""Columns of a table of results, which holds no assertion."""
_OF_A_TEST = frozenset({"vars", "assert", "description", "provider", "options", "metadata"})
"""A row with none of them is no test."""
_TRANSFORMS = ("transform", "postprocess")
"""Code that stands between the answer and what is asserted of it; the second word is the older one."""


def promptfoo(path: Path) -> Iterator[Draft]:
    """Every test with its variables; a variable with a list of values is a test for each."""
    if path.suffix == ".csv":
        for place, row in rows(path):
            if row.keys() >= _OF_RESULTS:
                mend = "Write them as JSON, which names them: promptfoo eval --output results.json"
                raise InputError(Fault(where=str(path), what="Is a table of results without assertions.", mend=mend))
            yield from _tests(place, _of_cells(row), row, {})
        return
    whole = document(path)
    if isinstance(whole, list):
        found: Iterable[Row] = rows(path) if path.suffix == ".jsonl" else rows(path, whole)
        yield from _each(found, {})
    elif isinstance(whole, dict) and isinstance(whole.get("results"), (dict, list)):
        yield from _results(path, whole["results"], _of_providers(whole.get("config")))
    elif isinstance(whole, dict):
        yield from _configured(path, whole)
    else:
        raise _foreign(path)


def _configured(path: Path, config: dict[str, Json]) -> Iterator[Draft]:
    shared = config.get("defaultTest")
    default = _merged(_of_providers(config), mapping(shared))
    if isinstance(shared, str):
        raise _elsewhere(path, "defaultTest", shared)
    tests, scenarios = config.get("tests"), config.get("scenarios") or []
    if tests is None and not scenarios:
        raise _foreign(path)
    for said in [tests, *(tests if isinstance(tests, list) else [])]:
        if isinstance(said, str):
            raise _elsewhere(path, "tests", said)
    if tests:
        for place, row in rows(path, tests, "$.tests"):
            yield from _tests(place, row, row, default)
    for place, scenario in rows(path, scenarios, "$.scenarios") if scenarios else ():
        settings = [mapping(item) for item in scenario.get("config") or [{}]]
        inner = [mapping(item) for item in scenario.get("tests") or [{}]]
        for number, (setting, test) in enumerate(product(settings, inner)):
            yield from _tests(f"{place}[{number}]", test, {"config": setting, "test": test}, _merged(default, setting))


def _results(path: Path, results: Json, default: Mapping[str, Json]) -> Iterator[Draft]:
    """The tests of a run."""
    listed = results.get("results") if isinstance(results, Mapping) else results
    if not isinstance(listed, list):
        raise _foreign(path)
    found = rows(path, listed, "$.results.results" if isinstance(results, Mapping) else "$.results")
    yield from _each(found, default)


def _each(found: Iterable[Row], default: Mapping[str, Json]) -> Iterator[Draft]:
    """Tests, or the results of tests: of these each test once, whatever prompts and providers it was put to."""
    seen: set[str] = set()
    for place, row in found:
        if "testCase" not in row:
            yield from _tests(place, row, row, default)
            continue
        test = mapping(row["testCase"]) or {"vars": row.get("vars"), "assert": row.get("assert")}
        key = repr(sorted(test.items(), key=lambda item: item[0]))
        if key not in seen:
            seen.add(key)
            yield from _tests(place, test, row, default)


def _of_providers(config: Json) -> dict[str, Json]:
    """What providers do to every answer before a test sees it, as an option of every test."""
    said = mapping(config)
    changed = _any_transforms(said.get("providers", said.get("targets")))
    return {"options": {"transform": "of a provider"}} if changed else {}


def _any_transforms(said: Json) -> bool:
    """Whether settings of a test, or of any of its providers, put code between the answer and the assertions."""
    for each in said if isinstance(said, list) else [said]:
        outer = mapping(each)
        for settings in (outer, *(mapping(inner) for inner in outer.values())):  # `{openai:x: {transform: …}}` too
            if any(settings.get(word) for word in _TRANSFORMS):
                return True
    return False


def _of_cells(row: dict[str, Json]) -> dict[str, Json]:
    """A line of a table: variables, and columns with two underscores for the rest."""
    test: dict[str, Json] = {"vars": {}, "assert": [], "metadata": {}}
    for key, value in row.items():
        name, _, rest = key.partition(":")
        if not key.startswith("__"):
            test["vars"][key] = value
        elif not value:
            continue
        elif name == "__metadata":
            plain = rest.removesuffix("[]")
            test["metadata"][plain] = [part.strip() for part in value.split(",")] if rest != plain else value
        elif name.startswith("__expected"):
            test["assert"].append(assertion_of_text(value))
        elif name == "__threshold":
            test["threshold"] = value
        elif name == "__description":
            test["description"] = value
        else:
            test.setdefault("options", {})[key] = value
    return test


def _merged(first: Mapping[str, Json], second: Mapping[str, Json]) -> dict[str, Json]:
    merged = {**first, **second}
    merged["vars"] = {**mapping(first.get("vars")), **mapping(second.get("vars"))}
    merged["options"] = {**mapping(first.get("options")), **mapping(second.get("options"))}
    merged["metadata"] = {**mapping(first.get("metadata")), **mapping(second.get("metadata"))}
    merged["assert"] = [*_list(second.get("assert")), *_list(first.get("assert"))]
    return merged


def _tests(place: str, test: Mapping[str, Json], row: Json, default: Mapping[str, Json]) -> Iterator[Draft]:
    whole = _merged(default, test)
    options = whole["options"]
    unlisted = options.get("disableVarExpansion") is True
    names = list(whole["vars"])
    spread = [
        value if isinstance(value := whole["vars"][name], list) and value and not unlisted else [value]
        for name in names
    ]
    for values in product(*spread):
        variables = dict(zip(names, values, strict=True))
        draft = Draft(tool="promptfoo", place=place, row=row, name=whole.get("description"))
        draft.input = variables if variables or test.keys() & _OF_A_TEST else None
        draft.metadata = dict(whole["metadata"])
        draft.tags = texts(draft.metadata.pop("tags", None))
        for name, value in variables.items():
            if isinstance(value, str) and value.startswith("file://"):
                draft.lose("vars from a file", {name: value})
        if options.get("transformVars"):
            draft.lose("transformVars", options["transformVars"])
        partial = whole.get("threshold") not in (None, "", 1, "1") or bool(whole.get("assertScoringFunction"))
        changed = _any_transforms([options, whole.get("provider")])
        for assertion in whole["assert"]:
            take(draft, assertion, variables, partial=partial, changed=changed)
        yield draft


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _foreign(path: Path) -> InputError:
    return InputError(Fault(where=str(path), what="Has no tests and no results.", mend="Is it the format you named?"))


def _elsewhere(path: Path, key: str, said: str) -> InputError:
    mend = "Import that file by itself." if "://" in said else "Write the tests out, or import the file it names."
    return InputError(Fault(where=str(path), what=f"{key} stands elsewhere: {said}.", mend=mend))
