"""The Python that puts one case of an evaluation to its pipeline again."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import Any

from sluicegate.model import Case, encode

__all__ = ["again"]

_LONGEST_CASE = 4_000
"""Characters of a case that is written out; a longer one is looked up among the caller's own."""


def again(pipeline: Any, checks: Sequence[Any]) -> Callable[[Case], str]:
    """A function from a case to the line that runs it: imports, and the case itself.

    What lives in the main script or has no name of its own stands under its name there, as `pipeline` or `check`.
    """
    imports: list[str] = []
    target = _named(pipeline, "pipeline", imports)
    asked = ", ".join(_named(check, "check", imports) for check in checks)
    head = "; ".join([*dict.fromkeys(imports), "import sluicegate"])

    def line(case: Case) -> str:
        return f"{head}; print(sluicegate.evaluate({target}, {_cases(case)}, [{asked}]))"

    return line


def _named(given: Any, otherwise: str, imports: list[str]) -> str:
    if isinstance(given, (str, list, tuple)):
        return repr(given)
    name, module = getattr(given, "__qualname__", ""), getattr(given, "__module__", "") or ""
    if not name.isidentifier() or keyword.iskeyword(name):
        return otherwise
    if module not in ("", "__main__"):
        imports.append(f"from {module} import {name}")
    return str(name)


def _cases(case: Case) -> str:
    written = repr(encode(case))
    if len(written) <= _LONGEST_CASE:
        return f"[{written}]"
    return f"[case for case in cases if (case['id'] if isinstance(case, dict) else case.id) == {case.id!r}]"
