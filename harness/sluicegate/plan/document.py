"""A YAML file as nodes with line numbers; the strict subset of YAML 1.2 a plan is written in.

Built from parser events rather than by a constructor: no tag ever makes an object, every scalar keeps its own text
(so that numbers become exact fractions), and every fault has its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Json
from sluicegate.plan.scalars import plain_value, surprise
from sluicegate.plan.textfile import read_text

__all__ = ["Entry", "MappingNode", "Node", "ScalarNode", "SequenceNode", "json_value", "parse_document"]

_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 40
_MAX_NODES = 50_000
"""Nodes after aliases are followed; a page of nested aliases stands for billions."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value as written."""

    line: int
    text: str
    plain: bool
    """Without quotes; only plain scalars are anything but text."""
    size: int = 1


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    line: int
    items: tuple[Node, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value, and the line of the key."""

    line: int
    node: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping with its merges (`<<`) already done; a merged entry keeps the line it was written at."""

    line: int
    entries: dict[str, Entry]
    size: int


Node = ScalarNode | SequenceNode | MappingNode


def parse_document(data: bytes, name: str) -> tuple[MappingNode, list[Fault]]:
    """The file's mapping, and faults that still allow to read on (duplicate keys, YAML 1.1 surprises).

    Raises InputError where nothing can be read: syntax, encoding, an empty file, a document that is no mapping.
    """
    text = read_text(data, name, limit=_MAX_BYTES, what="a plan")
    composer = _Composer(name)
    try:
        root = composer.document(_events(text))
    except _StopError as stop:
        raise InputError([*composer.faults, stop.fault]) from None
    except _syntax_errors() as error:
        raise InputError([*composer.faults, *_syntax_faults(error, text, name)]) from None
    if not isinstance(root, MappingNode):
        what = "is empty." if root is None else "is not a mapping of keys to values."
        fault = Fault(where=f"{name}:1", what=f"The plan {what}", mend="Start with: schema_version: 1")
        raise InputError([*composer.faults, fault])
    return root, composer.faults


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML

    # pure: the optional C parser words and places its errors otherwise; a plan reads the same everywhere.
    return iter(YAML(typ="safe", pure=True).parse(text))


def _syntax_errors() -> tuple[type[Exception], ...]:
    from ruamel.yaml.error import YAMLError

    # The scanner itself trips over some malformed input (a lone "%", an absurd escape) with plain Python errors.
    return (YAMLError, ValueError, IndexError, KeyError, AttributeError, AssertionError, TypeError, RecursionError)


class _StopError(Exception):
    """A fault after which nothing further can be read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


class _Composer:
    """Events to nodes, with aliases shared and merges done."""

    def __init__(self, name: str) -> None:
        from ruamel.yaml import events

        self._kinds = events
        self.faults: list[Fault] = []
        self._name = name
        self._anchors: dict[str, Node | None] = {}
        """None while the anchored node is still open: an alias to it would be a cycle."""

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, self._kinds.DocumentStartEvent):
                documents += 1
                self._check_start(event, documents)
            elif isinstance(event, self._kinds.NodeEvent):
                root = self._node(event, events, 0)
        empty = isinstance(root, ScalarNode) and root.plain and plain_value(root.text, plain=True) is None
        return None if empty else root

    def _check_start(self, event: Any, documents: int) -> None:
        line = event.start_mark.line + 1
        if documents > 1:
            self._stop(line, "A second document starts here.", "Keep one plan in one file.")
        if event.version is not None and tuple(event.version) != (1, 2):
            said = ".".join(map(str, event.version))
            self._stop(line, f"The file says it is YAML {said}; plans are YAML 1.2.", "Remove the %YAML line.")

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line: int = event.start_mark.line + 1
        if isinstance(event, self._kinds.AliasEvent):
            return self._alias(event.anchor, line)
        if event.tag is not None:
            self._fault(line, f"A tag ('{event.tag}') stands here; plans are plain data.", "Remove it.")
        if depth > _MAX_DEPTH:
            self._stop(line, f"Nested deeper than {_MAX_DEPTH} levels.", "Flatten it.")
        anchor = event.anchor
        if anchor is not None:
            if anchor in self._anchors:
                self._fault(line, f"The anchor '&{anchor}' is defined twice.", "Give it another name.")
            self._anchors[anchor] = None
        node: Node
        if isinstance(event, self._kinds.ScalarEvent):
            node = self._scalar(event, line)
        elif isinstance(event, self._kinds.SequenceStartEvent):
            node = self._sequence(events, line, depth)
        else:
            node = self._mapping(events, line, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        if node.size > _MAX_NODES:
            self._stop(line, f"Stands for more than {_MAX_NODES} values once aliases are followed.", "Write less.")
        return node

    def _alias(self, anchor: str, line: int) -> Node:
        if anchor not in self._anchors:
            self._stop(line, f"'*{anchor}' names no anchor above it.", nearest(anchor, self._anchors))
        node = self._anchors[anchor]
        if node is None:
            self._stop(line, f"'*{anchor}' contains itself.", "Remove the alias.")
        return node

    def _scalar(self, event: Any, line: int) -> ScalarNode:
        text: str = event.value
        plain: bool = event.style is None
        if plain and text and (found := surprise(text)) is not None:
            self._fault(line, *found)
        return ScalarNode(line, text, plain)

    def _sequence(self, events: Iterator[Any], line: int, depth: int) -> SequenceNode:
        items: list[Node] = []
        size = 1
        for event in events:
            if isinstance(event, self._kinds.SequenceEndEvent):
                break
            node = self._node(event, events, depth + 1)
            size += node.size
            items.append(node)
        return SequenceNode(line, tuple(items), size)

    def _mapping(self, events: Iterator[Any], line: int, depth: int) -> MappingNode:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        order: dict[str, None] = {}
        size = 1
        for event in events:
            if isinstance(event, self._kinds.MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            size += 1 + value.size
            if not isinstance(key, ScalarNode):
                self._fault(key.line, "A key is a list or a mapping; keys are words.", "Write key: value.")
            elif key.text == "<<" and key.plain:
                for name, entry in self._merge_sources(value, key.line):
                    merged.setdefault(name, entry)
                    order.setdefault(name)
            elif key.text in own:
                first = own[key.text].line
                self._fault(key.line, f"'{key.text}' is written twice; first on line {first}.", "Remove one.")
            else:
                own[key.text] = Entry(key.line, value)
                order.setdefault(key.text)
        return MappingNode(line, {name: own.get(name) or merged[name] for name in order}, size)

    def _merge_sources(self, node: Node, line: int) -> Iterator[tuple[str, Entry]]:
        sources = node.items if isinstance(node, SequenceNode) else (node,)
        for source in sources:
            if isinstance(source, MappingNode):
                yield from source.entries.items()
            else:
                self._fault(line, "'<<' merges mappings, and this is none.", "Write <<: *name of an anchored mapping.")

    def _fault(self, line: int, what: str, mend: str = "") -> None:
        self.faults.append(Fault(where=f"{self._name}:{line}", what=what, mend=mend))

    def _stop(self, line: int, what: str, mend: str) -> NoReturn:
        raise _StopError(Fault(where=f"{self._name}:{line}", what=what, mend=mend))


def _syntax_faults(error: Exception, text: str, name: str) -> list[Fault]:
    lines = text.splitlines()
    tabbed = [n for n, line in enumerate(lines, 1) if "\t" in line[: len(line) - len(line.lstrip())]]
    if tabbed:
        what, mend = "A tab stands in the indentation; YAML indents with spaces.", "Replace it by spaces."
        return [Fault(where=f"{name}:{n}", what=what, mend=mend) for n in tabbed[:20]]
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    number = min(mark.line + 1, max(len(lines), 1)) if mark is not None else 1
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "this cannot be read"
    said = lines[number - 1] if number <= len(lines) else ""
    return [Fault(where=f"{name}:{number}", what=f"YAML syntax: {problem}.", mend=_syntax_mend(said))]


def _syntax_mend(line: str) -> str:
    if re.search(r"[:\[,]\s*[<>]=?\s*[\d$]", line):
        return "Write the number without a comparison sign; the metric's 'better' gives the direction."
    if re.search(r"\{[^}]*\w+:\s*[^\"'\s,{]+\{", line) or re.search(r":\s*[@`%]", line):
        return "Quote the value."
    if line.count("{") != line.count("}") or line.count("[") != line.count("]"):
        return "Close the bracket."
    return "Check the indentation, and quote values that hold ': ' or ' #'."


def json_value(node: Node) -> Json:
    """A node as plain JSON data, for settings Sluicegate only passes on."""
    if isinstance(node, ScalarNode):
        return plain_value(node.text, plain=node.plain)
    if isinstance(node, SequenceNode):
        return [json_value(item) for item in node.items]
    return {key: json_value(entry.node) for key, entry in node.entries.items()}
