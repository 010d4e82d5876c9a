"""One mapping of the plan, read key by key; what is wrong is noted with its line and reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from sluicegate.errors import Fault, misspelt, nearest
from sluicegate.model import Json
from sluicegate.plan.document import Entry, MappingNode, Node, ScalarNode, SequenceNode, json_value
from sluicegate.plan.scalars import plain_value
from sluicegate.plan.units import UnitError, duration

__all__ = ["Faults", "Table", "said"]

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_LONGEST_S = 10 * 366 * 86_400
_USUAL_WORDS = {
    "min_samples": "min",
    "min_n": "min",
    "minimum": "min",
    "threshold": "promote",
    "target": "promote",
    "source": "from",
    "direction": "better",
    "type": "kind",
    "quantile": "at",
    "percentile": "at",
    "duration": "bake",
    "env": "environment",
    "tz": "timezone",
    "version": "schema_version",
    "flags": "exposure: {flags: …}",
    "live": "exposure: {live: …}",
    "suites": "requires: {suites: […]}",
    "capabilities": "pipeline: {capabilities: […]}",
}
"""Words other tools use, with ours."""


@dataclass(slots=True)
class Faults:
    """The faults of one file, in the order of their lines when raised."""

    name: str
    found: dict[Fault, int] = field(default_factory=dict)
    """Fault to line. A dict, since a shared set of criteria is read at every stage and has its faults once."""

    def add(self, line: int, what: str, mend: str = "") -> None:
        """Note one, as one line: a name of the user's may hold line breaks, and no fault may look like two."""
        self.found.setdefault(Fault(where=f"{self.name}:{line}", what=_one_line(what), mend=_one_line(mend)), line)

    def in_order(self) -> list[Fault]:
        """By line."""
        return sorted(self.found, key=self.found.__getitem__)


