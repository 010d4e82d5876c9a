"""A case on its way from another tool's row: what was mapped, what could not be, and the row itself, kept whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluicegate.model import Json, canonical
from sluicegate.plan.cases import PROPOSED

__all__ = ["NOTHING_TO_CHECK", "Draft", "Ids", "any_of", "mapping", "text_of", "texts"]

NOTHING_TO_CHECK = "nothing-to-check"
"""The tag of a case that came without anything this harness can hold an answer against."""
_BAD = re.compile(r"[\x00-\x1f\x7f~\s]+")
_LONGEST = 120


class Ids:
    """An id for each row: its own name where it has one, each once."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._taken: Counter[str] = Counter()
        self._rows = 0

    def given(self, name: object) -> str:
        """The id of the next row."""
        self._rows += 1
        said = str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) else ""
        wanted = _BAD.sub("-", said.strip())[:_LONGEST].strip("-") or f"{self._stem}-{self._rows:04d}"
        made = wanted
        while self._taken[made]:
            self._taken[wanted] += 1
            made = f"{wanted}-{self._taken[wanted]}"
        self._taken[made] += 1
        return made


@dataclass(slots=True)
class Draft:
    """One row as a case, field by field."""

    tool: str
    place: str
    """`file:line`, or the file and the path in it."""
    row: Json
    """As it was read; it travels with the case, so nothing of it is lost."""
    name: object = None
    input: Json = None
    expected: Json = None
    context: list[str] = field(default_factory=list)
    retrieval_context: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    slice: str | None = None
    metadata: dict[str, Json] = field(default_factory=dict)
    rules: list[tuple[str, dict[str, Json], str]] = field(default_factory=list)
    """must | must_not, the rule, and the kind of assertion it was."""
    limits: dict[str, float] = field(default_factory=dict)
    calls: list[dict[str, Json]] = field(default_factory=list)
    mapped: list[str] = field(default_factory=list)
    lost: list[dict[str, Json]] = field(default_factory=list)
    """Assertions that have no words here: their kind, and what they said."""

    def must(self, kind: str, field_name: str, operator: str, value: Json, *, forbidden: bool = False) -> None:
        """A rule of the output. A value that no rule can carry is lost."""
        if value is None or value == "":
            self.lose(kind, value)
            return
        self.rules.append(("must_not" if forbidden else "must", {"field": field_name, operator: value}, kind))

    def limit(self, kind: str, name: str, most: float) -> None:
        """The lowest of what is said counts."""
        self.limits[name] = min(self.limits.get(name, most), most)
        self.mapped.append(kind)

    def called(self, kind: str, tool: str) -> None:
        """A tool that must be called at least once."""
        self.calls.append({"target": f"tool:{tool}", "least": 1})
        self.mapped.append(kind)

    def lose(self, kind: str, value: Json = None) -> None:
        """An assertion that is not judged here."""
        self.lost.append({"kind": kind, "said": value})

    @property
    def kinds(self) -> list[str]:
        """The kinds of assertion that became rules, limits or calls."""
        return [*self.mapped, *(kind for _, _, kind in self.rules)]

    @property
    def checked_by(self) -> str:
        """Rules | reference | nothing: what an answer to this case can be held against."""
        if self.rules or self.limits or self.calls:
            return "rules"
        return "nothing" if self.expected in (None, "", [], {}) else "reference"

    def case(self, case_id: str) -> dict[str, Json]:
        """The row of a case file. What lost an assertion, or has none, awaits a person's review."""
        expect: dict[str, Any] = {}
        for name in ("must", "must_not"):
            if rules := [rule for side, rule, _ in self.rules if side == name]:
                expect[name] = rules
        if self.limits:
            expect["limits"] = dict(self.limits)
        if self.calls:
            expect["calls"] = self.calls
        unchecked = self.checked_by == "nothing"
        said: dict[str, Json] = {
            "id": case_id,
            "input": self.input,
            "expected_output": self.expected,
            "context": self.context,
            "retrieval_context": self.retrieval_context,
            "tags": list(dict.fromkeys([*self.tags, *([NOTHING_TO_CHECK] if unchecked else [])])),
            "slice": self.slice,
            "metadata": self.metadata,
            "expect": expect,
            "review": PROPOSED if unchecked or self.lost else None,
            "provenance": {"from": self.tool, "at": self.place, "unmapped": self.lost, "row": self.row},
        }
        return {key: value for key, value in said.items() if value not in (None, [], {}) or key == "input"}


def any_of(texts: list[str], *, folded: bool = False) -> str:
    """A pattern that finds any of some texts."""
    return ("(?i)" if folded else "") + "|".join(re.escape(text) for text in texts)


def text_of(value: Json) -> str:
    """A value as an answer would write it."""
    return value if isinstance(value, str) else canonical(value).decode()


def texts(value: Json) -> list[str]:
    """A list of texts, whatever it came as."""
    if value in (None, ""):
        return []
    if isinstance(value, (list, tuple)):
        return [text_of(item) for item in value]
    return [text_of(value)]


def mapping(value: Json) -> dict[str, Json]:
    """A mapping, or an empty one."""
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}
