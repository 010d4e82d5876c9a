"""Ids of the user's own tests: stable, without spaces, and one for one test."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

__all__ = ["MARKER", "has_plain_assertion", "is_own_test", "shadowed", "test_id"]

MARKER = "sluicegate"
_PLAIN = "/:.,=+@-_[]()"


def is_own_test(item: pytest.Item) -> bool:
    """Whether the user asked for this test to count."""
    return item.get_closest_marker(MARKER) is not None


def test_id(item: pytest.Item, base: Path) -> str:
    """`tests/test_orders.py::TestQuotes::test_right_order[case%201]`, the path relative to `base`."""
    names = [node.name for node in item.listchain() if isinstance(node, pytest.Class | pytest.Item)]
    name = os.path.relpath(item.path, base).replace(os.sep, "/")
    return quote("::".join([name, *names]), safe=_PLAIN)


def shadowed(items: Iterable[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
    """Marked tests whose file defines their name twice, so that only the last can run; with `line 3 and line 9`."""
    twice: dict[Path, dict[str, list[int]]] = {}
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if item.path not in twice:
            twice[item.path] = _defined_twice(item.path)
        chain = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
        lines = twice[item.path].get(".".join([*chain, item.originalname]))
        if lines:
            yield item, " and ".join(f"line {line}" for line in lines)


def has_plain_assertion(item: pytest.Item) -> bool:
    """Whether the test's own code has an `assert`, or asks pytest for an exception or a warning."""
    function = getattr(item, "obj", None)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    names = {*getattr(code, "co_names", ())}
    rewritten = any(name.startswith("@py") for name in getattr(code, "co_varnames", ()))
    return rewritten or bool(names & _ASSERTING)


_ASSERTING = {"AssertionError", "raises", "warns", "@py_builtins", "@pytest_ar"}


def _defined_twice(path: Path) -> dict[str, list[int]]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}  # pytest itself says what is wrong with such a file
    found: dict[str, list[int]] = {}
    _gather(tree.body, "", found)
    return {name: lines for name, lines in found.items() if len(lines) > 1}


def _gather(body: Iterable[ast.stmt], prefix: str, found: dict[str, list[int]]) -> None:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(prefix + statement.name, []).append(statement.lineno)
        elif isinstance(statement, ast.ClassDef):
            _gather(statement.body, f"{prefix}{statement.name}.", found)