class Table:
    """A mapping with a name for its messages. Every reader returns a default after a fault, so all faults are found."""

    __slots__ = ("_entries", "faults", "is_mapping", "label", "line")

    def __init__(self, node: Node, label: str, faults: Faults, known: Iterable[str] | None = None) -> None:
        """`known` are the keys it may have; None takes any."""
        self.label = label
        self.faults = faults
        self.line = node.line
        self._entries: Mapping[str, Entry] = {}
        self.is_mapping = isinstance(node, MappingNode)
        if not isinstance(node, MappingNode):
            faults.add(node.line, f"{label} is {said(node)}; expected a mapping.", _keys_hint(known))
            return
        self._entries = node.entries
        if known is not None:
            self._refuse_unknown(tuple(known))

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def items(self) -> Iterable[tuple[str, Entry]]:
        """Key and entry, in the order of the file."""
        return self._entries.items()

    def node(self, key: str) -> Node | None:
        """The value at `key`, or None where the key is absent or empty (`key:`)."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if isinstance(entry.node, ScalarNode) and entry.node.plain and plain_value(entry.node.text, plain=True) is None:
            self.faults.add(entry.line, f"{self.label}: '{key}' is empty.", "Give it a value, or remove it.")
            return None
        return entry.node

    def line_of(self, key: str) -> int:
        """The line of the key, or of the table where it is absent."""
        entry = self._entries.get(key)
        return self.line if entry is None else entry.line

    def fault(self, key: str | None, what: str, mend: str = "") -> None:
        """Note a fault at a key (or at the table)."""
        line = self.line if key is None else self.line_of(key)
        self.faults.add(line, f"{self.label}: {what}", mend)

    def needs(self, key: str, mend: str) -> None:
        """Note that `key` is missing, if it is."""
        if self.is_mapping and key not in self._entries:
            self.fault(None, f"lacks '{key}'.", mend)

    def table(self, key: str, known: Iterable[str] | None = None, label: str | None = None) -> Table | None:
        """The mapping at `key`, or None where it is absent."""
        node = self.node(key)
        return None if node is None else Table(node, label or f"{self.label}: {key}", self.faults, known)

    def text(self, key: str, default: str = "", *, among: Iterable[str] | None = None) -> str:
        """A word or sentence; `among` names the only ones allowed."""
        value = self.scalar(key, "text")
        if value is None:
            return default
        if among is not None and value not in (words := tuple(among)):
            hint = nearest(value, words) or f"Write one of: {', '.join(words)}."
            self.fault(key, f"'{key}' is '{value}'.", hint)
            return default
        return value

    def optional_text(self, key: str) -> str | None:
        """A word or sentence, None where absent."""
        return self.text(key) or None

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of an enum's words."""
        word = self.text(key, default.value, among=[item.value for item in kind])
        return kind(word)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, ScalarNode) and isinstance(value := plain_value(node.text, plain=node.plain), bool):
            return value
        self.fault(key, f"'{key}' is {said(node)}.", "Write true or false.")
        return default

    def whole(self, key: str, default: int, *, low: int = 0, high: int = 10**9) -> int:
        """A whole number in low..high."""
        value = self.optional_whole(key, low=low, high=high)
        return default if value is None else value

    def optional_whole(self, key: str, *, low: int = 0, high: int = 10**9) -> int | None:
        """A whole number in low..high, None where absent."""
        node = self.node(key)
        if node is None:
            return None
        value = plain_value(node.text, plain=node.plain) if isinstance(node, ScalarNode) else None
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(key, f"'{key}' is {said(node)}; expected a whole number from {low} to {high}.")
        return None

    def parsed(self, key: str, reader: Callable[[str], T]) -> T | None:
        """A text read by one of `units`' readers; what it cannot read is noted."""
        value = self.scalar(key, "one value")
        if value is None:
            return None
        try:
            return reader(value)
        except UnitError as fault:
            self.fault(key, f"{key}: {fault.what}", fault.mend)
            return None

    def seconds(self, key: str, default: int = 0, *, low: int = 0) -> int:
        """A duration in whole seconds."""
        value = self.optional_seconds(key, low=low)
        return default if value is None else value

    def optional_seconds(self, key: str, *, low: int = 0) -> int | None:
        """A duration in whole seconds, None where absent."""
        value = self.parsed(key, duration)
        if value is None:
            return None
        if value.denominator != 1 or value < low:
            at_least = "whole seconds" if value >= low else f"at least {low} s"
            self.fault(key, f"'{key}' is {said(self._entries[key].node)}; expected {at_least}.")
            return None
        if value > _LONGEST_S:
            self.fault(
                key, f"'{key}' is {said(self._entries[key].node)}, longer than ten years.", "Write a shorter one."
            )
            return None
        return int(value)

    def texts(self, key: str, *, example: str = "", repeated: bool = False) -> tuple[str, ...]:
        """One text, or a list of them; each once unless `repeated`."""
        node = self.node(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, SequenceNode) else (node,)
        if not items:
            self.fault(key, f"'{key}' is an empty list.", f"Write {example}." if example else "Name at least one.")
        values: list[str] = []
        for item in items:
            value = self._scalar_text(item)
            if value is None:
                self.faults.add(item.line, f"{self.label}: '{key}' holds {said(item)}; expected text.", example)
            elif value in values and not repeated:
                self.faults.add(item.line, f"{self.label}: '{key}' names '{value}' twice.", "Remove one.")
            else:
                values.append(value)
        return tuple(values)

    def json(self, key: str) -> Json:
        """Any data, None where absent."""
        entry = self._entries.get(key)
        return None if entry is None else json_value(entry.node)

    def text_mapping(self, key: str) -> dict[str, str]:
        """A mapping of texts."""
        table = self.table(key)
        return {} if table is None else {name: table.text(name) for name in table}

    def scalar(self, key: str, expected: str) -> str | None:
        """The value's own text, whatever YAML would make of it; None where absent."""
        node = self.node(key)
        if node is None:
            return None
        value = self._scalar_text(node)
        if value is None:
            self.fault(key, f"'{key}' is {said(node)}; expected {expected}.")
        return value

    def _scalar_text(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode) or not node.text.strip():
            return None
        return node.text

    def _refuse_unknown(self, known: tuple[str, ...]) -> None:
        read = dict(self._entries)
        for key, entry in self._entries.items():
            if key in known:
                continue
            if meant := misspelt(key, [word for word in known if word not in read]):
                # Read on below it: what else is wrong is said at once, and nothing is called missing.
                read[meant] = entry
            usual = _USUAL_WORDS.get(key)
            if usual is not None and (usual in known or ":" in usual) and not nearest(key, known):
                hint = f"Write '{usual}'."
            else:
                hint = nearest(key, known) or _keys_hint(known)
            self.faults.add(entry.line, f"{self.label}: unknown key '{key}'.", hint)
        self._entries = read


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n").replace("\t", "\\t")


def said(node: Node) -> str:
    """A node in a message."""
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode(text="", plain=True):
            return "empty"
        case ScalarNode(text=text):
            return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"


def _keys_hint(known: Iterable[str] | None) -> str:
    return f"Known keys: {', '.join(known)}." if known is not None else ""
